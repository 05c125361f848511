"""Inverting a generator: the z and the embedding with which it comes closest to a user's picture.

Where the picture's own embedding and the best of some draws of z start, Adam goes on (Sung-Bin et al. 2023,
section 4.4, name inversion but no recipe). Minutes of work on a processor: a job for the background, to be
followed step by step and stopped at any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.base import Inverted
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.image_input import square
from s2s_live.engines.sound2scene.seeing import Sight
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.world.channels import FieldConfig
from s2s_live.world.fields import sample_fields

STEPS = 300
DRAWS = 64
DRAW_COST = 0.3
"""What a draw takes, where a step with its gradients takes 1."""
Z_RATE, LATENT_RATE = 0.05, 0.005
FEATURE_WEIGHT = 0.5
"""Of the squared distance between embeddings, beside the mean absolute error of pixels in -1..1."""
Z_WEIGHT = 1e-3
"""Of the mean square of z: far out the generator was hardly trained."""
Z_LIMIT = 2.0
"""As painting cuts z."""

Paint = Callable[[Tensor, Tensor], Tensor]
"""z `[B, Z]` and features `[B, D]` to pictures `[B, 3, R, R]` in -1..1."""


class Stopped(Exception):  # noqa: N818  (no error: somebody asked for it)
    """Leaves a network in the middle."""


@dataclass(frozen=True)
class _Task:
    """What is to be come close to, and with what."""

    paint: Paint
    sight: Sight
    target: Tensor
    """`[1, 3, R, R]` in -1..1."""
    seen: Tensor
    """`[1, D]`, its embedding."""

    def compare(self, z: Tensor, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Mean absolute error of the pixels in -1..1, and squared distance between the embeddings."""
        made = self.paint(z, latent)
        return (made - self.target).abs().mean(), (self.sight.features(made) - self.seen).square().sum()


def invert(
    generator: Generator, sight: Sight, picture: Any, *, fields: FieldConfig | None = None, seed: int = 0,
    steps: int = STEPS, stop: Callable[[], bool] = lambda: False,
) -> Iterator[Inverted]:  # fmt: skip
    """Come closer to a picture (a path or a PIL image; its middle square counts): the best after each of
    `DRAWS` draws of z, then after each of `steps` + 1 steps.

    `seed` is that of the noise fields, which stand still, and of the draws. It ends where `stop` says True,
    between any two layers of the generator, which nobody else may use meanwhile. Raises ImageError for what
    is no picture, ModelError where the model cannot look at any.
    """
    target = square(picture, generator.config.resolution)[None] * 2.0 - 1.0
    work = DRAW_COST * DRAWS + steps + 1
    done = 0.0
    try:
        with interruptible(generator, stop):
            task = _Task(painter(generator, fields, seed), sight, target, sight.features(target).detach())
            for drawn in _draws(task, generator.config.z_size, seed):
                done += DRAW_COST / work
                yield replace(drawn, share=done)
            for found in _steps(task, drawn, steps):
                done += 1.0 / work
                yield replace(found, share=min(done, 1.0))
    except Stopped:
        return


def _draws(task: _Task, size: int, seed: int) -> Iterator[Inverted]:
    """After each draw, the one so far whose picture's embedding lies nearest."""
    chance = torch.Generator().manual_seed(seed)
    draws = torch.randn(DRAWS, size, generator=chance).clamp(-Z_LIMIT, Z_LIMIT)
    nearest, best = float("inf"), None
    for z in draws:
        with torch.no_grad():
            pixels, apart = task.compare(z[None], task.seen)
        if best is None or float(apart) < nearest:
            nearest, best = float(apart), _found(z[None], task.seen, pixels)
        yield best


def _steps(task: _Task, start: Inverted, steps: int) -> Iterator[Inverted]:
    """After each of Adam's steps, and before the first, the one so far with the smallest error."""
    z = torch.from_numpy(start.z)[None].clone().requires_grad_(True)
    latent = task.seen.clone().requires_grad_(True)
    rates = [{"params": [z], "lr": Z_RATE}, {"params": [latent], "lr": LATENT_RATE}]
    optimizer = torch.optim.Adam(rates)
    best: Inverted | None = None
    for _ in range(steps + 1):
        with torch.enable_grad():
            pixels, apart = task.compare(z, latent)
            loss = pixels + FEATURE_WEIGHT * apart + Z_WEIGHT * z.square().mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
        now = _found(z, latent, pixels)
        if best is None or now.error < best.error:
            best = now
        yield best
        optimizer.step()
        with torch.no_grad():
            z.clamp_(-Z_LIMIT, Z_LIMIT)
            latent.copy_(unit(functional.relu(latent)))


def _found(z: Tensor, latent: Tensor, pixels: Tensor) -> Inverted:
    error = 127.5 * float(pixels.detach())
    return Inverted(0.0, z.detach()[0].numpy().copy(), latent.detach()[0].numpy().copy(), error)


@contextmanager
def interruptible(network: nn.Module, stop: Callable[[], bool]) -> Iterator[None]:
    """Ask `stop` between layers, forward and backward: a step of a large network takes seconds.

    `Stopped` comes out of the network where it says True.
    """

    def ask(*_: Any) -> None:
        if stop():
            raise Stopped

    def passed(_module: nn.Module, _given: Any, made: Any) -> None:
        ask()
        if isinstance(made, Tensor) and made.requires_grad:
            made.register_hook(ask)  # type: ignore[no-untyped-call]

    layers = [module for module in network.modules() if not any(module.children())]
    handles = [layer.register_forward_hook(passed) for layer in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def painter(generator: Generator, fields: FieldConfig | None, seed: int) -> Paint:
    """What paints a seed's scenes, their fields standing still."""
    if fields is None:
        return generator
    at_rest = torch.zeros(1, fields.layers, 2, dtype=torch.float64)
    planes = sample_fields(torch.tensor([seed]), at_rest, fields)

    def paint(z: Tensor, latent: Tensor) -> Tensor:
        made: Tensor = generator(z, latent, [level.expand(len(z), -1, -1, -1) for level in planes])
        return made

    return paint
