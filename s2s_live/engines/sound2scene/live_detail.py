"""Mattes for painting: the same as `Detail`, what rests given from outside."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.detail import Detail
from s2s_live.engines.sound2scene.planes import FinePlanes
from s2s_live.engines.sound2scene.rational import sigmoid


def constant(values: Tensor) -> nn.Parameter:
    """Numbers that no training changes."""
    return nn.Parameter(values.detach().clone(), requires_grad=False)


Resting = tuple[Tensor, Tensor, Tensor, Tensor]
"""What mattes read that rests: coarse planes, row after row, `[r, n, r]`; fine ones, coordinates among them,
`by_phase`: what varies both ways `[1, n, 4 * r * r]`, along x and along y `[1, n, 2r]`."""


class LiveDetail(nn.Module):
    """A `Detail` that gives cells as `LiveGenerator` has them, `[1, 4 * 3, r, r]`.

    `coarse` are the indices of the coarse planes that change from frame to frame, `fine` says which are which
    of the fine ones.
    """

    def __init__(self, detail: Detail, coarse: Sequence[int], fine: FinePlanes) -> None:
        super().__init__()
        self.count = detail.count
        # A matte that is no line stays as it is: without any, nothing has to be worked out.
        self.bend = constant(detail.bend) if detail.lines else None
        rests = [k for k in range(detail.coarse) if k not in coarse]
        self.coarse, self.rest = self._tables(detail.read_coarse, detail.coarse, (coarse, rests)).children()
        self.both_ways = [len(fine.moving), len(fine.flat)]
        groups = ((*fine.moving, *fine.flat), fine.across, fine.down)
        self.fine = self._tables(detail.read, detail.inputs, groups)
        start = torch.arange(detail.count) * detail.inputs + detail.inputs - 1
        self.begin = _rows(detail.read, start)
        # Beginning and amount come of the same maps, in one go.
        both = (detail.start, detail.amount)
        self.maps_weight = constant(torch.cat([conv.weight for conv in both]))
        self.maps_bias = constant(torch.cat([_bias(conv) for conv in both]))
        self.colour = detail.colour

    def _tables(self, read: nn.Linear, width: int, groups: Sequence[Sequence[int]]) -> nn.ModuleList:
        """What is read of each group of planes, as linear layers of their own: nothing is cut up."""
        rows = torch.arange(self.count * width).reshape(self.count, width)
        return nn.ModuleList(_rows(read, rows[:, list(group)].flatten()) for group in groups)

    def _read(self, table: nn.Module, q: Tensor, planes: Tensor) -> Tensor:
        found: Tensor = table(q).reshape(1, self.count, -1) @ planes
        return found

    def _read_rows(self, q: Tensor, planes: Tensor) -> Tensor:
        """What is read of `planes [r, n, r]`, `[1, mattes, r * r]`: runtimes go through memory in order."""
        found: Tensor = self.rest(q).reshape(1, self.count, -1) @ planes
        return found.transpose(0, 1).reshape(1, self.count, -1)

    def _read_fine(self, q: Tensor, groups: Sequence[Tensor]) -> list[Tensor]:
        """What is read of the planes of each group that vary both ways, `[1, mattes, 2, r, 2, r]`."""
        parts = torch.split(self.fine[0](q).reshape(1, self.count, -1), self.both_ways, dim=2)
        found = zip(self.both_ways, parts, groups, strict=True)
        return [_mixed(part, planes) for count, part, planes in found if count]

    def forward(self, h: Tensor, q: Tensor, moving: tuple[Tensor, Tensor], resting: Resting) -> Tensor:
        """`h [1, C, r, r]`, what the last convolution takes; the condition `q [1, Q]`; coarse planes and fine
        ones `by_phase` that move, `[1, n, r, r]`, `[1, n, 2r, 2r]`, and what rests."""
        count, r = self.count, h.shape[2]
        coarse, flat, across, down = resting
        maps = functional.conv2d(h, self.maps_weight, self.maps_bias).flatten(2)
        start, amount = torch.split(maps, count, dim=1)
        start = start + self._read_rows(q, coarse) + self._read(self.coarse, q, moving[0].flatten(2))
        start = (start + self.begin(q)[..., None]).reshape(1, count, r, r)
        lines = self._read(self.fine[1], q, across).reshape(1, count, 1, 1, 2, r)
        rows = self._read(self.fine[2], q, down).reshape(1, count, 2, r, 1, 1)
        # In the shape of what is added: runtimes go over all of it once.
        both_ways = [planes.reshape(1, -1, 2, r, 2, r) for planes in (moving[1], flat)]
        found = reduce(torch.add, [*self._read_fine(q, both_ways), lines, rows])
        mattes = sigmoid(found + _between(_between(start, 2), 4))
        if self.bend is not None:
            mattes = mattes * (1.0 + self.bend[..., None, None] * (0.75 - mattes))
        mattes = mattes * amount.reshape(1, count, 1, r, 1, r)
        added = _mixed(self.colour(q).reshape(1, 3, count), mattes)
        return added.reshape(3, 2, r, 2, r).permute(1, 3, 0, 2, 4).reshape(1, 12, r, r)


def _mixed(weights: Tensor, planes: Tensor) -> Tensor:
    """The product of `weights [1, m, n]` with planes `[1, n, ...]`, plane by plane.

    Runtimes do such sums in one pass with what follows; for a product of so few rows they copy the planes.
    """
    weights = weights.reshape(*weights.shape, *[1] * (planes.dim() - 2))
    terms = [weights[:, :, k] * plane for k, plane in enumerate(torch.split(planes, 1, dim=1))]
    return reduce(torch.add, terms)


def _between(planes: Tensor, axis: int) -> Tensor:
    """Bilinear interpolation to twice as many along an axis, the two phases along a new one before it."""
    before, after = _neighbours(planes, axis)
    near = 0.75 * planes
    return torch.stack([near + 0.25 * before, near + 0.25 * after], axis)


def _neighbours(planes: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """What stands before and after everything along an axis; at the ends, what stands there itself."""
    count = planes.shape[axis]
    if axis < planes.dim() - 1:
        # Whole rows are copied in one go by their index, single numbers are not.
        index = torch.arange(count, device=planes.device)
        before, after = (index - 1).clamp(min=0), (index + 1).clamp(max=count - 1)
        return planes.index_select(axis, before), planes.index_select(axis, after)
    first, last = planes.narrow(axis, 0, 1), planes.narrow(axis, count - 1, 1)
    before = torch.cat([first, planes.narrow(axis, 0, count - 1)], axis)
    return before, torch.cat([planes.narrow(axis, 1, count - 1), last], axis)


def _bias(conv: nn.Conv2d) -> Tensor:
    return conv.weight.new_zeros(conv.out_channels) if conv.bias is None else conv.bias


def _rows(linear: nn.Linear, chosen: Tensor) -> nn.Linear:
    found = nn.Linear(linear.in_features, len(chosen))
    found.weight, found.bias = constant(linear.weight[chosen]), constant(linear.bias[chosen])
    return found
