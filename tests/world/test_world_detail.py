"""How fine pictures are, on cases whose answer is known."""

import pytest
import torch
from torch.nn import functional

from s2s_live.world.detail import detail_ratio, fine_energy


def test_a_picture_is_as_fine_as_itself_and_finer_than_its_blur():
    torch.manual_seed(0)
    picture = torch.rand(2, 3, 64, 64)
    assert detail_ratio(picture, picture) == pytest.approx(1.0)
    blurred = functional.avg_pool2d(picture, 3, 1, 1)
    assert detail_ratio(blurred, picture) < 0.1
    assert detail_ratio(0.5 * picture, picture) == pytest.approx(0.25)


@pytest.mark.parametrize(("cycles", "fine"), [(8, False), (12, False), (20, True), (28, True)])
def test_fine_is_above_half_the_nyquist_frequency(cycles, fine):
    wave = 0.5 + 0.5 * torch.sin(2 * torch.pi * cycles * torch.arange(64) / 64)
    across = wave.expand(1, 3, 64, 64)
    for picture in (across, across.transpose(2, 3)):
        energy = float(fine_energy(picture))
        assert energy > 10.0 if fine else energy < 1e-3


def test_a_gradient_from_edge_to_edge_is_not_fine():
    ramp = torch.linspace(0.0, 1.0, 64).expand(1, 3, 64, 64)
    assert float(fine_energy(ramp)) < 1e-3
