"""Mattes for painting: the same as `Detail`, few passes over the picture's pixels.

What mattes read of planes that vary along one axis alone is worked out for lines; whole planes are multiplied
where they are added, so that a runtime does everything before the colours in one pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.detail import Detail, doubled
from s2s_live.world.fields import STILL, FieldConfig

Resting = tuple[Tensor, Tensor, Tensor, Tensor]
"""What mattes read that does not move: coarse planes `[1, n, r * r]`, fine planes `[1, n, 2r, 2r]`, lines
across `[1, n, 2r]` (the last is x) and down `[1, n, 2r]` (the last is y)."""


def constant(values: Tensor) -> nn.Parameter:
    """Numbers that no training changes."""
    return nn.Parameter(values.detach().clone(), requires_grad=False)


def fine_moving(fields: FieldConfig) -> list[int]:
    """Which of the finest planes belong to channels that move."""
    return [k for k, channel in enumerate(fields.channels[-1]) if channel.layer != STILL]


@dataclass(frozen=True)
class FineSorts:
    """Indices of the finest planes, coordinates behind them, by how they are read."""

    moving: list[int]
    planes: list[int]
    """Those that rest and vary along both axes."""
    across: list[int]
    """Those that rest and vary from column to column alone; x is the last."""
    down: list[int]
    """Those that rest and vary from row to row alone; y is the last."""

    @classmethod
    def of(cls, fields: FieldConfig) -> FineSorts:
        """Sort the finest planes of these fields."""
        channels = fields.channels[-1]
        moving, x = fine_moving(fields), len(channels)
        resting = [k for k in range(x) if k not in moving]
        across = [k for k in resting if not channels[k].rows]
        down = [k for k in resting if channels[k].rows and not channels[k].columns]
        planes = [k for k in resting if channels[k].rows and channels[k].columns]
        return cls(moving, planes, [*across, x], [*down, x + 1])


def resting_of(coarse: Tensor, moving: Sequence[int], fine: Tensor, fields: FieldConfig) -> Resting:
    """What mattes read that does not move, of all coarse planes `[1, n, r, r]` (`moving` among them) and all
    fine ones `[1, n, 2r, 2r]`."""
    sorts = FineSorts.of(fields)
    still = [k for k in range(coarse.shape[1]) if k not in moving]
    lines = fine[:, sorts.across, 0], fine[:, sorts.down, :, 0]
    return coarse[:, still].flatten(2), fine[:, sorts.planes], *lines


class LiveDetail(nn.Module):
    """A `Detail` that gives cells as `LiveGenerator` has them, `[1, 4 * 3, r, r]`.

    `moving` are the indices of the coarse planes that change from frame to frame.
    """

    def __init__(self, detail: Detail, moving: Sequence[int], fields: FieldConfig) -> None:
        super().__init__()
        self.count = detail.count
        sorts, begin = FineSorts.of(fields), [detail.inputs - 1]
        resting = [k for k in range(detail.coarse) if k not in moving]
        fine, coarse = detail.inputs, detail.coarse
        # What is read of each sort of planes as a linear layer of its own: tables need no cutting up.
        self.moves = self._table(detail.read, fine, sorts.moving)
        self.rests = self._table(detail.read, fine, sorts.planes)
        self.across = self._table(detail.read, fine, sorts.across)
        self.down = self._table(detail.read, fine, sorts.down)
        self.begin = self._table(detail.read, fine, begin)
        self.coarse_moves = self._table(detail.read_coarse, coarse, list(moving))
        self.coarse_rests = self._table(detail.read_coarse, coarse, resting)
        self.places = nn.ModuleList(_half(detail.place, side) for side in (0, 1))
        self.colour = detail.colour

    def _table(self, read: nn.Linear, width: int, chosen: Sequence[int]) -> nn.Linear:
        rows = torch.arange(self.count * width).reshape(self.count, width)[:, list(chosen)].flatten()
        found = nn.Linear(read.in_features, len(rows))
        found.weight, found.bias = constant(read.weight[rows]), constant(read.bias[rows])
        return found

    def forward(self, h: Tensor, q: Tensor, coarse: Tensor, fine: Tensor, resting: Resting) -> Tensor:
        """`h [1, C, r, r]`, what the last convolution takes; the condition `q [1, Q]`; coarse and fine planes
        that move, `[1, n, r, r]` and `[1, n, 2r, 2r]`."""
        still, planes, across, down = resting
        start, amount = (place(h).flatten(2) for place in self.places)
        wide = self._of(self.coarse_moves, q) @ coarse.flatten(2) + self._of(self.coarse_rests, q) @ still
        start = start + wide + self._of(self.begin, q)
        rows, columns = h.shape[2:]
        start, amount = (doubled(part.reshape(1, -1, rows, columns)) for part in (start, amount))
        found = start + (self._of(self.across, q) @ across)[:, :, None, :]
        found = found + (self._of(self.down, q) @ down)[..., None]
        for table, read in ((self.moves, fine), (self.rests, planes)):
            weights = self._of(table, q)
            for k in range(read.shape[1]):
                found = found + weights[:, :, k, None, None] * read[:, k, None]
        mattes = torch.sigmoid(found) * amount
        added = self._of(self.colour, q, 3) @ mattes.flatten(2)
        cells = functional.pixel_unshuffle(added.reshape(1, 3, *mattes.shape[2:]), 2)
        return cells.reshape(1, 3, 4, rows, columns).transpose(1, 2).reshape(1, 12, rows, columns)

    def _of(self, table: nn.Module, q: Tensor, rows: int = 0) -> Tensor:
        """A table's numbers for this condition, `[1, count, n]`, or of so many rows."""
        found: Tensor = table(q)
        return found.reshape(1, rows or self.count, -1)


def _half(conv: nn.Conv2d, side: int) -> nn.Conv2d:
    """The convolution that gives the first or the second half of another's channels."""
    found = nn.Conv2d(conv.in_channels, conv.out_channels // 2, 1)
    found.weight = constant(conv.weight.chunk(2)[side])
    found.bias = None if conv.bias is None else constant(conv.bias.chunk(2)[side])
    return found
