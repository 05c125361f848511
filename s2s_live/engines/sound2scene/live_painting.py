"""Everything that painting a frame takes, as one network: fields are sampled in it, not handed to it.

A runtime then runs a frame in one call, and Python (and its lock) has next to nothing to do with it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.folding import LiveGenerator, stages
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.live_detail import Resting
from s2s_live.engines.sound2scene.planes import FinePlanes, moving_planes
from s2s_live.engines.sound2scene.upscaler import Upscaler, extended
from s2s_live.engines.sound2scene.upscaler_config import REACH, SIDE
from s2s_live.world.channels import FieldConfig
from s2s_live.world.live_fields import FieldSampler, StillSampler, by_phase


class LivePainting(nn.Module):
    """`forward(z, feature, tone, values, offsets, *still)` gives the levels of `LiveGenerator`.

    `values` and `offsets` are those of `LiveLattices`, `still` those of `StillPlanes`; a generator that
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


class StillPlanes(nn.Module):
    """What the still layer of a seed and the coordinates add, worked out once: from the values of
    `still_lattices` to all planes, one after the other, of the shapes that `still_shapes` tells.

    First, where there are mattes, what they read, as `Resting`. Then what is added, a bias with it, in every
    block that takes fields, and in an upscaler that does; channels last, as the networks of a CPU have them.
    """

    def __init__(self, generator: Generator, fields: FieldConfig, upscaler: Upscaler | None = None) -> None:
        super().__init__()
        self.generator, self.fields = generator, fields
        self.upscaler = upscaler if upscaler is not None and upscaler.config.planes else None
        self.sampler = StillSampler(fields.doubled() if self.upscaler is not None else fields)

    def forward(self, values: Tensor) -> Tensor:
        """See the class: `[n]`."""
        levels = self.sampler(values)
        found = self._resting(levels)
        for index, (block, _) in enumerate(stages(self.generator)):
            planes = self.generator.planes(index, levels, 1)
            if block.conv_f is None or planes is None:
                continue
            weight = block.conv_f.weight
            found.append(functional.conv2d(planes, weight, block.conv1.bias, padding=weight.shape[-1] // 2))
        if self.upscaler is not None:
            noise = self.upscaler.noise(functional.pixel_unshuffle(levels[-1], SIDE))
            found += [] if noise is None else [extended(noise, REACH - 1)]
        rows = [planes.permute(0, 2, 3, 1) if planes.dim() == 4 else planes for planes in found]
        return torch.cat([planes.reshape(-1) for planes in rows])

    def _resting(self, levels: list[Tensor]) -> list[Tensor]:
        generator, fields = self.generator, self.fields
        last = generator.config.blocks - 1
        fine = generator.fine_planes(levels[: len(fields.resolutions)], 1)
        coarse = generator.planes(last, levels, 1)
        if fine is None or coarse is None:
            return []
        moving, kinds = moving_planes(generator.config, fields, last), FinePlanes.of(fields)
        resting = [k for k in range(coarse.shape[1]) if k not in moving]
        fine = by_phase(fine)
        return [
            coarse[0, resting].transpose(0, 1),
            fine[:, list(kinds.flat)].flatten(2),
            fine[:, list(kinds.across), 0],
            fine[:, list(kinds.down), :, 0],
        ]
