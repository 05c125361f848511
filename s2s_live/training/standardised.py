"""Weights of zero mean and unit norm while a generator learns: what scaled weight standardisation holds.

Its blocks have no normalisation, so that nothing depends on a batch. Free weights then grow from step to step
and layer to layer, until noise fields and coordinates, which join at every block, are nothing beside what
comes from below. Standardised filters keep every block's scale (Brock et al. 2021, arXiv 2101.08692).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from s2s_live.engines.sound2scene.generator import Block, Generator


class Standardised(nn.Module):
    """Filters `[out, in, k, k]` as zero-mean, unit-norm ones times a learnt gain each."""

    def __init__(self, filters: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(filters, 1, 1, 1))

    def forward(self, weight: Tensor) -> Tensor:
        """See the class."""
        centred = weight - weight.mean((1, 2, 3), keepdim=True)
        return self.gain * centred * torch.rsqrt(centred.square().sum((1, 2, 3), keepdim=True) + 1e-8)


def standardise(generator: Generator) -> None:
    """Hold the 3x3 convolutions of a generator's blocks standardised from now on."""
    for module in generator.modules():
        if isinstance(module, Block):
            for conv in (module.conv1, module.conv2):
                parametrize.register_parametrization(conv, "weight", Standardised(conv.out_channels))


def begin_with(generator: Generator, weights: Generator) -> None:
    """Let a generator, standardised or not, go on from the weights of a plain one of the same shape, whose
    filters sum to nothing where they are standardised."""
    given, mine = weights.state_dict(), generator.state_dict()
    for name in mine:
        first, middle, last = name.partition(".parametrizations.weight.")
        if not middle:
            mine[name] = given[name]
        elif last == "original":
            mine[name] = given[f"{first}.weight"]
        else:
            mine[name] = given[f"{first}.weight"].square().sum((1, 2, 3), keepdim=True).sqrt()
    generator.load_state_dict(mine)


def plain(generator: Generator) -> Generator:
    """Another generator that paints the same, its weights as they are used."""
    weights = {
        name: value for name, value in generator.state_dict().items() if ".parametrizations." not in name
    }
    for name, module in generator.named_modules():
        if parametrize.is_parametrized(module):
            weights[f"{name}.weight"] = module.weight.detach()
    bare = Generator(generator.config).train(generator.training)
    bare.load_state_dict(weights)
    return bare
