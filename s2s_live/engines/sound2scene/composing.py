"""Choosing z for a scene: of many draws the one in whose picture the model sees most of the scene.

How near the embedding of a picture lies to what it was conditioned on ranks draws, as IC-GAN's authors do to
filter samples (Casanova et al. 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from s2s_live.engines.base import Composed, Floats, Picture
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.inversion import DRAWS, Z_LIMIT, Stopped, interruptible, painter
from s2s_live.engines.sound2scene.seeing import Sight
from s2s_live.world.channels import FieldConfig


def compose(
    generator: Generator, sight: Sight, latent: Floats, z: Floats | None = None, *,
    fields: FieldConfig | None = None, seed: int = 0, chance: int = 0, draws: int = DRAWS,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Composed]:  # fmt: skip
    """The best after each of so many draws of z, and `z` itself first where it is given, as painting cuts it.

    `seed` is that of the noise fields, which stand still; `chance` that of the draws: composing once more
    with another may find better, and never worse. Ends where `stop` says True. Raises ModelError where the
    model cannot look at pictures.
    """
    wanted = torch.tensor(latent)[None]
    source = torch.Generator().manual_seed(chance)
    drawn = torch.randn(draws, generator.config.z_size, generator=source)
    given = drawn[:0] if z is None else torch.tensor(z)[None]
    candidates = torch.cat([given, drawn]).clamp(-Z_LIMIT, Z_LIMIT)
    paint = painter(generator, fields, seed)
    best: Composed | None = None
    try:
        with interruptible(generator, stop):
            for number, candidate in enumerate(candidates, start=1):
                with torch.no_grad():
                    made = paint(candidate[None], wanted)
                    apart = float((sight.features(made) - wanted).norm())
                if best is None or apart < best.distance:
                    best = Composed(0.0, candidate.numpy().copy(), apart, _levels(made[0]))
                yield replace(best, share=number / len(candidates))
    except Stopped:
        return


def _levels(picture: Tensor) -> Picture:
    """`[3, R, R]` in -1..1 as bytes `[R, R, 3]`."""
    levels = (picture * 127.5 + 127.5).round().clamp(0.0, 255.0).permute(1, 2, 0)
    return np.ascontiguousarray(levels.numpy().astype(np.uint8))
