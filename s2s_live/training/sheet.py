"""A sheet of what a generator paints: every family at three intensities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.opencv import cv2
from s2s_live.training.images import Bank
from s2s_live.world.channels import FieldConfig
from s2s_live.world.families import FAMILIES
from s2s_live.world.render import random_fields, tile

INTENSITIES = (0.15, 0.5, 0.9)
COLUMNS = 9
QUALITY = 88


@torch.no_grad()
def model_sheet(generator: Generator, fields: FieldConfig, bank: Bank, path: Path, seed: int = 4) -> None:
    """Write it as JPEG; `fields` are those that the generator takes. Raises OSError where that cannot be
    done."""
    chance = torch.Generator().manual_seed(seed)
    pictures = []
    for family in range(len(FAMILIES)):
        condition = torch.from_numpy(np.stack([bank.around(family, level) for level in INTENSITIES]))
        z = torch.randn(len(INTENSITIES), generator.config.z_size, generator=chance)
        levels = random_fields(len(INTENSITIES), chance).levels(fields)
        pictures.append(generator(z, condition, levels) * 0.5 + 0.5)
    sheet = tile(torch.cat(pictures), COLUMNS)
    ok, data = cv2.imencode(".jpg", sheet[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not ok:
        raise OSError(f"cannot encode the sheet for {path}")
    path.write_bytes(data.tobytes())
