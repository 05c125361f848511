"""Inverting a generator: the z and the embedding with which it comes closest to a user's picture.

Where the picture's own embedding and the best of some draws of z start, Adam goes on (Sung-Bin et al. 2023,
section 4.4, name inversion but no recipe). Minutes of work on a processor: a job for the background, to be
followed step by step and stopped at any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from s2s_live.engines.base import Floats
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.image_input import square
from s2s_live.engines.sound2scene.seeing import Sight
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.world.fields import FieldConfig, sample_fields

STEPS = 300
DRAWS = 64
Z_RATE, LATENT_RATE = 0.05, 0.005
FEATURE_WEIGHT = 0.5
"""Of the squared distance between embeddings, beside the mean absolute error of pixels in -1..1."""
Z_WEIGHT = 1e-3
"""Of the mean square of z: far out the generator was hardly trained."""
Z_LIMIT = 2.0
"""As painting cuts z."""

Paint = Callable[[Tensor, Tensor], Tensor]
"""z `[B, Z]` and features `[B, D]` to pictures `[B, 3, R, R]` in -1..1."""


@dataclass(frozen=True)
class Inverted:
    """The best that was found up to a step."""

    step: int
    """0 after the draws, up to STEPS."""
    z: Floats
    """`[z_size]`, each within Z_LIMIT."""
    latent: Floats
    """`[feature_size]`, unit length, none negative."""
    error: float
    """Mean absolute error of the pixels, levels 0..255."""


def invert(
    generator: Generator, sight: Sight, picture: Any, *, fields: FieldConfig | None = None, seed: int = 0,
    steps: int = STEPS,
) -> Iterator[Inverted]:  # fmt: skip
    """Come closer to a picture (a path or a PIL image; its middle square counts), step by step.

    `seed` is that of the noise fields, which stand still, and of the draws of z. Raises ImageError for what
    is no picture, ModelError where the model cannot look at any.
    """
    target = square(picture, generator.config.resolution)[None] * 2.0 - 1.0
    seen = sight.features(target).detach()
    paint = _painter(generator, fields, seed)
    z = _best_draw(paint, sight, seen, generator.config.z_size, seed)
    z.requires_grad_(True)
    latent = seen.clone().requires_grad_(True)
    rates = [{"params": [z], "lr": Z_RATE}, {"params": [latent], "lr": LATENT_RATE}]
    optimizer = torch.optim.Adam(rates)
    best: Inverted | None = None
    for step in range(steps + 1):
        with torch.enable_grad():
            made = paint(z, latent)
            pixels = (made - target).abs().mean()
            apart = (sight.features(made) - seen).square().sum()
            loss = pixels + FEATURE_WEIGHT * apart + Z_WEIGHT * z.square().mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
        error = 127.5 * float(pixels.detach())
        if best is None or error < best.error:
            best = Inverted(step, z.detach()[0].numpy().copy(), latent.detach()[0].numpy().copy(), error)
        yield Inverted(step, best.z, best.latent, best.error)
        optimizer.step()
        with torch.no_grad():
            z.clamp_(-Z_LIMIT, Z_LIMIT)
            latent.copy_(unit(functional.relu(latent)))


def _painter(generator: Generator, fields: FieldConfig | None, seed: int) -> Paint:
    if fields is None:
        return generator
    at_rest = torch.zeros(1, fields.layers, 2, dtype=torch.float64)
    planes = sample_fields(torch.tensor([seed]), at_rest, fields)

    def paint(z: Tensor, latent: Tensor) -> Tensor:
        made: Tensor = generator(z, latent, [level.expand(len(z), -1, -1, -1) for level in planes])
        return made

    return paint


@torch.no_grad()
def _best_draw(paint: Paint, sight: Sight, seen: Tensor, size: int, seed: int) -> Tensor:
    """The z `[1, size]` whose picture's embedding lies nearest."""
    chance = torch.Generator().manual_seed(seed)
    draws = torch.randn(DRAWS, size, generator=chance).clamp(-Z_LIMIT, Z_LIMIT)
    apart = [float((sight.features(paint(z[None], seen)) - seen).square().sum()) for z in draws]
    return draws[int(torch.tensor(apart).argmin())][None].clone()
