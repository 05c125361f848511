"""Which of the planes that a generator takes move and which rest, and the shapes of what rests."""

from __future__ import annotations

from dataclasses import dataclass

from s2s_live.engines.sound2scene.config import GeneratorConfig
from s2s_live.engines.sound2scene.upscaler_config import REACH, UpscalerConfig
from s2s_live.world.channels import STILL, FieldConfig


@dataclass(frozen=True)
class FinePlanes:
    """Which of the planes that mattes read at the picture's resolution are of which kind, by index."""

    moving: tuple[int, ...]
    """What changes from frame to frame."""
    flat: tuple[int, ...]
    """What rests and varies both ways."""
    across: tuple[int, ...]
    """What rests and varies along x alone."""
    down: tuple[int, ...]
    """What rests and varies along y alone."""

    @classmethod
    def of(cls, fields: FieldConfig) -> FinePlanes:
        """Those of the finest channels; after them come x and y."""
        kinds: dict[str, list[int]] = {"moving": [], "flat": [], "across": [], "down": []}
        for index, channel in enumerate(fields.channels[-1]):
            if channel.layer != STILL:
                kind = "moving"
            elif channel.columns and channel.rows:
                kind = "flat"
            else:
                kind = "across" if channel.columns else "down"
            kinds[kind].append(index)
        count = len(fields.channels[-1])
        kinds["across"].append(count)
        kinds["down"].append(count + 1)
        return cls(**{kind: tuple(found) for kind, found in kinds.items()})


def moving_planes(config: GeneratorConfig, fields: FieldConfig | None, index: int) -> list[int]:
    """Which of a block's planes belong to channels that move."""
    if fields is None or config.fields is None or not config.fields.planes[index]:
        return []
    found = [k for k, channel in enumerate(fields.channels[index]) if channel.layer != STILL]
    if index == config.blocks - 1 and config.fields.fine_in_block:
        start, cell = config.fields.planes[index], config.shuffle**2
        found += [start + k * cell + pixel for k in fine_moving(fields) for pixel in range(cell)]
    return found


def fine_moving(fields: FieldConfig) -> list[int]:
    """Which of the finest planes belong to channels that move."""
    return [k for k, channel in enumerate(fields.channels[-1]) if channel.layer != STILL]


def still_shapes(
    config: GeneratorConfig, fields: FieldConfig, upscaler: UpscalerConfig | None = None
) -> list[tuple[int, ...]]:
    """Of everything that `StillPlanes` gives."""
    found: list[tuple[int, ...]] = []
    if config.fields is not None and config.fields.mattes:
        last, side = config.blocks - 1, config.resolution
        rests = config.extra_planes(last) - len(moving_planes(config, fields, last))
        kinds = FinePlanes.of(fields)
        rows = config.block_resolution(last)
        found.append((rows, rests, rows))
        found += [(1, len(kinds.flat), side**2), (1, len(kinds.across), side), (1, len(kinds.down), side)]
    for index, width in enumerate(config.out_channels):
        if config.extra_planes(index):
            side = config.block_resolution(index)
            found.append((1, side, side, width))
    if upscaler is not None and upscaler.planes:
        side = config.resolution + 2 * (REACH - 1)
        found.append((1, side, side, upscaler.channels))
    return found
