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
from s2s_live.engines.sound2scene.live_detail import FinePlanes, Resting
from s2s_live.engines.sound2scene.upscaler import REACH, SIDE, Upscaler, extended
from s2s_live.world.channels import FieldConfig
from s2s_live.world.fields import sample_fields
from s2s_live.world.lattices import LiveLattices
from s2s_live.world.live_fields import FieldSampler, by_phase


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
        self.sampler: FieldSampler | None = None
        self.large = upscaler is not None and upscaler.config.planes > 0
        if fields is not None:
            size = fields.resolutions[-1]
            phased = [size] if generator.detail is not None else []
            phased += [SIDE * size] if self.large else []
            self.sampler = FieldSampler(fields.doubled() if self.large else fields, phased)

    def forward(self, z: Tensor, feature: Tensor, tone: Tensor, *scene: Tensor) -> Tensor:
        """See the class."""
        if self.sampler is None:
            return self.generator(z, feature, tone, (), ())  # type: ignore[no-any-return]
        values, offsets, *still = scene
        planes = self.sampler(values, offsets)
        large = planes.pop() if self.large else None
        resting: Resting | None = None
        if self.generator.detail is not None:
            resting, still = (still[0], still[1], still[2], still[3]), still[4:]
        standing = [plane.permute(0, 3, 1, 2) for plane in still]
        return self.generator(z, feature, tone, planes, standing, resting, large)  # type: ignore[no-any-return]


@torch.no_grad()
def still_planes(
    generator: Generator, fields: FieldConfig, seed: int, upscaler: Upscaler | None = None
) -> list[Floats]:
    """First, where there are mattes, what they read of the still layer and of the coordinates, as `Resting`.
    Then what both and a bias add in every block that takes fields, and in an upscaler that does.

    Those are `[1, r, r, C]` (for an upscaler `[1, r + 4, r + 4, C]`), channels last as the networks of a CPU
    have them.
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
        resting = sample_fields(torch.tensor([seed]), at_rest, fields.doubled())[-1]
        resting[:, fine_moving(fields)] = 0.0
        noise = upscaler.noise(functional.pixel_unshuffle(resting, SIDE))
        found += [] if noise is None else [extended(noise, REACH - 1)]
    first = _resting(generator, fields, levels)
    return first + [np.ascontiguousarray(added.permute(0, 2, 3, 1).numpy()) for added in found]


def _resting(generator: Generator, fields: FieldConfig, levels: list[Tensor]) -> list[Floats]:
    last = generator.config.blocks - 1
    fine, coarse = generator.fine_planes(levels, 1), generator.planes(last, levels, 1)
    if fine is None or coarse is None:
        return []
    moving, kinds = moving_planes(generator.config, fields, last), FinePlanes.of(fields)
    resting = [k for k in range(coarse.shape[1]) if k not in moving]
    fine = by_phase(fine)
    rests = coarse[:, resting].flatten(2).transpose(1, 2)
    found = [
        # An even count: runtimes multiply numbers of 16 bits in pairs.
        functional.pad(rests, (0, rests.shape[2] % 2)),
        fine[:, list(kinds.flat)].flatten(2),
        fine[:, list(kinds.across), 0],
        fine[:, list(kinds.down), :, 0],
    ]
    return [np.ascontiguousarray(planes.numpy()) for planes in found]


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
