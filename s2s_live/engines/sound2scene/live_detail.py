"""Mattes for painting: the same as `Detail`, what rests given from outside."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from s2s_live.engines.sound2scene.detail import Detail


def constant(values: Tensor) -> nn.Parameter:
    """Numbers that no training changes."""
    return nn.Parameter(values.detach().clone(), requires_grad=False)


class LiveDetail(nn.Module):
    """A `Detail` that gives cells as `LiveGenerator` has them, `[1, 4 * 3, r, r]`.

    `coarse` and `fine` are the indices of the planes of either kind that change from frame to frame.
    """

    def __init__(self, detail: Detail, coarse: Sequence[int], fine: Sequence[int]) -> None:
        super().__init__()
        self.count = detail.count
        self.bend = constant(detail.bend)
        self.fine = self._tables(detail.read, detail.inputs, detail.inputs - 1, fine)
        self.coarse = self._tables(detail.read_coarse, detail.coarse, detail.coarse, coarse)
        start = torch.arange(detail.count) * detail.inputs + detail.inputs - 1
        self.begin = _rows(detail.read, start)
        self.start, self.amount, self.colour = detail.start, detail.amount, detail.colour

    def _tables(self, read: nn.Linear, width: int, planes: int, moving: Sequence[int]) -> nn.ModuleList:
        """What is read of moving and of resting planes, as linear layers of their own: nothing is cut up."""
        rows = torch.arange(self.count * width).reshape(self.count, width)
        groups = (list(moving), [k for k in range(planes) if k not in moving])
        return nn.ModuleList(_rows(read, rows[:, group].flatten()) for group in groups)

    def _read(self, tables: nn.ModuleList, q: Tensor, moving: Tensor, resting: Tensor) -> Tensor:
        moves, rests = (table(q).reshape(1, self.count, -1) for table in tables)
        found: Tensor = moves @ moving.flatten(2) + rests @ resting
        return found.reshape(1, self.count, *moving.shape[2:])

    def forward(
        self, h: Tensor, q: Tensor, moving: tuple[Tensor, Tensor], resting: tuple[Tensor, Tensor]
    ) -> Tensor:
        """`h [1, C, r, r]`, what the last convolution takes; the condition `q [1, Q]`; coarse planes and fine
        ones `by_phase` that move, `[1, n, r, r]`, `[1, n, 2r, 2r]`, and that rest, coordinates among them,
        `[1, n, r * r]`, `[1, n, 4 * r * r]`."""
        cells = (1, self.count, 2, h.shape[2], 2, h.shape[3])
        start = self.start(h) + self._read(self.coarse, q, moving[0], resting[0])
        start = start + self.begin(q)[..., None, None]
        found = self._read(self.fine, q, moving[1], resting[1]).reshape(cells)
        mattes = torch.sigmoid(found + _between(_between(start, 2), 4))
        bend = self.bend[..., None, None]
        mattes = mattes * (1.0 + bend * (0.75 - mattes)) * self.amount(h)[:, :, None, :, None]
        added: Tensor = self.colour(q).reshape(1, 3, self.count) @ mattes.flatten(2)
        added = added.reshape(3, *cells[2:]).permute(1, 3, 0, 2, 4)
        return added.reshape(1, 12, *h.shape[2:])


def _between(planes: Tensor, axis: int) -> Tensor:
    """Bilinear interpolation to twice as many along an axis, the two phases along a new one before it."""
    count = planes.shape[axis]
    first, last = planes.narrow(axis, 0, 1), planes.narrow(axis, count - 1, 1)
    before = torch.cat([first, planes.narrow(axis, 0, count - 1)], axis)
    after = torch.cat([planes.narrow(axis, 1, count - 1), last], axis)
    near = 0.75 * planes
    return torch.stack([near + 0.25 * before, near + 0.25 * after], axis)


def _rows(linear: nn.Linear, chosen: Tensor) -> nn.Linear:
    found = nn.Linear(linear.in_features, len(chosen))
    found.weight, found.bias = constant(linear.weight[chosen]), constant(linear.bias[chosen])
    return found
