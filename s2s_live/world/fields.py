"""Noise fields: the texture of the bundled world, the same for renderer, training and live painting.

A field is counter-hashed noise on an unbounded lattice, read at `position - displacement`. It never repeats,
is a pure function of (seed, channel, position), has unit variance at every sub-cell offset, and all channels
of one layer move together in scene widths. Layers: 0 still (ground, buildings, stars), 1 drift (clouds, mist,
water), 2 flow (rain, flames, spray). A channel may be stretched: rain is a channel with narrow, tall cells, a
ridge one that varies across x alone. Such a shape is then a threshold of one channel, which a convolution
can read. A channel of the still layer may also be made of steps (roofs) or of panes (windows).

Interpolation is the cubic B-spline, whose weights are nearly the same at every offset (so that moving noise
neither breathes nor flickers), divided by the root of their sum of squares (so that the variance is one).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from s2s_live.world.channels import (
    LATTICE_OFFSET,
    LATTICE_SCALE,
    MIX,
    PANE,
    PANES,
    SMOOTH,
    WORLD_FIELDS,
    Channel,
    FieldConfig,
)

_MASK = 0xFFFFFFFF


def _mix(h: Tensor) -> Tensor:
    """Scramble 32-bit integers held in int64."""
    h = h ^ (h >> 16)
    h.mul_(MIX[0]).bitwise_and_(_MASK)
    h.bitwise_xor_(h >> 15)
    h.mul_(MIX[1]).bitwise_and_(_MASK)
    return h.bitwise_xor_(h >> 16)


def _mix_axis(start: Tensor, index: Tensor) -> Tensor:
    """Hash of 64-bit lattice indices `[B, n]` from hashes `[B, 1]`."""
    low = _mix(start ^ (index & _MASK))
    return _mix(low ^ ((index >> 32) & _MASK) ^ MIX[2])


def _starts(channel: Channel, seeds: Tensor) -> tuple[Tensor, Tensor]:
    """Hashes `[B, 1]` that the columns and the rows of a channel begin with."""
    start = _mix((seeds[:, None] & _MASK) ^ _mix((seeds[:, None] >> 32) & _MASK))
    start = _mix(start ^ (channel.key & _MASK))
    return start, _mix(start + 1 & _MASK)


def lattice(channel: Channel, seeds: Tensor, columns: Tensor, rows: Tensor) -> Tensor:
    """Unit-variance white noise `[B, m, n]` at lattice indices `columns [B, n]`, `rows [B, m]` (int64)."""
    across, down = _starts(channel, seeds)
    bits = _mix(_mix_axis(across, columns)[:, None, :] ^ _mix_axis(down, rows)[:, :, None])
    return bits.to(torch.float32).mul_(LATTICE_SCALE).sub_(LATTICE_OFFSET)


def spline(fraction: Tensor) -> Tensor:
    """The four cubic B-spline weights `[..., 4]` at offsets 0..1, scaled so that their squares sum to one."""
    t, s = fraction, 1.0 - fraction
    middle = 4.0 - 6.0 * t * t + 3.0 * t**3
    after = 4.0 - 6.0 * s * s + 3.0 * s**3
    weights = torch.stack((s**3, middle, after, t**3), -1)
    return weights / weights.square().sum(-1, keepdim=True).sqrt()


def split(displacement: Tensor, cells: int) -> tuple[Tensor, Tensor]:
    """Whole cells (int64) and the rest 0..1 (float64) of where the scene's edge lies on the lattice."""
    edge = -displacement.to(torch.float64) * cells
    whole = edge.floor()
    return whole.to(torch.int64), edge - whole


def taps(rest: Tensor, cells: int, size: int) -> tuple[Tensor, Tensor]:
    """For each pixel of an axis: first of its four lattice indices `[B, size]`, counted from one before the
    edge's whole cell, and their weights `[B, size, 4]` float32."""
    centre = (torch.arange(size, dtype=torch.float64, device=rest.device) + 0.5) * (cells / size)
    at = rest[..., None] + centre
    first = at.floor()
    return first.to(torch.int64), spline(at - first).to(torch.float32)


def _reach(displacement: Tensor, cells: int, size: int) -> tuple[Tensor, Tensor | None]:
    """The lattice indices `[B, n]` that one axis touches, and how to interpolate them.

    That is a matrix `[B, size, n]`, or the four weights `[B, 4]` where a cell is a pixel, or None.
    """
    if cells == 0:
        return torch.zeros(len(displacement), 1, dtype=torch.int64, device=displacement.device), None
    whole, rest = split(displacement, cells)
    first, weights = taps(rest, cells, size)
    if cells == size:
        span = torch.arange(size + 3, dtype=torch.int64, device=displacement.device)
        return (whole + first[:, 0])[:, None] + span - 1, weights[:, 0]
    span = torch.arange(cells + 5, dtype=torch.int64, device=displacement.device)
    matrix = torch.zeros(len(displacement), size, cells + 5, device=displacement.device)
    matrix.scatter_(2, first[..., None] + span[:4], weights)
    return whole[:, None] + span - 1, matrix


def _interpolate(values: Tensor, how: Tensor | None) -> Tensor:
    """Interpolate the rows of `values [B, n, m]`: `[B, size, m]`."""
    if how is None:
        return values
    if how.dim() == 3:
        return how @ values
    size = values.shape[1] - 3
    out = values[:, :size] * how[:, 0, None, None]
    for tap in (1, 2, 3):
        out.addcmul_(values[:, tap : tap + size], how[:, tap, None, None])
    return out


def sample_channel(channel: Channel, seeds: Tensor, displacement: Tensor, size: int) -> Tensor:
    """Channel `[B, size, size]` for seeds `[B]` int64 and displacements `[B, layers, 2]` float64 (x, y)."""
    if channel.kind != SMOOTH:
        return _filled(channel, seeds, size)
    moved = displacement[:, channel.layer]
    columns, across = _reach(moved[:, 0], channel.columns, size)
    rows, down = _reach(moved[:, 1], channel.rows, size)
    values = _interpolate(lattice(channel, seeds, columns, rows), down)
    values = _interpolate(values.transpose(1, 2), across).transpose(1, 2)
    return values.expand(-1, size, size)


def _filled(channel: Channel, seeds: Tensor, size: int) -> Tensor:
    """A channel of steps or panes, `[B, size, size]`."""
    columns, across = cells_of(channel.columns, size, PANE[0], seeds.device)
    rows, down = cells_of(channel.rows, size, PANE[1], seeds.device)
    values = lattice(channel, seeds, columns.expand(len(seeds), -1), rows.expand(len(seeds), -1))
    if channel.kind == PANES:
        values = torch.where(down[:, None] & across, values, -LATTICE_OFFSET)
    return values.expand(-1, size, size)


def cells_of(cells: int, size: int, pane: tuple[float, float], device: torch.device) -> tuple[Tensor, Tensor]:
    """For each pixel of an axis (for one where it has no cells): its cell, and whether it is in the pane."""
    if cells == 0:
        nothing = torch.zeros(1, dtype=torch.int64, device=device)
        return nothing, nothing == 0
    at = (torch.arange(size, dtype=torch.float64, device=device) + 0.5) * (cells / size)
    whole = at.floor()
    rest = at - whole
    return whole.to(torch.int64), (rest >= pane[0]) & (rest < pane[1])


class FieldBatch:
    """The fields of a batch of scenes, each channel sampled once for renderer and generator together."""

    def __init__(self, seeds: Tensor, displacement: Tensor) -> None:
        self.seeds = seeds
        self.displacement = displacement
        self.sampled: dict[tuple[Channel, int], Tensor] = {}
        """What has been sampled so far, by channel and size."""
        self._parent: tuple[FieldBatch, Tensor] | None = None

    def __len__(self) -> int:
        return len(self.seeds)

    def select(self, index: Tensor) -> FieldBatch:
        """The scenes at `index [n]`; what is sampled already is reused."""
        part = FieldBatch(self.seeds[index], self.displacement[index])
        part._parent = (self, index)
        return part

    def channel(self, channel: Channel, size: int) -> Tensor:
        """`[B, size, size]`."""
        key = (channel, size)
        if key not in self.sampled:
            known = self._parent[0].sampled.get(key) if self._parent else None
            if known is not None and self._parent:
                self.sampled[key] = known[self._parent[1]]
            else:
                self.sampled[key] = sample_channel(channel, self.seeds, self.displacement, size)
        return self.sampled[key]

    def levels(self, config: FieldConfig, resolution: int | None = None) -> list[Tensor]:
        """One `[B, C_i, r_i, r_i]` for each resolution of `config` up to `resolution`."""
        pairs: Sequence[tuple[int, tuple[Channel, ...]]] = list(
            zip(config.resolutions, config.channels, strict=True)
        )
        return [
            torch.stack([self.channel(channel, size) for channel in level], 1)
            if level
            else torch.zeros(len(self), 0, size, size, device=self.seeds.device)
            for size, level in pairs
            if resolution is None or size <= resolution
        ]


def sample_fields(
    seeds: Tensor, displacement: Tensor, config: FieldConfig = WORLD_FIELDS, resolution: int | None = None
) -> list[Tensor]:
    """The fields of a batch: one `[B, C_i, r_i, r_i]` for each resolution of `config` up to `resolution`."""
    return FieldBatch(seeds, displacement).levels(config, resolution)
