"""Everything that painting a frame takes, as one network: fields are sampled in it, not handed to it.

A runtime then runs a frame in one call, and Python (and its lock) has next to nothing to do with it.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.base import Floats
from s2s_live.engines.sound2scene.folding import LiveGenerator, fine_moving, moving_planes, stages
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.upscaler import CELL, Upscaler, extended
from s2s_live.world.fields import FieldConfig, sample_fields
from s2s_live.world.live_fields import FieldSampler, LiveLattices, by_phase


class LivePainting(nn.Module):
    """`forward(z, feature, tone, values, offsets, *still)` gives the levels of `LiveGenerator`.

    `values` and `offsets` are those of `LiveLattices`, `still` those of `still_planes`; a generator that
    takes no fields has neither.
    """

    def __init__(
        self, generator: Generator, fields: FieldConfig | None, upscaler: Upscaler | None = None
    ) -> None:
        super().__init__()
        self.generator = LiveGenerator(generator, fields, upscaler)
        phased = generator.detail is not None
        self.sampler = FieldSampler(fields, phased=phased) if fields is not None else None

    def forward(self, z: Tensor, feature: Tensor, tone: Tensor, *scene: Tensor) -> Tensor:
        """See the class."""
        if self.sampler is None:
            return self.generator(z, feature, tone, (), ())  # type: ignore[no-any-return]
        values, offsets, *still = scene
        planes = self.sampler(values, offsets)
        resting = (still.pop(0), still.pop(0)) if self.generator.detail is not None else None
        standing = [plane.permute(0, 3, 1, 2) for plane in still]
        return self.generator(z, feature, tone, planes, standing, resting)  # type: ignore[no-any-return]


@torch.no_grad()
def still_planes(
    generator: Generator, fields: FieldConfig, seed: int, upscaler: Upscaler | None = None
) -> list[Floats]:
    """First, where there are mattes, what they read of the still layer and of the coordinates, coarse and
    fine `by_phase`: `[1, n, r * r]`, `[1, n, 4 * r * r]`. Then what both and a bias add in every block that
    takes fields, and in an upscaler that does.

    Those are `[1, r, r, C]`, channels last as the networks of a CPU have them.
    """
    config = generator.config
    at_rest = torch.zeros(1, fields.layers, 2, dtype=torch.float64)
    levels = sample_fields(torch.tensor([seed]), at_rest, fields)
    found = []
    for index, (block, _) in enumerate(stages(generator)):
        if block.conv_f is None:
            continue
        weight = block.conv_f.weight.clone()
        weight[:, moving_planes(config, fields, index)] = 0.0
        planes = generator.planes(index, levels, 1)
        if planes is None:
            continue
        added = functional.conv2d(planes, weight, block.conv1.bias, padding=weight.shape[-1] // 2)
        found.append(added)
    if upscaler is not None and upscaler.config.planes:
        resting = levels[-1].clone()
        resting[:, fine_moving(fields)] = 0.0
        noise = upscaler.noise(extended(functional.pixel_unshuffle(resting, CELL)))
        found += [] if noise is None else [noise]
    first = _resting(generator, fields, levels)
    return first + [np.ascontiguousarray(added.permute(0, 2, 3, 1).numpy()) for added in found]


def _resting(generator: Generator, fields: FieldConfig, levels: list[Tensor]) -> list[Floats]:
    last = generator.config.blocks - 1
    fine, coarse = generator.fine_planes(levels, 1), generator.planes(last, levels, 1)
    if fine is None or coarse is None:
        return []
    found = []
    for planes, moving in (
        (coarse, moving_planes(generator.config, fields, last)),
        (by_phase(fine), fine_moving(fields)),
    ):
        resting = [k for k in range(planes.shape[1]) if k not in moving]
        found.append(np.ascontiguousarray(planes[:, resting].flatten(2).numpy()))
    return found


class Scene:
    """The fields of one seed, as `LivePainting` takes them. Not for several threads at once."""

    def __init__(
        self, generator: Generator, fields: FieldConfig, seed: int, upscaler: Upscaler | None = None
    ) -> None:
        self.seed = seed
        self._lattices = LiveLattices(seed, fields)
        self._still = still_planes(generator, fields, seed, upscaler)

    def at(self, displacement: NDArray[np.float64]) -> list[Floats]:
        """Values, offsets and still planes at displacements `[layers, 2]`; the next call overwrites them."""
        return [*self._lattices.at(displacement), *self._still]
