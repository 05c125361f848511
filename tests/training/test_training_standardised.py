"""Standardised weights: held while learning, gone from what is kept, and nothing else changes."""

import torch
from torch.nn.utils import parametrize

from s2s_live.engines.sound2scene.config import GeneratorConfig
from s2s_live.engines.sound2scene.generator import Block, Generator
from s2s_live.training.standardised import plain, standardise

CONFIG = GeneratorConfig(
    feature_size=12, in_channels=(16, 16), out_channels=(16, 8), z_chunk=3, shared_size=10, norm="none"
)


def made(generator: Generator) -> torch.Tensor:
    torch.manual_seed(2)
    z, feature = torch.randn(2, CONFIG.z_size), torch.rand(2, 12)
    with torch.no_grad():
        return generator(z, feature)


def test_filters_have_no_mean_and_the_norm_that_is_learnt() -> None:
    generator = Generator(CONFIG)
    standardise(generator)
    blocks = [module for module in generator.modules() if isinstance(module, Block)]
    assert len(blocks) == 2
    for block in blocks:
        block.conv1.parametrizations.weight[0].gain.data.fill_(2.0)
        weight = block.conv1.weight.detach()
        assert weight.mean((1, 2, 3)).abs().max() < 1e-6
        torch.testing.assert_close(weight.square().sum((1, 2, 3)).sqrt(), torch.full((len(weight),), 2.0))


def test_what_is_kept_paints_the_same_with_plain_weights() -> None:
    generator = Generator(CONFIG)
    standardise(generator)
    optimizer = torch.optim.SGD(generator.parameters(), 0.1)
    generator(torch.randn(2, CONFIG.z_size), torch.rand(2, 12)).square().mean().backward()
    optimizer.step()
    bare = plain(generator)
    assert not any(parametrize.is_parametrized(module) for module in bare.modules())
    assert parametrize.is_parametrized(generator.blocks[0][0].conv1)  # the learner goes on
    assert set(bare.state_dict()) == set(Generator(CONFIG).state_dict())
    torch.testing.assert_close(made(bare), made(generator))
