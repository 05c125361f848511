"""Bounded activations: bounds are learnt in training, kept, and the same in every form of a generator."""

from dataclasses import replace

import pytest
import torch

from s2s_live.engines.sound2scene.bounded import LEVELS, BoundedReLU
from s2s_live.engines.sound2scene.config import FieldsConfig, GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator

CONFIG = GeneratorConfig(
    feature_size=8,
    in_channels=(16, 8),
    out_channels=(8, 8),
    z_chunk=4,
    shared_size=8,
    norm="none",
    hierarchical=False,
    bounded=True,
)


def test_bounds_follow_the_batches_and_values_take_steps():
    bent = BoundedReLU()
    x = torch.linspace(-1.0, 2.0, 301, requires_grad=True)
    first = bent(x)
    assert float(bent.bound) == pytest.approx(2.0)
    steps = first.detach() / (2.0 / LEVELS)
    torch.testing.assert_close(steps, steps.round(), atol=1e-3, rtol=0)
    assert float((first - x.clamp(min=0.0)).detach().abs().max()) <= 1.01 / LEVELS
    first.sum().backward()
    assert x.grad is not None
    assert x.grad[:99].abs().sum() == 0.0
    assert (x.grad[101:] == 1.0).all()
    for _ in range(300):
        bent(4.0 * x.detach())
    assert float(bent.bound) == pytest.approx(8.0, rel=0.02)


def test_painting_cuts_off_without_steps():
    bent = BoundedReLU().eval()
    x = torch.tensor([-1.0, 0.3333, 5.0])
    torch.testing.assert_close(bent(x), torch.tensor([0.0, 0.3333, 5.0]))
    bent.bound.fill_(2.0)
    torch.testing.assert_close(bent(x), torch.tensor([0.0, 0.3333, 2.0]))


@pytest.mark.parametrize("fields", [None, FieldsConfig(planes=(2, 2), kernels=(3, 1))], ids=["none", "some"])
def test_a_generator_keeps_its_bounds_and_uses_them(fields):
    torch.manual_seed(0)
    made = Generator(replace(CONFIG, fields=fields))
    planes = [torch.randn(1, 2, r, r) for r in (8, 16)] if fields else None
    z, feature = torch.randn(1, 4), torch.rand(1, 8)
    made(z, feature, planes)
    again = Generator(made.config).eval()
    again.load_state_dict(made.state_dict())
    bounds = [float(value) for name, value in again.state_dict().items() if name.endswith(".bound")]
    assert len(bounds) == 4
    assert all(0.0 < bound < 100.0 for bound in bounds)
    for name, value in again.named_buffers():
        if name.endswith(".bound"):
            value.mul_(0.3)
    assert not torch.equal(again(z, feature, planes), made.eval()(z, feature, planes))
