"""Networks that sample the noise fields, so that a runtime can run them together with the generator.

The same fields as `sample_fields` gives, but for rounding. `FieldSampler` interpolates the lattices of what
moves a little from frame to frame, `StillSampler` those of what does not move.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.world.channels import LATTICE_OFFSET, PANE, PANES, SMOOTH, WORLD_FIELDS, Channel, FieldConfig
from s2s_live.world.fields import cells_of, taps
from s2s_live.world.lattices import (
    SPAN,
    Shape,
    axes_of,
    distinct,
    extent,
    sides_of,
    still_channels,
    still_shape,
)

PART = 16
"""Cells of an axis that are interpolated with one matrix: one for many cells were mostly zeros."""


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
        for channel in distinct(config):
            self._layers.setdefault((channel.columns, channel.rows), []).append(channel.layer)
        self._levels = list(zip(config.resolutions, config.moving, strict=True))
        self._used = self._uses()
        self._phased = frozenset(phased)
        for size in self._phased:
            self.register_buffer(f"phases_{size}", phases(size), persistent=False)
        for cells, size in self._used:
            parts = parts_of(cells, size)
            whole = size in phased and parts == 1
            order = phases(size) if whole else torch.arange(size // parts)
            centre = (order.double() + 0.5) * (cells / size)
            first = torch.arange(cells // parts + SPAN, dtype=torch.float64) - 1.0
            distances = (centre[:, None] - first).float()
            self.register_buffer(f"distances_{cells}_{size}", distances, persistent=False)
            self.register_buffer(f"rests_{cells}_{size}", (centre % 1.0)[:, None].float(), persistent=False)
            self.register_buffer(f"windows_{cells}_{size}", windows(cells, parts), persistent=False)

    def _uses(self) -> dict[tuple[int, int], tuple[list[int], list[int]]]:
        """For (cells, size) the layers that have an axis of so many cells at that size: along x, along y."""
        used: dict[tuple[int, int], tuple[set[int], set[int]]] = {}
        for size, level in self._levels:
            for layer, side, cells in {axis for channel in level for axis in sides_of(channel)}:
                used.setdefault((cells, size), (set(), set()))[side].add(layer)
        return {key: (sorted(across), sorted(down)) for key, (across, down) in sorted(used.items())}

    def forward(self, values: Tensor, offsets: Tensor) -> list[Tensor]:
        """The moving channels `[1, n, r, r]` of every level; of a level without any, an empty one."""
        shapes = [(len(layers), *extent(shape)) for shape, layers in self._layers.items()]
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
                planes = self._along(planes, matrix, (cells, size), side)
            found.append(planes.expand(-1, size, size))
        return torch.cat(found)[None] if found else next(iter(lattices.values())).new_zeros(1, 0, size, size)

    def _along(self, planes: Tensor, matrix: Tensor, key: tuple[int, int], side: int) -> Tensor:
        """Planes `[n, rows, columns]` interpolated along x or y, in parts that all have the same matrix."""
        cells, size = key
        parts = parts_of(cells, size)
        if parts == 1:
            return matrix @ planes if side else planes @ matrix.transpose(1, 2)
        count, rows, columns = planes.shape
        axis = 1 if side else 2
        taken = planes.index_select(axis, getattr(self, f"windows_{cells}_{size}"))
        if side:
            found = (matrix[:, None] @ taken.reshape(count, parts, -1, columns)).reshape(count, size, columns)
        else:
            found = (taken.reshape(count, rows * parts, -1) @ matrix.transpose(1, 2)).reshape(
                count, rows, size
            )
        return found.index_select(axis, getattr(self, f"phases_{size}")) if size in self._phased else found


def parts_of(cells: int, size: int) -> int:
    """How many equal parts an axis of so many cells and pixels is interpolated in."""
    return 1 if cells % PART else math.gcd(cells // PART, size)


def windows(cells: int, parts: int) -> Tensor:
    """Which of the lattice each part of an axis reaches over, part after part."""
    own = cells // parts
    return (torch.arange(parts)[:, None] * own + torch.arange(own + SPAN)).flatten()


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


class StillSampler(nn.Module):
    """Interpolates what `still_lattices` gives, the scene at rest."""

    def __init__(self, config: FieldConfig = WORLD_FIELDS) -> None:
        super().__init__()
        self._config = config
        self._channels = still_channels(config)
        for size, level in zip(config.resolutions, config.channels, strict=True):
            for channel in level:
                if channel in self._channels:
                    self._prepare(channel, size)

    def _prepare(self, channel: Channel, size: int) -> None:
        name = _name(channel, size)
        for side, cells in enumerate((channel.columns, channel.rows)):
            self.register_buffer(
                f"{name}_{side}", _at_rest(channel, cells, size, PANE[side]), persistent=False
            )
        if channel.kind == PANES:
            _, across = cells_of(channel.columns, size, PANE[0], torch.device("cpu"))
            _, down = cells_of(channel.rows, size, PANE[1], torch.device("cpu"))
            self.register_buffer(f"{name}_pane", (down[:, None] & across).float(), persistent=False)

    def forward(self, values: Tensor) -> list[Tensor]:
        """All channels `[1, n, r, r]` of every level; those that move are zero."""
        shapes = [still_shape(channel) for channel in self._channels]
        pieces = torch.split(values, [*(high * wide for high, wide in shapes), 1])
        lattices = {
            channel: piece.reshape(shape)
            for channel, piece, shape in zip(self._channels, pieces[:-1], shapes, strict=True)
        }
        levels = zip(self._config.resolutions, self._config.channels, strict=True)
        return [self._level(size, level, lattices, values) for size, level in levels]

    def _level(
        self, size: int, level: Sequence[Channel], lattices: dict[Channel, Tensor], values: Tensor
    ) -> Tensor:
        nothing = values.new_zeros(size, size)
        planes = [
            self._plane(channel, lattices[channel], size) if channel in lattices else nothing
            for channel in level
        ]
        return torch.stack(planes)[None] if planes else values.new_zeros(1, 0, size, size)

    def _plane(self, channel: Channel, lattice: Tensor, size: int) -> Tensor:
        name = _name(channel, size)
        across, down = getattr(self, f"{name}_0"), getattr(self, f"{name}_1")
        plane: Tensor = (down @ lattice @ across.T).expand(size, size)
        if channel.kind == PANES:
            pane: Tensor = getattr(self, f"{name}_pane")
            plane = plane * pane + (pane - 1.0) * LATTICE_OFFSET
        return plane


def _name(channel: Channel, size: int) -> str:
    return f"still_{channel.key}_{size}"


def _at_rest(channel: Channel, cells: int, size: int, pane: tuple[float, float]) -> Tensor:
    """What each pixel of an axis takes of the lattice, `[size, n]`; `[1, 1]` where it has no cells."""
    if not cells:
        return torch.ones(1, 1)
    if channel.kind != SMOOTH:
        return functional.one_hot(cells_of(cells, size, pane, torch.device("cpu"))[0], cells).float()
    first, weights = taps(torch.zeros(1, dtype=torch.float64), cells, size)
    matrix = torch.zeros(size, cells + SPAN)
    return matrix.scatter_(1, first[0][:, None] + torch.arange(4), weights[0])
