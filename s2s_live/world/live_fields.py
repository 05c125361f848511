"""The noise fields for painting: one scene that moves a little from frame to frame.

The same fields as `sample_fields` gives, but for rounding. What makes them cheap: lattices are kept and only
the strips that come into view are hashed; the spline weights of all axes are worked out at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2s_live.world.fields import WORLD_FIELDS, Channel, FieldConfig, lattice

MARGIN = 24
"""Cells that a kept lattice reaches beyond what is in view."""

SMALL = 32
"""Up to this size a matrix is cheaper than four shared weights, also where a cell is a pixel."""

Key = tuple[int, int, int, int]
"""(layer, 0 for x or 1 for y, cells, size): two channels with the same key read their lattices alike."""


def _uniform(key: Key) -> bool:
    """Whether all pixels of the axis share four weights."""
    return key[2] == key[3] > SMALL


class _Block:
    """A piece of one channel's lattice, with a margin, moved by hashing only the strips that are new."""

    def __init__(self, channel: Channel, seed: Tensor) -> None:
        self._channel = channel
        self._seed = seed
        self._margin = [MARGIN if cells else 0 for cells in (channel.columns, channel.rows)]
        self._extent = [
            (cells + 5 if cells else 1) + 2 * margin
            for cells, margin in zip((channel.columns, channel.rows), self._margin, strict=True)
        ]
        self._origin: list[int] | None = None
        self._values = torch.empty(self._extent[1], self._extent[0])

    def view(self, x: int, y: int) -> Tensor:
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
        kept = self._values[max(dy, 0) : high + min(dy, 0), max(dx, 0) : wide + min(dx, 0)].clone()
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
        columns = torch.arange(left, right)[None] + self._origin[0]
        rows = torch.arange(top, bottom)[None] + self._origin[1]
        columns = columns if self._channel.columns else torch.zeros_like(columns)
        rows = rows if self._channel.rows else torch.zeros_like(rows)
        self._values[top:bottom, left:right] = lattice(self._channel, self._seed, columns, rows)[0]


class _Axes:
    """How every axis reads its lattice at one displacement: all axes of a config in a few array operations.

    The same arithmetic as `split` and `taps`. Where a cell is a pixel, all pixels of a large axis share four
    weights; elsewhere the axis is a matrix `[size, cells + 5]`. They lie one after the other in `_matrices`.
    """

    def __init__(self, keys: list[Key]) -> None:
        self.start: dict[Key, int] = {}
        """First lattice cell that is read."""
        self.weights: dict[Key, tuple[int, list[float]]] = {}
        """Cells to skip and four weights, where a cell is a pixel."""
        self.matrix: dict[Key, Tensor] = {}
        self._keys = keys
        uniform = [_uniform(key) for key in keys]
        pixels = [1 if alike else key[3] for alike, key in zip(uniform, keys, strict=True)]
        self._owner = np.repeat(np.arange(len(keys)), pixels)
        self._cells = np.array([cells for _, _, cells, _ in keys], np.float64)
        self._first_pixel = np.cumsum([0, *pixels[:-1]])
        within = np.arange(sum(pixels)) - self._first_pixel[self._owner]
        sizes = np.array([size for *_, size in keys])
        self._centre = (within + 0.5) * (self._cells / sizes)[self._owner]
        spans = [4 if _uniform(key) else key[3] * (key[2] + 5) for key in keys]
        offsets = np.cumsum([0, *spans])
        row = np.where(uniform, 4, self._cells + 5).astype(np.int64)
        self._base = offsets[:-1][self._owner] + within * row[self._owner]
        self._uniform = np.array(uniform)[self._owner]
        self._matrices = np.zeros(offsets[-1], np.float32)
        flat = torch.from_numpy(self._matrices)
        for key, begin, end in zip(keys, offsets, offsets[1:], strict=False):
            if not _uniform(key):
                self.matrix[key] = flat[begin:end].view(key[3], key[2] + 5)

    def move(self, displacement: NDArray[np.float64]) -> None:
        """Work out all axes at displacements `[layers, 2]`."""
        moved = np.array([displacement[layer, which] for layer, which, _, _ in self._keys])
        edge = -moved * self._cells
        whole = np.floor(edge)
        at = (edge - whole)[self._owner] + self._centre
        first = np.floor(at)
        t = at - first
        s = 1.0 - t
        square, other = t * t, s * s
        taps = np.stack(
            (
                other * s,
                4.0 - 6.0 * square + 3.0 * square * t,
                4.0 - 6.0 * other + 3.0 * other * s,
                square * t,
            )
        )
        taps /= np.sqrt(np.einsum("tp,tp->p", taps, taps))
        cell = first.astype(np.int64)
        self._matrices.fill(0.0)
        at_first = self._base + np.where(self._uniform, 0, cell)
        for tap in range(4):
            self._matrices[at_first + tap] = taps[tap]
        for index, key in enumerate(self._keys):
            self.start[key] = int(whole[index]) - 1
            if _uniform(key):
                pixel = self._first_pixel[index]
                self.weights[key] = (int(cell[pixel]), taps[:, pixel].tolist())


class LiveFields:
    """Fields of one scene, from one displacement to the next. Not for several threads at once."""

    def __init__(self, seed: int, config: FieldConfig = WORLD_FIELDS) -> None:
        self.seed = seed
        self.config = config
        seeds = torch.tensor([seed], dtype=torch.int64)
        distinct = {channel for level in config.channels for channel in level}
        self._blocks = {channel: _Block(channel, seeds) for channel in distinct}
        self._moved: list[tuple[float, float] | None] = [None] * config.layers
        self._axes = _Axes(sorted({key for plane in self._planes() for key in plane[2:] if key[2]}))
        self._out = [
            torch.empty(1, count, size, size)
            for count, size in zip(config.counts, config.resolutions, strict=True)
        ]

    def at(self, displacement: NDArray[np.float64]) -> list[NDArray[np.float32]]:
        """Fields `[1, C_i, r_i, r_i]` at displacements `[layers, 2]`; the next call overwrites the arrays."""
        moved = [(float(x), float(y)) for x, y in displacement]
        stale = {layer for layer in range(self.config.layers) if moved[layer] != self._moved[layer]}
        if stale:
            self._axes.move(np.asarray(displacement, np.float64))
        for (level, index), channel, across, down in self._planes():
            if channel.layer in stale:
                self._sample(channel, across, down, self._out[level][0, index])
        self._moved = list(moved)
        return [out.numpy() for out in self._out]

    def _planes(self) -> Iterator[tuple[tuple[int, int], Channel, Key, Key]]:
        """(level and index), channel, and the keys of its two axes, of every plane."""
        for level, (size, channels) in enumerate(
            zip(self.config.resolutions, self.config.channels, strict=True)
        ):
            for index, channel in enumerate(channels):
                yield (
                    (level, index),
                    channel,
                    (channel.layer, 0, channel.columns, size),
                    (channel.layer, 1, channel.rows, size),
                )

    def _sample(self, channel: Channel, across: Key, down: Key, out: Tensor) -> None:
        """One plane into `out [size, size]`."""
        axes = self._axes
        values = self._blocks[channel].view(axes.start.get(across, 0), axes.start.get(down, 0))
        if not across[2] or not down[2]:
            out.copy_(self._interpolate(self._interpolate(values, down).T, across).T)
        elif _uniform(down):  # four rows added up: cheapest while the columns are still few
            self._interpolate(self._interpolate(values, down).T, across, out.T)
        else:
            self._interpolate(self._interpolate(values.T, across).T, down, out)

    def _interpolate(self, values: Tensor, key: Key, out: Tensor | None = None) -> Tensor:
        """Interpolate the rows of `values [n, m]`: `[size, m]`; constant along an axis without cells."""
        size = key[3]
        if not key[2]:
            return values
        if not _uniform(key):
            return torch.mm(self._axes.matrix[key], values, out=out)
        skip, weights = self._axes.weights[key]
        found = torch.mul(values[skip : skip + size], weights[0], out=out)
        for tap in (1, 2, 3):
            found.add_(values[skip + tap : skip + tap + size], alpha=weights[tap])
        return found
