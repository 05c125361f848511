"""The noise fields for painting: one scene that moves a little from frame to frame.

The same fields as `sample_fields` gives, but for rounding, made in two steps. `LiveLattices` keeps the pieces
of the lattices that are in view, and hashes only what comes into view. `FieldSampler` interpolates them: a
network, so that a runtime can run it together with the generator, in one call and on any device. The still
layer does not move and is no part of either.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

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
SPAN = 6
"""Cells of the lattice that an axis has beyond its own. A spline reaches over five; the sixth counts nothing,
but runtimes multiply numbers of 16 bits in pairs, and an even count three times as fast."""

Shape = tuple[int, int]
"""Columns and rows of a channel."""
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
    return _extent((channel.columns, channel.rows))


def _extent(shape: Shape) -> tuple[int, int]:
    high, wide = (cells + SPAN if cells else 1 for cells in reversed(shape))
    return high, wide


def _distinct(config: FieldConfig) -> list[Channel]:
    """Every channel that moves, once, in the order of `LiveLattices`' values: those of one shape together."""
    channels = {channel for level in config.moving for channel in level}
    return sorted(channels, key=lambda c: (c.columns, c.rows, c.layer))


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

    Channels of one shape are done together: what a runtime needs for a small product is mostly the call. The
    levels of the sizes in `phased` come as `by_phase` has them.
    """

    def __init__(self, config: FieldConfig = WORLD_FIELDS, phased: Collection[int] = ()) -> None:
        super().__init__()
        self._axes = axes_of(config)
        self._layers: dict[Shape, list[int]] = {}
        for channel in _distinct(config):
            self._layers.setdefault((channel.columns, channel.rows), []).append(channel.layer)
        self._levels = list(zip(config.resolutions, config.moving, strict=True))
        self._used = self._uses()
        for cells, size in self._used:
            order = phases(size) if size in phased else torch.arange(size)
            centre = (order.double() + 0.5) * (cells / size)
            first = torch.arange(cells + SPAN, dtype=torch.float64) - 1.0
            distances = (centre[:, None] - first).float()
            self.register_buffer(f"distances_{cells}_{size}", distances, persistent=False)
            self.register_buffer(f"rests_{cells}_{size}", (centre % 1.0)[:, None].float(), persistent=False)

    def _uses(self) -> dict[tuple[int, int], tuple[list[int], list[int]]]:
        """For (cells, size) the layers that have an axis of so many cells at that size: along x, along y."""
        used: dict[tuple[int, int], tuple[set[int], set[int]]] = {}
        for size, level in self._levels:
            for layer, side, cells in {axis for channel in level for axis in _sides(channel)}:
                used.setdefault((cells, size), (set(), set()))[side].add(layer)
        return {key: (sorted(across), sorted(down)) for key, (across, down) in sorted(used.items())}

    def forward(self, values: Tensor, offsets: Tensor) -> list[Tensor]:
        """The moving channels `[1, n, r, r]` of every level; of a level without any, an empty one."""
        shapes = [(len(layers), *_extent(shape)) for shape, layers in self._layers.items()]
        pieces = torch.split(values, [math.prod(shape) for shape in shapes])
        lattices = {
            shape: piece.reshape(sizes)
            for shape, piece, sizes in zip(self._layers, pieces, shapes, strict=True)
        }
        weights = {key: self._weights(offsets, key) for key in self._used}
        return [self._level(size, level, lattices, weights) for size, level in self._levels]

    def _weights(self, offsets: Tensor, key: tuple[int, int]) -> Sequence[Tensor]:
        """The matrices of all axes along x, and along y, `[layers, size, cells + SPAN]`."""
        cells, size = key
        across, down = self._used[key]
        axes = [(layer, 0, cells) for layer in across] + [(layer, 1, cells) for layer in down]
        chosen = offsets[[self._axes.index(axis) for axis in axes]][:, None, None]
        distances: Tensor = getattr(self, f"distances_{cells}_{size}")
        rests: Tensor = getattr(self, f"rests_{cells}_{size}")
        matrices = spline_matrix(distances + chosen, rests + chosen)
        return torch.split(matrices, [len(across), len(down)])

    def _level(
        self, size: int, level: Sequence[Channel], lattices: dict[Shape, Tensor],
        weights: dict[tuple[int, int], Sequence[Tensor]],
    ) -> Tensor:  # fmt: skip
        found = []
        for shape, channels in groupby(level, key=lambda channel: (channel.columns, channel.rows)):
            layers = [channel.layer for channel in channels]
            planes = _those(lattices[shape], self._layers[shape], layers)
            # First along the axis that leaves less to do along the other.
            for cells, side in sorted(
                ((cells, side) for side, cells in enumerate(shape) if cells), reverse=True
            ):
                matrix = _those(weights[cells, size][side], self._used[cells, size][side], layers)
                planes = matrix @ planes if side else planes @ matrix.transpose(1, 2)
            found.append(planes.expand(-1, size, size))
        return torch.cat(found)[None] if found else next(iter(lattices.values())).new_zeros(1, 0, size, size)


def _those(found: Tensor, layers: list[int], chosen: list[int]) -> Tensor:
    """Of what there is for `layers` that for the chosen ones."""
    return found if layers == chosen else found[[layers.index(layer) for layer in chosen]]


def spline_matrix(distances: Tensor, places: Tensor) -> Tensor:
    """Weights `[..., size, n]` of cubic B-splines at distances in cells, their squares summing to one.

    `places [..., size, 1]`, in cells, are where in its cell each row is: whole cells do not count.
    """
    far = distances.abs()
    outer, inner = functional.relu(2.0 - far), functional.relu(1.0 - far)
    rest = places - places.floor()
    p = rest * (1.0 - rest)
    squares = 18.0 - p * p * (18.0 + 20.0 * p)  # of the four weights that are not zero
    return (outer * outer * outer - 4.0 * (inner * inner * inner)) * torch.rsqrt(squares)
