"""What a model's pictures of twice the lines add to plain interpolation."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from s2s_live.engines.sound2scene.upscaler import Upscaler, upscaled
from s2s_live.evaluation.world.material import World
from s2s_live.world.detail import detail_ratio
from s2s_live.world.render import render


def upscaling(world: World, upscaler: Upscaler, count: int) -> dict[str, Any]:
    """Figures over `count` scenes of each family, rendered at the model's size and at twice that.

    `psnr_gain` is the mean of how much nearer than bicubic interpolation the upscaled render comes to the
    large one, dB; `detail_ratio` energy above half the Nyquist frequency, upscaled over large render;
    `generated_psnr_gain` the same gain of the generator's pictures, whose own errors bound it.
    """
    gains, own, details = [], [], {}
    for name, index in zip(world.families, world.indices, strict=True):
        family = torch.full((count,), index)
        scenes = world.draw(family, world.uniform(count))
        small = world.rendered(scenes)
        large = render(scenes.family, scenes.intensity, scenes.z, scenes.fields, 2 * world.size)
        planes = scenes.fields.levels(world.fields.doubled())[-1]
        made = upscaled(upscaler, small, planes)
        gains.append((_psnr(made, large) - _psnr(bicubic(small), large)).mean())
        details[name] = detail_ratio(made, large)
        painted = world.generated(scenes, world.conditions(family, scenes.intensity))
        own.append(
            (_psnr(upscaled(upscaler, painted, planes), large) - _psnr(bicubic(painted), large)).mean()
        )
    ends = {"least": min(details.values()), "greatest": max(details.values())}
    return {
        "psnr_gain": float(torch.stack(gains).mean()),
        "generated_psnr_gain": float(torch.stack(own).mean()),
        "detail_ratio": {**ends, "families": details},
    }


def bicubic(pictures: Tensor) -> Tensor:
    """What plain interpolation makes of them."""
    return functional.interpolate(pictures, scale_factor=2.0, mode="bicubic").clamp(0.0, 1.0)


def _psnr(made: Tensor, truth: Tensor) -> Tensor:
    error = (made - truth).square().mean((1, 2, 3)).clamp(min=1e-9)
    return -10.0 * torch.log10(error)
