"""The painted world: `render` draws batches of scenes, `world_sheet` every family at three intensities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from s2s_live.world import scenes_life, scenes_weather, scenes_works
from s2s_live.world.channels import LAYERS
from s2s_live.world.families import FAMILIES, FAMILY_IDS
from s2s_live.world.fields import FieldBatch
from s2s_live.world.scenes import Z_USED, Canvas

Painter = Callable[[Canvas], None]

SCENES: dict[str, tuple[Painter, tuple[str, ...]]] = {
    "rain": (scenes_weather.rain, ("slate", "grey", "grey")),
    "storm": (scenes_weather.storm, ("storm", "storm", "slate")),
    "sea": (scenes_weather.sea, ("blue", "dusk", "day", "gold")),
    "stream": (scenes_weather.stream, ("day", "gold", "grey")),
    "wind": (scenes_weather.wind, ("gold", "day", "grey")),
    "fire": (scenes_weather.fire, ("ember", "ember", "night")),
    "birds": (scenes_life.birds, ("dawn", "day", "rose")),
    "night_insects": (scenes_life.night_insects, ("night", "night", "blue")),
    "dog": (scenes_life.dog, ("gold", "dusk", "dawn")),
    "rooster": (scenes_life.rooster, ("dawn", "gold", "dusk")),
    "city_traffic": (scenes_works.city_traffic, ("night", "blue", "dusk")),
    "train": (scenes_works.train, ("night", "blue", "dusk")),
    "aircraft": (scenes_works.aircraft, ("day", "dawn", "day")),
    "engine": (scenes_works.engine, ("slate", "ember", "sepia")),
    "clock": (scenes_works.clock, ("sepia", "blue", "dusk")),
    "bell": (scenes_works.bell, ("dusk", "rose", "blue")),
    "voice": (scenes_life.voice, ("violet", "blue", "sepia")),
    "baby": (scenes_life.baby, ("rose", "blue")),
    "crowd": (scenes_life.crowd, ("violet", "dusk")),
    "music": (scenes_works.music, ("night", "violet")),
    "silence": (scenes_weather.silence, ("blue", "night", "rose")),
}
"""Each family's painter and the hours its palette walks through."""


def render(family: Tensor, intensity: Tensor, z: Tensor, fields: FieldBatch, size: int = 256) -> Tensor:
    """Scenes `[B, 3, size, size]` in 0..1 of families `[B]` (indices), intensities `[B]` 0..1, z `[B, Z]`.

    Raises ValueError where z is too short.
    """
    if z.shape[1] < Z_USED:
        raise ValueError(f"z needs at least {Z_USED} numbers, not {z.shape[1]}")
    pictures = torch.empty(len(family), 3, size, size, device=z.device)
    for index in torch.unique(family).tolist():
        chosen = (family == index).nonzero()[:, 0]
        paint, hours = SCENES[FAMILY_IDS[index]]
        canvas = Canvas(intensity[chosen], z[chosen], fields.select(chosen), size, hours)
        paint(canvas)
        pictures[chosen] = canvas.finish()
    return pictures


def random_fields(count: int, generator: torch.Generator, device: torch.device | str = "cpu") -> FieldBatch:
    """Fields of `count` scenes with random seeds, displaced at random."""
    seeds = torch.randint(0, 2**40, (count,), generator=generator)
    displacement = 100.0 * torch.rand(count, LAYERS, 2, generator=generator, dtype=torch.float64)
    displacement[:, 0] = 0.0
    return FieldBatch(seeds.to(device), displacement.to(device))


def world_pictures(
    size: int = 256, seed: int = 0, intensities: tuple[float, ...] = (0.15, 0.5, 0.9)
) -> Tensor:
    """Every family at some intensities, `[families, intensities, 3, size, size]`."""
    generator = torch.Generator().manual_seed(seed)
    rows = []
    for index in range(len(FAMILIES)):
        n = len(intensities)
        z = torch.randn(n, Z_USED, generator=generator)
        fields = random_fields(n, generator)
        rows.append(render(torch.full((n,), index), torch.tensor(intensities), z, fields, size))
    return torch.stack(rows)


def tile(pictures: Tensor, columns: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Pictures `[N, 3, S, S]` in 0..1 as one `[H, W, 3]` of bytes, two pixels apart."""
    count, _, size, _ = pictures.shape
    lines = -(-count // columns)
    sheet = np.zeros((lines * (size + 2), columns * (size + 2), 3), np.uint8)
    bytes_ = (pictures.clamp(0.0, 1.0) * 255.0 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    for k in range(count):
        top, left = k // columns * (size + 2), k % columns * (size + 2)
        sheet[top : top + size, left : left + size] = bytes_[k]
    return sheet


def world_sheet(path: Path, size: int = 256, seed: int = 0) -> None:
    """Write a picture of every family at three intensities.

    Raises OSError where the file cannot be written.
    """
    from s2s_live.opencv import cv2  # only the sheet needs an encoder

    pictures = world_pictures(size, seed).flatten(0, 1)
    sheet = tile(pictures, 9)
    ok, data = cv2.imencode(".png", sheet[:, :, ::-1])
    if not ok:
        raise OSError(f"cannot encode the sheet for {path}")
    path.write_bytes(data.tobytes())
