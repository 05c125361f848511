"""What a network multiplies is counted as it is run, and the rate is one that this machine reaches."""

import numpy as np
import pytest
import torch

from s2s_live.bench import floor
from s2s_live.engines.openvino_runtime import convert


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


def test_multiplications_are_those_of_every_layer():
    first, transposed = 16 * 3 * 9 * 16 * 16, 16 * 8 * 16 * 16 * 16
    last, dense = 4 * 8 * 9 * 16 * 16, 4 * 16 * 16 * 5
    found = [floor.executed_macs(node) for node in model().get_ordered_ops()]
    assert sorted(count for count in found if count) == sorted([first, transposed, last, dense])


@pytest.mark.parametrize("kind", ["openvino-f32", "openvino-bf16", "openvino-i8", "openvino-i8-bf16"])
def test_the_floor_is_what_is_multiplied_at_the_best_rate(kind):
    found = floor.measure_floor(model(), kind, 1)
    assert found.gmacs == pytest.approx(sum(map(floor.executed_macs, model().get_ordered_ops())) / 1e9)
    assert found.gmacs_per_s > 0
    assert found.seconds == pytest.approx(found.gmacs / found.gmacs_per_s)
