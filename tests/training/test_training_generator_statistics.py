"""Norms with stored statistics only, trained: values of the stored, gradients of the batch's."""

import pytest
import torch

from s2s_live.engines.sound2scene.config import GeneratorConfig
from s2s_live.engines.sound2scene.generator import ConditionalNorm, Generator
from s2s_live.training.statistics import SETTLED, BatchStatistics, calibrate


@pytest.fixture
def norm() -> ConditionalNorm:
    made = ConditionalNorm(3, 2, statistics=True)
    torch.nn.init.zeros_(made.gain.weight)
    torch.nn.init.zeros_(made.bias.weight)
    return made


def batch(seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 5.0 + 3.0 * torch.randn(8, 3, 16, 16, generator=generator)


def test_stored_statistics_come_to_be_those_of_the_batches(norm: ConditionalNorm) -> None:
    statistics = BatchStatistics(norm)
    norm.train()
    for step in range(SETTLED[1] + 50):
        statistics.step = step
        out = norm(batch(step), torch.zeros(8, 2))
    assert statistics.share == 1.0
    torch.testing.assert_close(norm.stored_mean, torch.full((3,), 5.0), atol=0.1, rtol=0)
    torch.testing.assert_close(norm.stored_var, torch.full((3,), 9.0), atol=0.4, rtol=0)
    assert not norm.stored_mean.requires_grad
    norm.eval()
    torch.testing.assert_close(norm(batch(step), torch.zeros(8, 2)), out, atol=0.05, rtol=0)


def test_gradients_are_those_of_batch_normalisation(norm: ConditionalNorm) -> None:
    BatchStatistics(norm)
    norm.train()
    x = batch().requires_grad_()
    (norm(x, torch.zeros(8, 2)) * batch(1)).sum().backward()
    ours = x.grad.clone()
    x.grad = None
    (torch.nn.functional.batch_norm(x, None, None, training=True) * batch(1)).sum().backward()
    torch.testing.assert_close(ours, x.grad, atol=2e-3, rtol=1e-2)


def test_painting_leaves_the_statistics_alone(norm: ConditionalNorm) -> None:
    BatchStatistics(norm)
    norm.eval()
    norm(batch(), torch.zeros(8, 2))
    assert norm.stored_mean.tolist() == [0.0, 0.0, 0.0]


def test_calibration_makes_a_network_see_unit_variance() -> None:
    config = GeneratorConfig(8, (8, 8), (8, 8), z_chunk=4, shared_size=8)
    network = Generator(config).eval()
    torch.manual_seed(0)
    z, feature = torch.randn(64, 12), torch.rand(64, 8)
    calibrate(network, [lambda: network(z, feature)] * 3)
    seen: list[torch.Tensor] = []
    hook = network.output_layer[0].register_forward_hook(lambda *given: seen.append(given[2]))
    network(z, feature)
    hook.remove()
    assert seen[0].mean((0, 2, 3)).abs().max() < 0.01
    torch.testing.assert_close(seen[0].var((0, 2, 3)), torch.ones(8), atol=0.02, rtol=0)
