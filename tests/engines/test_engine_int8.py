"""Which convolutions are computed in 8 bits, and with which ranges."""

import pytest
import torch
from engines.small_network import samples

from s2s_live.engines import openvino_int8
from s2s_live.engines.openvino_compiled import I8, Request, compile_model
from s2s_live.engines.openvino_convert import convert
from s2s_live.engines.openvino_int8 import quantize
from s2s_live.engines.runtime import psnr


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


def test_pooled_activations_are_activations():
    torch.manual_seed(0)
    made = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 3), torch.nn.ReLU(), torch.nn.MaxPool2d(2), torch.nn.Conv2d(16, 16, 3),
        torch.nn.MaxPool2d(2), torch.nn.Conv2d(16, 16, 2), torch.nn.Conv2d(16, 16, 1),
    ).eval()  # fmt: skip
    model = quantize(convert(made, samples()[0]), samples())
    assert [node.get_type_name() for node in model.get_ordered_ops()].count("FakeQuantize") == 2


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


@pytest.fixture
def doubling():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 272, 3, padding=1), torch.nn.ReLU(), torch.nn.ConvTranspose2d(272, 16, 4, 2, 1),
        torch.nn.ReLU(), torch.nn.Conv2d(16, 3, 3, padding=1),
    ).eval()  # fmt: skip


def test_wide_doubling_convolutions_are_computed_in_8_bits_on_any_processor(doubling):
    compiled = compile_model(quantize(convert(doubling, samples()[0]), samples()), I8, 1)
    told = [node.get_rt_info() for node in compiled.get_runtime_model().get_ordered_ops()]
    ways = [(str(info["layerType"].value), str(info["primitiveType"].value)) for info in told]
    assert not [way for layer, way in ways if layer == "Deconvolution" and "I8" not in way]
    # One, or four plain ones in its place.
    assert sum("I8" in way for layer, way in ways if layer in {"Deconvolution", "Convolution"}) in {1, 4}


def test_where_they_would_not_be_they_are_four_plain_ones_and_give_the_same(doubling, monkeypatch):
    def all_of_them(model):
        nodes = model.get_ordered_ops()
        return {node.get_friendly_name() for node in nodes if "Backprop" in node.get_type_name()}

    monkeypatch.setattr(openvino_int8, "_left_in_32_bits", all_of_them)
    model = quantize(convert(doubling, samples()[0]), samples())
    kinds = [node.get_type_name() for node in model.get_ordered_ops()]
    assert "ConvolutionBackpropData" not in kinds
    assert (kinds.count("Convolution"), kinds.count("DepthToSpace")) == (2 + 4, 1)
    item = samples(20)[-1]
    found = Request(compile_model(model, I8, 1)).run(item)
    with torch.no_grad():
        expected = doubling(torch.from_numpy(item[0])).numpy()
    assert psnr(found, expected) > 40
