"""The generator while it learns, and its first blocks as smaller ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from s2s_live.engines.sound2scene.config import GeneratorConfig
from s2s_live.engines.sound2scene.generator import ConditionalNorm, Generator
from s2s_live.training.standardised import plain, standardise
from s2s_live.world.channels import FLOW, SMOOTH, WORLD_FIELDS, FieldConfig


class Growing(nn.Module):
    """The generator, and its first blocks as smaller generators: same weights, other output layers."""

    def __init__(self, config: GeneratorConfig, sizes: Sequence[int]) -> None:
        super().__init__()
        self.full = Generator(config)
        if config.norm == "none":
            standardise(self.full)
        self.parts = nn.ModuleDict(
            {str(size): self._part(size) for size in sizes if size < config.resolution}
        )
        self.apply(_prepare)

    def _part(self, size: int) -> Generator:
        part = Generator(part_config(self.full.config, size))
        part.shared_feat, part.linear = self.full.shared_feat, self.full.linear
        part.mapping = self.full.mapping
        part.blocks = nn.ModuleList(list(self.full.blocks)[: part.config.blocks])
        return part

    def at(self, size: int) -> nn.Module:
        """The generator of pictures of that size."""
        return self.full if size == self.full.config.resolution else self.parts[str(size)]

    def plain(self, size: int) -> Generator:
        """The generator of that size as it is to be kept: without what only training needs."""
        found = self.at(size)
        if not isinstance(found, Generator):
            raise TypeError(f"there is no generator of {size} pixels")
        return plain(found)

    def part(self, size: int) -> Generator | None:
        """The smaller generator of that size, if there is one."""
        found = dict(self.parts.items()).get(str(size))
        return found if isinstance(found, Generator) else None


def load_growing(state: dict[str, Any]) -> Growing:
    """The averaged generator of a checkpoint, with its parts."""
    config = GeneratorConfig.from_json(state["config"])
    names = {key.split(".")[1] for key in state["average"] if key.startswith("parts.")}
    model = Growing(config, [int(name) for name in names])
    model.load_state_dict(state["average"])
    return model.eval()


def fields_of(state: Mapping[str, Any]) -> FieldConfig:
    """The fields that the generator of a checkpoint takes."""
    # Where a checkpoint does not tell it is from before any but the world's were taken.
    return FieldConfig.from_dict(state["fields"]) if "fields" in state else WORLD_FIELDS


def part_config(config: GeneratorConfig, size: int) -> GeneratorConfig:
    """The numbers of the generator's first blocks, up to pictures of that size."""
    if size == config.resolution:
        return config
    count = next(k for k in range(config.blocks) if config.block_resolution(k) == size) + 1
    fields = config.fields and replace(
        config.fields,
        planes=config.fields.planes[:count],
        kernels=config.fields.kernels[:count],
        fine=0,
        mattes=0,
        lines=0,
        templates=0,
    )
    inside, outside = config.in_channels[:count], config.out_channels[:count]
    return replace(config, in_channels=inside, out_channels=outside, fields=fields, shuffle=1, final_kernel=3)


@torch.no_grad()
def _prepare(module: nn.Module) -> None:
    """Where training begins: nearly linear output, norms that condition a little.

    An output layer whose ReLU is closed somewhere would never open there.
    """
    if isinstance(module, Generator):
        for name, weight in module.output_layer.named_parameters():
            if name == "0.bias":
                weight.fill_(1.0)
            elif name == "2.weight":
                weight.mul_(0.3)
        if module.detail is not None:
            module.detail.reset(_peaks(module.config))
    elif isinstance(module, ConditionalNorm):
        for linear in (module.gain, module.bias):
            linear.weight.mul_(0.5)


def _peaks(config: GeneratorConfig) -> list[tuple[bool, int]]:
    """Where mattes begin: at fine noise that varies both ways, then at what flows in the last block, leaves
    and sparks before spray."""
    *_, coarse, fine = WORLD_FIELDS.channels
    if config.fields is None or (config.fields.planes[-1], config.fields.fine) != (len(coarse), len(fine)):
        return []
    found = [(True, k) for k, c in enumerate(fine) if c.kind == SMOOTH and c.columns and c.rows]
    flowing = [(c.columns, k) for k, c in enumerate(coarse) if c.layer == FLOW and c.columns == c.rows >= 64]
    return found + [(False, k) for _, k in sorted(flowing)]
