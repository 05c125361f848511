"""The noise fields for painting: one scene that moves a little from frame to frame.

The same fields as `sample_fields` gives, but for rounding, made in two steps. `LiveLattices` keeps the pieces
of the lattices that are in view, and hashes only what comes into view. `FieldSampler` interpolates them: a
network, so that a runtime can run it together with the generator, in one call and on any device. The still
layer does not move and is no part of either.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.world.fields import (
    LATTICE_OFFSET,
    LATTICE_SCALE,
    MIX,
    WORLD_FIELDS,
    Channel,
    FieldConfig,
    lattice_starts,
)

MARGIN = 24
"""Cells that a kept lattice reaches beyond what is in view."""
SPAN = 5
"""Cells of the lattice that an axis touches beyond its own: a spline reaches over four."""

Axis = tuple[int, int, int]
"""(layer, 0 for x or 1 for y, cells): channels with the same axis are displaced alike along it."""


def axes_of(config: FieldConfig) -> list[Axis]:
    """The axes of all channels that move, in the order of `LiveLattices`' offsets."""
    return sorted({axis for level in config.moving for channel in level for axis in _sides(channel)})


def _sides(channel: Channel) -> list[Axis]:
    sides = enumerate((channel.columns, channel.rows))
    return [(channel.layer, side, cells) for side, cells in sides if cells]


def lattice_shape(channel: Channel) -> tuple[int, int]:
    """(rows, columns) of the piece of a channel's lattice that a scene touches."""
    high, wide = (cells + SPAN if cells else 1 for cells in (channel.rows, channel.columns))
    return high, wide


def _distinct(config: FieldConfig) -> list[Channel]:
    """Every channel that moves, once, in the order of `LiveLattices`' values."""
    channels = {channel for level in config.moving for channel in level}
    return sorted(channels, key=lambda c: (c.layer, c.columns, c.rows))


class _Hash:
    """One channel's lattice of one seed, as `fields.lattice` has it, in 32-bit numpy: no threads to wake."""

    def __init__(self, channel: Channel, seed: int) -> None:
        self._across, self._down = lattice_starts(channel, seed)

    def values(self, columns: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Noise `[rows, columns]` at these lattice indices."""
        bits = _mix(_mix_axis(self._down, rows)[:, None] ^ _mix_axis(self._across, columns)[None])
        noise: NDArray[np.float32] = bits.astype(np.float32)
        noise *= np.float32(LATTICE_SCALE)
        noise -= np.float32(LATTICE_OFFSET)
        return noise


def _mix(h: NDArray[np.uint32]) -> NDArray[np.uint32]:
    h = h ^ (h >> np.uint32(16))
    h *= np.uint32(MIX[0])
    h ^= h >> np.uint32(15)
    h *= np.uint32(MIX[1])
    h ^= h >> np.uint32(16)
    return h


def _mix_axis(start: int, index: NDArray[np.int64]) -> NDArray[np.uint32]:
    low = _mix(np.uint32(start) ^ index.astype(np.uint32))
    return _mix(low ^ (index >> 32).astype(np.uint32) ^ np.uint32(MIX[2]))


class _Piece:
    """A piece of one channel's lattice, with a margin, moved by hashing only the strips that are new."""

    def __init__(self, channel: Channel, seed: int) -> None:
        self._noise = _Hash(channel, seed)
        self._cells = (channel.columns, channel.rows)
        self._margin = [MARGIN if cells else 0 for cells in self._cells]
        high, wide = lattice_shape(channel)
        self._extent = [wide + 2 * self._margin[0], high + 2 * self._margin[1]]
        self._origin: list[int] | None = None
        self._values = np.empty((self._extent[1], self._extent[0]), np.float32)

    def view(self, x: int, y: int) -> NDArray[np.float32]:
        """The lattice from column x and row y on, as many cells as a scene touches."""
        at = [x, y]
        if self._origin is None or not self._covers(at, self._origin):
            self._move(at)
        origin = self._origin or [0, 0]
        left, top = x - origin[0], y - origin[1]
        wide, high = (self._extent[i] - 2 * self._margin[i] for i in (0, 1))
        return self._values[top : top + high, left : left + wide]

    def _covers(self, at: list[int], origin: list[int]) -> bool:
        return all(0 <= at[i] - origin[i] <= 2 * self._margin[i] for i in (0, 1))

    def _move(self, at: list[int]) -> None:
        new = [at[i] - self._margin[i] for i in (0, 1)]
        old, self._origin = self._origin, new
        wide, high = self._extent
        if old is None or abs(new[0] - old[0]) >= wide or abs(new[1] - old[1]) >= high:
            self._fill(0, wide, 0, high)
            return
        dx, dy = new[0] - old[0], new[1] - old[1]
        kept = self._values[max(dy, 0) : high + min(dy, 0), max(dx, 0) : wide + min(dx, 0)].copy()
        left, top = max(-dx, 0), max(-dy, 0)
        right, bottom = left + kept.shape[1], top + kept.shape[0]
        self._values[top:bottom, left:right] = kept
        self._fill(0, wide, 0, top)
        self._fill(0, wide, bottom, high)
        self._fill(0, left, top, bottom)
        self._fill(right, wide, top, bottom)

    def _fill(self, left: int, right: int, top: int, bottom: int) -> None:
        if left >= right or top >= bottom or self._origin is None:
            return
        columns, rows = np.arange(left, right), np.arange(top, bottom)
        columns = columns + self._origin[0] if self._cells[0] else 0 * columns
        rows = rows + self._origin[1] if self._cells[1] else 0 * rows
        self._values[top:bottom, left:right] = self._noise.values(columns, rows)


@dataclass
class _Slot:
    """Where a channel's piece lies among all values, and what it was copied from."""

    piece: _Piece
    values: NDArray[np.float32]
    across: int
    """Index of its x axis, -1 where it has none."""
    down: int
    at: tuple[int, int] | None = None


class LiveLattices:
    """The lattices of one scene, from one displacement to the next. Not for several threads at once."""

    def __init__(self, seed: int, config: FieldConfig = WORLD_FIELDS) -> None:
        self.seed = seed
        axes = axes_of(config)
        self._layer = np.array([axis[0] for axis in axes], np.int64)
        self._side = np.array([axis[1] for axis in axes], np.int64)
        self._cells = np.array([axis[2] for axis in axes], np.float64)
        channels = _distinct(config)
        self._values = np.zeros(sum(map(_area, channels)), np.float32)
        self._slots = list(self._divide(channels, seed, axes))

    def _divide(self, channels: list[Channel], seed: int, axes: list[Axis]) -> Iterator[_Slot]:
        index = {axis: i for i, axis in enumerate(axes)}
        start = 0
        for channel in channels:
            values = self._values[start : start + _area(channel)].reshape(lattice_shape(channel))
            across, down = (
                index.get((channel.layer, side, cells), -1)
                for side, cells in enumerate((channel.columns, channel.rows))
            )
            yield _Slot(_Piece(channel, seed), values, across, down)
            start += values.size

    def at(self, displacement: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Lattice values of all channels `[n]` and sub-cell offsets `[axes]`, 0..1, at displacements
        `[layers, 2]` in scene widths. The next call overwrites the values."""
        edge = -np.asarray(displacement, np.float64)[self._layer, self._side] * self._cells
        whole = np.floor(edge)
        first = whole.astype(np.int64) - 1
        starts = [*first.tolist(), 0]  # a missing axis, index -1, begins at 0
        for slot in self._slots:
            at = (starts[slot.across], starts[slot.down])
            if at != slot.at:
                slot.values[:] = slot.piece.view(*at)
                slot.at = at
        return self._values, (edge - whole).astype(np.float32)


def _area(channel: Channel) -> int:
    high, wide = lattice_shape(channel)
    return high * wide


def by_phase(planes: Tensor) -> Tensor:
    """Planes `[1, n, 2r, 2r]`, along either axis first the even pixels, then the odd ones.

    What is constant in a cell is then repeated over blocks of memory, not over neighbours.
    """
    order = phases(planes.shape[-1])
    return planes[..., order[:, None], order]


def phases(size: int) -> Tensor:
    """The order of pixels in `by_phase`."""
    return torch.arange(size).reshape(-1, 2).T.flatten()


class FieldSampler(nn.Module):
    """Interpolates what `LiveLattices` gives: cubic B-splines as products with a matrix for each axis.

    The levels of the sizes in `phased` come as `by_phase` has them.
    """

    def __init__(self, config: FieldConfig = WORLD_FIELDS, phased: Collection[int] = ()) -> None:
        super().__init__()
        self._axes = axes_of(config)
        self._channels = _distinct(config)
        self._levels = list(zip(config.resolutions, config.moving, strict=True))
        for name, cells, size, _ in self._matrices():
            order = phases(size) if size in phased else torch.arange(size)
            centre = (order.double() + 0.5) * (cells / size)
            first = torch.arange(cells + SPAN, dtype=torch.float64) - 1.0
            self.register_buffer(name, (centre[:, None] - first).float(), persistent=False)

    def _matrices(self) -> Iterator[tuple[str, int, int, list[int]]]:
        """(name of the distances, cells, size, indices of the axes that have so many cells at that size)."""
        used: dict[tuple[int, int], set[int]] = {}
        for size, level in self._levels:
            for layer, side, cells in {axis for channel in level for axis in _sides(channel)}:
                index = self._axes.index((layer, side, cells))
                used.setdefault((cells, size), set()).add(index)
        for (cells, size), axes in sorted(used.items()):
            yield f"distances_{cells}_{size}", cells, size, sorted(axes)

    def forward(self, values: Tensor, offsets: Tensor) -> list[Tensor]:
        """The moving channels `[1, n, r, r]` of every level; of a level without any, an empty one."""
        pieces = torch.split(values, [_area(channel) for channel in self._channels])
        lattices = {
            channel: piece.reshape(lattice_shape(channel))
            for channel, piece in zip(self._channels, pieces, strict=True)
        }
        weights = self._weights(offsets)
        return [
            self._level(size, [_plane(lattices[c], c, size, weights) for c in level], values)
            for size, level in self._levels
        ]

    def _weights(self, offsets: Tensor) -> dict[tuple[Axis, int], Tensor]:
        """The matrix of every axis at every size; those of axes with as many cells are made in one go."""
        found: dict[tuple[Axis, int], Tensor] = {}
        for name, _, size, axes in self._matrices():
            distances: Tensor = getattr(self, name)
            matrices = spline_matrix(distances + offsets[axes][:, None, None])
            for k, matrix in zip(axes, matrices.unbind(0), strict=True):
                found[self._axes[k], size] = matrix
        return found

    def _level(self, size: int, planes: list[Tensor], values: Tensor) -> Tensor:
        return torch.stack(planes)[None] if planes else values.new_zeros(1, 0, size, size)


def _plane(plane: Tensor, channel: Channel, size: int, weights: dict[tuple[Axis, int], Tensor]) -> Tensor:
    """A channel at some size: first along the axis that leaves less to do along the other."""
    for axis in sorted(_sides(channel), key=lambda axis: -axis[2]):
        matrix = weights[axis, size]
        plane = matrix @ plane if axis[1] else plane @ matrix.T
    return plane.expand(size, size)


def spline_matrix(distances: Tensor) -> Tensor:
    """Weights `[..., size, n]` of cubic B-splines at distances in cells, their squares summing to one."""
    far = distances.abs()
    outer, inner = functional.relu(2.0 - far), functional.relu(1.0 - far)
    weights = outer * outer * outer - 4.0 * (inner * inner * inner)
    return weights * torch.rsqrt((weights * weights).sum(-1, keepdim=True))
