"""The noise's lattices for painting: the pieces in view, and only what comes into view is hashed.

The same numbers as those that `fields` interpolates, in numpy alone. `LiveLattices` are those of the channels
that move, kept from frame to frame; `still_lattices` those of the still layer, needed once for a seed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s2s_live.world.channels import (
    LATTICE_OFFSET,
    LATTICE_SCALE,
    MIX,
    SMOOTH,
    STILL,
    WORLD_FIELDS,
    Channel,
    FieldConfig,
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
    return sorted({axis for level in config.moving for channel in level for axis in sides_of(channel)})


def sides_of(channel: Channel) -> list[Axis]:
    """The axes along which a channel has cells."""
    sides = enumerate((channel.columns, channel.rows))
    return [(channel.layer, side, cells) for side, cells in sides if cells]


def lattice_shape(channel: Channel) -> tuple[int, int]:
    """`extent` of a channel."""
    return extent((channel.columns, channel.rows))


def extent(shape: Shape) -> tuple[int, int]:
    """(rows, columns) of the piece of a lattice that a scene touches."""
    high, wide = (cells + SPAN if cells else 1 for cells in reversed(shape))
    return high, wide


def distinct(config: FieldConfig) -> list[Channel]:
    """Every channel that moves, once, in the order of `LiveLattices`' values: those of one shape together."""
    channels = {channel for level in config.moving for channel in level}
    return sorted(channels, key=lambda c: (c.columns, c.rows, c.layer))


class _Hash:
    """One channel's lattice of one seed, as `fields.lattice` has it, in 32-bit numpy: no threads to wake."""

    def __init__(self, channel: Channel, seed: int) -> None:
        # As `fields` begins, which does it with tensors for many seeds at once.
        start = _mix(_word(seed) ^ _mix(_word(seed >> 32)))
        self._across = _mix(start ^ _word(channel.key))
        self._down = _mix(self._across + np.uint32(1))

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


def _word(number: int) -> NDArray[np.uint32]:
    """The lowest 32 bits, `[1]`."""
    return np.array([number & 0xFFFFFFFF], np.uint32)


def _mix_axis(start: NDArray[np.uint32], index: NDArray[np.int64]) -> NDArray[np.uint32]:
    low = _mix(start ^ index.astype(np.uint32))
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
        channels = distinct(config)
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


def still_channels(config: FieldConfig) -> list[Channel]:
    """Every channel of the still layer, once, in the order of `still_lattices`."""
    return sorted({c for level in config.channels for c in level if c.layer == STILL}, key=lambda c: c.key)


def still_shape(channel: Channel) -> tuple[int, int]:
    """(rows, columns) of a still channel's lattice: splines reach beyond the scene, steps and panes not."""
    if channel.kind == SMOOTH:
        return lattice_shape(channel)
    return max(channel.rows, 1), max(channel.columns, 1)


def still_lattices(seed: int, config: FieldConfig = WORLD_FIELDS) -> NDArray[np.float32]:
    """Lattice values of the still channels of one seed, one after the other, and a zero, `[n + 1]`.

    The zero counts nothing; but networks take no empty input.
    """
    found = [_still(channel, seed).ravel() for channel in still_channels(config)]
    return np.concatenate([*found, np.zeros(1, np.float32)])


def _still(channel: Channel, seed: int) -> NDArray[np.float32]:
    first = -1 if channel.kind == SMOOTH else 0
    rows, columns = (
        np.arange(first, first + count) if cells else np.zeros(1, np.int64)
        for cells, count in zip((channel.rows, channel.columns), still_shape(channel), strict=True)
    )
    return _Hash(channel, seed).values(columns, rows)
