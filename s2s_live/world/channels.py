"""Which noise there is, in numbers alone: channels, and where they go in.

What the channels mean is told in `fields`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

STILL, DRIFT, FLOW = 0, 1, 2
LAYERS = 3
SMOOTH, STEPS, PANES = 0, 1, 2
"""How a channel fills its cells: splined, each of one value, or the same with a dark rim."""
PANE = ((0.14, 0.86), (0.24, 0.90))
"""From where to where a pane reaches in its cell, across and down."""


@dataclass(frozen=True)
class Channel:
    """One noise channel: the layer that moves it, its cells per scene width along x and y, how it fills them.

    Zero cells mean that the channel is constant along that axis. Steps and panes stand still.
    """

    layer: int
    columns: int
    rows: int
    kind: int = SMOOTH

    @property
    def key(self) -> int:
        """Names the noise: equal channels hold equal noise at every resolution."""
        return ((self.kind * LAYERS + self.layer) * 8192 + self.columns) * 8192 + self.rows


@dataclass(frozen=True)
class FieldConfig:
    """Which channels a generator's blocks take: `channels[i]` goes in at `resolutions[i]` pixels."""

    resolutions: tuple[int, ...]
    channels: tuple[tuple[Channel, ...], ...]
    layers: int = LAYERS

    def __post_init__(self) -> None:
        if len(self.resolutions) != len(self.channels):
            raise ValueError("one tuple of channels for each resolution is needed")
        if any(not 0 <= c.layer < self.layers for level in self.channels for c in level):
            raise ValueError(f"a channel names a layer outside 0..{self.layers - 1}")
        if any(c.kind != SMOOTH and c.layer != STILL for level in self.channels for c in level):
            raise ValueError("steps and panes are channels of the still layer")

    @property
    def counts(self) -> tuple[int, ...]:
        """Channels at each resolution."""
        return tuple(len(level) for level in self.channels)

    @property
    def moving(self) -> tuple[tuple[Channel, ...], ...]:
        """At each resolution the channels that move: all but those of the still layer."""
        return tuple(tuple(c for c in level if c.layer != STILL) for level in self.channels)

    def up_to(self, resolution: int) -> FieldConfig:
        """The same fields without those of finer resolutions."""
        count = sum(size <= resolution for size in self.resolutions)
        return FieldConfig(self.resolutions[:count], self.channels[:count], self.layers)

    def without(self, unread: Mapping[int, Collection[Channel]]) -> FieldConfig:
        """The same fields without those channels, by resolution. Raises ValueError where there is no such."""
        mine = dict(zip(self.resolutions, self.channels, strict=True))
        if any(not set(channels) <= set(mine.get(size, ())) for size, channels in unread.items()):
            raise ValueError("a channel that is to be left out is not there")
        levels = zip(self.resolutions, self.channels, strict=True)
        left = tuple(tuple(c for c in level if c not in unread.get(size, ())) for size, level in levels)
        return FieldConfig(self.resolutions, left, self.layers)

    def missing_in(self, wider: FieldConfig) -> bool:
        """Whether `wider` lacks a channel or a resolution."""
        if self.resolutions != wider.resolutions:
            return True
        levels = zip(self.channels, wider.channels, strict=True)
        return any(not set(mine) <= set(theirs) for mine, theirs in levels)

    def indices_in(self, wider: FieldConfig) -> list[list[int]]:
        """At each resolution where the channels are among those of `wider`, which has them all."""
        levels = zip(self.channels, wider.channels, strict=True)
        return [[theirs.index(channel) for channel in mine] for mine, theirs in levels]

    def doubled(self) -> FieldConfig:
        """The same fields, and the finest channels once more at twice their resolution."""
        return FieldConfig(
            (*self.resolutions, 2 * self.resolutions[-1]), (*self.channels, self.channels[-1]), self.layers
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers for a manifest."""
        levels = [[_numbers(channel) for channel in level] for level in self.channels]
        return {"resolutions": list(self.resolutions), "channels": levels, "layers": self.layers}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FieldConfig:
        """The inverse of `to_dict`."""
        levels = tuple(tuple(Channel(*map(int, c)) for c in level) for level in data["channels"])
        return cls(tuple(map(int, data["resolutions"])), levels, int(data.get("layers", LAYERS)))


def _numbers(channel: Channel) -> list[int]:
    kind = [channel.kind] if channel.kind != SMOOTH else []
    return [channel.layer, channel.columns, channel.rows, *kind]


def _square(layers: Sequence[int], *cells: int) -> tuple[Channel, ...]:
    return tuple(Channel(layer, n, n) for n in cells for layer in layers)


_ALL = (STILL, DRIFT, FLOW)
_HILLS = (Channel(STILL, 6, 0), Channel(STILL, 24, 0))
"""Ridges."""
ROOFS = Channel(STILL, 24, 0, STEPS)
"""How high each house of a row is."""
WINDOWS = Channel(STILL, 48, 40, PANES)
"""Which windows are lit first."""
_FLOWING = (Channel(FLOW, 24, 0),)
"""Ribbons; a train's windows."""
_UPRIGHT = (Channel(STILL, 96, 0), Channel(STILL, 0, 64))
"""Trunks and columns of windows; floors of windows."""

WORLD_FIELDS = FieldConfig(
    resolutions=(8, 16, 32, 64, 128, 256),
    channels=(
        _square((DRIFT, FLOW), 8),
        (*_square(_ALL, 16), *_HILLS),
        (*_square(_ALL, 16, 32), *_HILLS, *_FLOWING),
        (*_square(_ALL, 16, 32, 64), Channel(DRIFT, 16, 64), *_HILLS, *_FLOWING, ROOFS),
        (
            *_square(_ALL, 16, 32, 64, 128),
            Channel(FLOW, 8, 8),
            Channel(DRIFT, 16, 64),
            Channel(DRIFT, 32, 128),
            Channel(FLOW, 128, 12),
            Channel(FLOW, 12, 96),
            *_HILLS,
            *_FLOWING,
            *_UPRIGHT,
            ROOFS,
        ),
        (
            Channel(STILL, 256, 256),
            Channel(FLOW, 128, 12),
            Channel(DRIFT, 64, 256),
            Channel(FLOW, 256, 24),
            *_HILLS,
            *_UPRIGHT,
            ROOFS,
            WINDOWS,
        ),
    ),
)
"""The fields of the bundled world at 256x256."""


MIX = (0x7FEB352D, 0x846CA68B, 0x9E3779B9)
"""Two odd factors of the hash (a multiply-xorshift finaliser) and a constant between its two words."""
LATTICE_SCALE, LATTICE_OFFSET = math.sqrt(12.0) / 2**32, math.sqrt(3.0)
"""From 32 bits to noise of unit variance about zero."""
