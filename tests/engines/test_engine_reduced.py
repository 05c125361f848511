"""Networks in fewer bits: near enough, chosen only where they are and faster, kept and named."""

import logging

import numpy as np
import pytest
import torch
from engines.small_network import ALWAYS, NEVER, samples

from s2s_live.engines import openvino_reduced
from s2s_live.engines.openvino_compiled import in_16_bits
from s2s_live.engines.openvino_runtime import OpenVinoRuntime
from s2s_live.engines.runtime import (
    LEAST_COSINE,
    Leeway,
    cosine,
    embedding_leeway,
    open_runtime,
    picture_leeway,
    psnr,
)
from s2s_live.engines.torch_runtime import TorchRuntime


def pictures(given=samples):
    return Leeway(given, psnr, 35.0, whole_numbers=True)


@pytest.fixture
def always(monkeypatch):
    """Fewer bits wherever they are near enough, faster or not."""
    monkeypatch.setattr(openvino_reduced, "WORTHWHILE", ALWAYS)


@pytest.fixture
def only_8_bits(always, monkeypatch):
    monkeypatch.setattr(openvino_reduced, "supports", lambda kind: kind == "openvino-i8")


@pytest.fixture
def only_16_bits(always, monkeypatch):
    monkeypatch.setattr(openvino_reduced, "supports", lambda kind: kind == "openvino-bf16")


def test_in_8_bits_it_gives_about_what_torch_gives(network, only_8_bits):
    runtime = OpenVinoRuntime(network, lambda: samples()[0], leeway=pictures())
    assert runtime.name == "openvino-i8"
    item = samples(20)[-1]
    expected = TorchRuntime(network()).run(*item)
    assert 35 < psnr(runtime.run(*item), expected) < 80


def test_in_16_bits_it_gives_about_what_torch_gives(network, only_16_bits):
    leeway = Leeway(samples, psnr, 35.0)
    runtime = OpenVinoRuntime(network, lambda: samples()[0], leeway=leeway)
    assert runtime.name == "openvino-bf16"
    item = samples(20)[-1]
    assert psnr(runtime.run(*item), TorchRuntime(network()).run(*item)) > 40


def test_where_16_bits_are_fast_8_are_not_tried(network, always, monkeypatch):
    monkeypatch.setattr(openvino_reduced, "supports", lambda _: True)
    monkeypatch.setattr(openvino_reduced, "ENOUGH", np.inf)
    monkeypatch.setattr(openvino_reduced, "ENOUGH_S", np.inf)
    monkeypatch.setattr(openvino_reduced, "quantize", lambda *_: pytest.fail("tried"))
    runtime = OpenVinoRuntime(network, lambda: samples()[0], leeway=pictures())
    assert runtime.name == "openvino-bf16"


def test_where_they_are_not_8_are(network, always, monkeypatch, caplog):
    monkeypatch.setattr(openvino_reduced, "supports", lambda _: True)
    monkeypatch.setattr(openvino_reduced, "ENOUGH_S", 0.0)
    with caplog.at_level(logging.INFO):
        runtime = OpenVinoRuntime(network, lambda: samples()[0], leeway=pictures())
    assert runtime.name in {"openvino-bf16", "openvino-i8-bf16", "openvino-i8"}
    for kind in ("openvino-bf16", "openvino-i8-bf16", "openvino-i8"):
        assert f"({kind})" in caplog.text


def test_quick_8_bits_with_16_beside_them_do_not_spare_those_with_32(network, always, monkeypatch, caplog):
    monkeypatch.setattr(openvino_reduced, "supports", lambda kind: kind != "openvino-bf16")
    monkeypatch.setattr(openvino_reduced, "ENOUGH", np.inf)
    monkeypatch.setattr(openvino_reduced, "ENOUGH_S", np.inf)
    with caplog.at_level(logging.INFO):
        OpenVinoRuntime(network, lambda: samples()[0], leeway=pictures())
    assert "(openvino-i8-bf16)" in caplog.text
    assert "(openvino-i8)" in caplog.text


def test_what_is_not_near_enough_stays_in_32_bits(network, only_8_bits, caplog):
    leeway = Leeway(samples, psnr, 90.0, whole_numbers=True)
    with caplog.at_level(logging.INFO):
        runtime = open_runtime(network, lambda: samples()[0], leeway=leeway)
    assert runtime.name == "openvino-f32"
    assert "openvino-i8 is not near enough: psnr" in caplog.text


def test_a_way_that_fails_is_left_out(network, only_8_bits, monkeypatch, caplog):
    real = openvino_reduced.compile_model

    def compiled(model, kind, threads):
        if kind == "openvino-i8":
            raise ArithmeticError("no such convolution")
        return real(model, kind, threads)

    monkeypatch.setattr(openvino_reduced, "compile_model", compiled)
    with caplog.at_level(logging.INFO):
        assert OpenVinoRuntime(network, lambda: samples()[0], leeway=pictures()).name == "openvino-f32"
    assert "openvino-i8 fails: no such convolution" in caplog.text


def test_a_way_whose_nearness_is_no_number_is_refused(network, only_8_bits):
    def unknown(*_):
        return float("nan")

    leeway = Leeway(samples, unknown, 35.0, whole_numbers=True)
    assert OpenVinoRuntime(network, lambda: samples()[0], leeway=leeway).name == "openvino-f32"


def test_ranges_that_samples_did_not_show_are_found_out(network, only_8_bits):
    few = samples(8, 0.05) + samples(4)
    runtime = OpenVinoRuntime(network, lambda: few[0], leeway=pictures(lambda: few))
    assert runtime.name == "openvino-f32"


def test_what_is_not_faster_stays_in_32_bits(network, monkeypatch):
    monkeypatch.setattr(openvino_reduced, "WORTHWHILE", NEVER)
    assert OpenVinoRuntime(network, lambda: samples()[0], leeway=pictures()).name == "openvino-f32"


@pytest.mark.parametrize(
    ("exact", "reduced", "chosen"),
    [(6.0, 4.0, True), (6.0, 5.5, False), (1.2, 0.6, False), (20.0, 19.0, False), (2.2, 1.1, True)],
)
def test_fewer_bits_must_spare_a_tenth_and_a_millisecond(exact, reduced, chosen):
    ways = [
        openvino_reduced._Way(kind, None, None, 1e-3 * took)
        for kind, took in (("f32", exact), ("i8", reduced))
    ]
    assert (openvino_reduced._choice(ways).kind == "i8") == chosen


def test_the_choice_is_kept(network, only_8_bits, tmp_path):
    first = OpenVinoRuntime(network, lambda: samples()[0], leeway=pictures(), cache=tmp_path / "a")
    item = samples(20)[-1]
    found = first.run(*item).copy()

    def not_called():
        raise AssertionError("needed no more")

    again = OpenVinoRuntime(not_called, not_called, leeway=pictures(not_called), cache=tmp_path / "a")
    assert again.name == first.name == "openvino-i8"
    np.testing.assert_array_equal(again.run(*item), found)


def test_a_network_without_convolutions_is_not_computed_in_8_bits(only_8_bits):
    item = [np.ones((1, 4), np.float32)]
    leeway = pictures(lambda: [item] * 8)
    assert OpenVinoRuntime(lambda: torch.nn.Linear(4, 2).eval(), lambda: item, leeway=leeway).name == (
        "openvino-f32"
    )


def test_embeddings_are_not_computed_in_8_bits(network, only_8_bits):
    runtime = OpenVinoRuntime(network, lambda: samples()[0], leeway=embedding_leeway(samples))
    assert runtime.name == "openvino-f32"


def test_embeddings_are_where_that_is_allowed_and_they_stay_near(network, only_8_bits):
    def embedding():
        return torch.nn.Sequential(network(), torch.nn.Flatten())

    leeway = embedding_leeway(samples, whole_numbers=True)
    runtime = OpenVinoRuntime(embedding, lambda: samples()[0], leeway=leeway)
    assert runtime.name == "openvino-i8"
    exact = OpenVinoRuntime(embedding, lambda: samples()[0])
    for item in samples(20)[-3:]:
        assert LEAST_COSINE <= cosine(runtime.run(*item), exact.run(*item)) < 1.0


def test_8_bits_need_samples_to_measure_ranges_on(network, only_8_bits):
    few = samples(openvino_reduced.HELD_BACK)
    runtime = OpenVinoRuntime(network, lambda: few[0], leeway=pictures(lambda: few))
    assert runtime.name == "openvino-f32"


class Levels(torch.nn.Module):
    """Levels of a moving picture before one that rests."""

    def forward(self, moving, resting):
        return (100.0 * moving + resting).clamp(0.5, 255.49)


@pytest.mark.parametrize("prefer", ["openvino", "torch"])
def test_levels_come_as_bytes_with_decimals_cut_off(prefer):
    rng = np.random.default_rng(0)
    resting = (200.0 * rng.random((1, 2, 64, 64))).astype(np.float32)
    moving = [rng.standard_normal((1, 1, 64, 64)).astype(np.float32) for _ in range(6)]
    leeway = picture_leeway(lambda: [[m, resting] for m in moving], resting=1)
    runtime = open_runtime(Levels, lambda: [moving[0], resting], leeway=leeway, prefer=prefer)
    found = runtime.run(moving[0], resting)
    exact = (100.0 * moving[0] + resting).clip(0.5, 255.49).astype(np.uint8)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - exact).max() <= (1 if prefer == "openvino" else 0)


def test_what_rests_is_handed_over_once_in_16_bits_and_anew_where_it_is_another(only_16_bits):
    rng = np.random.default_rng(0)
    resting = [(200.0 * rng.random((1, 2, 64, 64))).astype(np.float32) for _ in range(2)]
    moving = rng.standard_normal((1, 1, 64, 64)).astype(np.float32)
    leeway = Leeway(lambda: [[moving, resting[0]]] * 6, psnr, 35.0, levels=True, resting=1)
    runtime = OpenVinoRuntime(Levels, lambda: [moving, resting[0]], leeway=leeway)
    assert runtime.name == "openvino-bf16"
    for background in (*resting, *resting):
        found = runtime.run(moving, background)
        exact = (100.0 * moving + background).clip(0.5, 255.49)
        assert psnr(found + 0.5, exact) > 40
        np.multiply(moving, 0.5, out=moving)  # what moves may be written to


def test_numbers_are_rounded_to_the_nearest_of_16_bits():
    numbers = np.concatenate([np.random.default_rng(0).standard_normal(1000) * 100, [0.0, -2.5, 1e-30]])
    found = in_16_bits(numbers.astype(np.float32)).data.view(np.uint16)
    expected = torch.from_numpy(numbers.astype(np.float32)).bfloat16().view(torch.uint16).numpy()
    np.testing.assert_array_equal(found, expected)


def test_psnr_is_that_of_the_books():
    picture = np.array([0.0, 255.0, 10.0, 20.0], np.float32)
    assert psnr(picture + 2.55, picture) == pytest.approx(40.0, abs=1e-4)
    assert psnr(np.array([0, 250], np.uint8), np.array([5, 255], np.uint8)) == pytest.approx(34.0, abs=0.1)


def test_cosine_is_that_of_the_farthest_row():
    one, other = np.array([[1.0, 0.0], [3.0, 4.0]]), np.array([[2.0, 0.0], [4.0, 3.0]])
    assert cosine(one, other) == pytest.approx(24.0 / 25.0)
    assert cosine(one, one) == pytest.approx(1.0)


def test_where_its_runs_fail_another_runtime_takes_over(network, monkeypatch, caplog):
    monkeypatch.setattr(openvino_reduced, "by_turns", lambda runs, *_: dict.fromkeys(runs, float("inf")))
    found = open_runtime(network, lambda: samples()[0], leeway=pictures())
    assert not found.name.startswith("openvino-")
    assert "OpenVINO cannot run this network (its runs fail)" in caplog.text
