"""Networks in 8 bits: near enough, chosen only where they are, kept and named."""

import logging

import numpy as np
import pytest
import torch

from s2s_live.engines import openvino_runtime
from s2s_live.engines.openvino_int8 import quantize
from s2s_live.engines.openvino_runtime import OpenVinoRuntime, convert
from s2s_live.engines.runtime import TorchRuntime, open_runtime, psnr


@pytest.fixture
def network():
    torch.manual_seed(0)
    made = torch.nn.Sequential(
        torch.nn.ReLU(),
        torch.nn.Conv2d(3, 16, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.ConvTranspose2d(16, 16, 4, 2, 1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(16, 3, 3, padding=1),
    ).eval()
    return lambda: made


def samples(count=12, scale=1.0):
    rng = np.random.default_rng(3)
    return [[scale * rng.standard_normal((1, 3, 16, 16)).astype(np.float32)] for _ in range(count)]


@pytest.fixture
def always(monkeypatch):
    """8 bits wherever they are near enough, faster or not."""
    monkeypatch.setattr(openvino_runtime, "WORTHWHILE", np.inf)


def test_it_gives_about_what_torch_gives(network, always):
    runtime = OpenVinoRuntime(network, lambda: samples()[0], samples=samples)
    assert runtime.name == "openvino-i8"
    item = samples(20)[-1]
    expected = TorchRuntime(network()).run(*item)
    assert 35 < psnr(runtime.run(*item), expected) < 80


def test_every_convolution_is_quantised_but_the_one_that_gives_the_picture(network):
    model = quantize(convert(network(), samples()[0]), samples())
    nodes = model.get_ordered_ops()
    reduced = [
        node.get_type_name() for node in nodes if node.get_type_name().startswith("Convolution")
        and node.input_value(0).get_node().get_type_name() == "FakeQuantize"
    ]  # fmt: skip
    assert reduced == ["Convolution", "ConvolutionBackpropData"]
    assert [node.get_type_name() for node in nodes].count("FakeQuantize") == 2 * 2


def test_a_cell_of_four_pixels_is_a_picture_whatever_comes_after_it():
    torch.manual_seed(0)
    made = torch.nn.Sequential(
        torch.nn.ReLU(), torch.nn.Conv2d(3, 16, 3, padding=1), torch.nn.ReLU(),
        torch.nn.Conv2d(16, 12, 3, padding=1), torch.nn.Conv2d(12, 48, 3, padding=1),
    ).eval()  # fmt: skip
    model = quantize(convert(made, samples()[0]), samples())
    assert [node.get_type_name() for node in model.get_ordered_ops()].count("FakeQuantize") == 2


def test_what_takes_no_activations_stays_in_32_bits(network):
    model = quantize(convert(network()[1:], samples()[0]), samples())
    assert [node.get_type_name() for node in model.get_ordered_ops()].count("FakeQuantize") == 2
    with pytest.raises(RuntimeError, match="no convolution"):
        quantize(convert(torch.nn.Conv2d(3, 16, 3).eval(), samples()[0]), samples())


def test_a_learnt_bound_is_the_range_whatever_samples_show():
    torch.manual_seed(0)
    made = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3, padding=1), torch.nn.Hardtanh(0.0, 2.5), torch.nn.Conv2d(16, 16, 3),
        torch.nn.ReLU(), torch.nn.Conv2d(16, 3, 3),
    ).eval()  # fmt: skip
    model = quantize(convert(made, samples()[0]), samples(12, 0.01))
    quantised = next(
        node for node in model.get_ordered_ops()
        if node.get_type_name() == "FakeQuantize" and node.input_value(0).get_node().get_type_name() == "Add"
    )  # fmt: skip
    assert [float(quantised.input_value(k).get_node().get_data().max()) for k in (1, 2)] == [0.0, 2.5]


def test_what_is_not_near_enough_stays_in_32_bits(network, always, monkeypatch, caplog):
    monkeypatch.setattr(openvino_runtime, "LEAST_PSNR", 90.0)
    with caplog.at_level(logging.INFO):
        runtime = open_runtime(network, lambda: samples()[0], samples=samples)
    assert runtime.name == "openvino-f32"
    assert "PSNR" in caplog.text


def test_ranges_that_samples_did_not_show_are_found_out(network, always):
    few = samples(8, 0.05) + samples(4)
    assert OpenVinoRuntime(network, lambda: few[0], samples=lambda: few).name == "openvino-f32"


def test_what_is_not_faster_stays_in_32_bits(network, monkeypatch):
    monkeypatch.setattr(openvino_runtime, "WORTHWHILE", 0.0)
    assert OpenVinoRuntime(network, lambda: samples()[0], samples=samples).name == "openvino-f32"


def test_the_choice_is_kept(network, always, tmp_path):
    first = OpenVinoRuntime(network, lambda: samples()[0], samples=samples, cache=tmp_path / "a")
    item = samples(20)[-1]
    found = first.run(*item).copy()

    def not_called():
        raise AssertionError("needed no more")

    again = OpenVinoRuntime(not_called, not_called, samples=not_called, cache=tmp_path / "a")
    assert again.name == first.name == "openvino-i8"
    np.testing.assert_array_equal(again.run(*item), found)


def test_a_network_without_convolutions_stays_as_it_is(always):
    item = [np.ones((1, 4), np.float32)]
    runtime = OpenVinoRuntime(lambda: torch.nn.Linear(4, 2).eval(), lambda: item, samples=lambda: [item] * 8)
    assert runtime.name == "openvino-f32"


def test_psnr_is_that_of_the_books():
    picture = np.array([0.0, 255.0, 10.0, 20.0], np.float32)
    assert psnr(picture + 2.55, picture) == pytest.approx(40.0, abs=1e-4)
