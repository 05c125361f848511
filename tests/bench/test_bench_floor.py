"""What a network multiplies is counted as it is run, and the rate is one that this machine reaches."""

import numpy as np
import pytest
import torch

from s2s_live.bench import floor
from s2s_live.engines.openvino_compiled import F32, KINDS
from s2s_live.engines.openvino_convert import convert


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(floor, "SIDE", 128)
    monkeypatch.setattr(floor, "RUNS", 3)


def model():
    torch.manual_seed(0)
    made = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, padding=1), torch.nn.ReLU(), torch.nn.ConvTranspose2d(16, 8, 4, 2, 1),
        torch.nn.ReLU(), torch.nn.Conv2d(8, 4, 3, stride=2, padding=1), torch.nn.Flatten(),
        torch.nn.Linear(4 * 16 * 16, 5),
    ).eval()  # fmt: skip
    return convert(made, [np.zeros((1, 3, 16, 16), np.float32)])


MACS = [16 * 3 * 9 * 16 * 16, 16 * 8 * 16 * 16 * 16, 4 * 8 * 9 * 16 * 16, 4 * 16 * 16 * 5]
"""Of the first convolution, the transposed, the last, and the dense layer."""


def test_multiplications_are_those_of_every_layer():
    found = [floor.executed_macs(node) for node in model().get_ordered_ops()]
    assert sorted(count for count in found if count) == sorted(MACS)


def test_the_floor_is_what_is_multiplied_at_the_best_rate(monkeypatch):
    taken = iter([1e6, 1e-3, 1e-4, 1.0])  # the matrix product, then the convolutions, the largest first
    monkeypatch.setattr(floor, "_seconds", lambda *_: next(taken))
    found = floor.measure_floor(model(), F32, 1)
    assert found.gmacs == pytest.approx(sum(MACS) / 1e9)
    best = sorted(MACS[:3])[1] / 1e-4
    assert found.seconds == pytest.approx(sum(MACS) / best)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_timed(kind):
    assert 0 < floor.measure_floor(model(), kind, 1).seconds < 1
