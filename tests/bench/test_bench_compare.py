"""The comparison runs the same networks both ways: equal pictures, from small ones that are quick."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from s2s_live.bench import compare, gpu
from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.engines.sound2scene.generator import Generator

SMALL = replace(
    compare.OFFICIAL_128,
    feature_size=32,
    in_channels=(32, 32, 16),
    out_channels=(32, 16, 16),
    attention_after=1,
    shared_size=24,
)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(compare, "OFFICIAL_128", SMALL)
    monkeypatch.setattr(compare, "OFFICIAL_ENCODER", AudioEncoderConfig(18, 8, 32))
    monkeypatch.setattr(compare, "ROUNDS", 2)


def test_computed_as_published_a_generator_paints_the_same():
    torch.manual_seed(0)
    generator = Generator(SMALL).eval().requires_grad_(False)
    z, feature = torch.randn(2, SMALL.z_size), torch.rand(2, 32)
    with torch.no_grad():
        expected, found = generator(z, feature), compare.Published(generator)(z, feature)
    # Sums in another order: their rounding differs from processor to processor.
    torch.testing.assert_close(found, expected, atol=5e-5, rtol=0.0)


def test_the_networks_are_those_of_the_paper():
    with torch.device("meta"):
        generator = Generator(compare.OFFICIAL_128)
    assert compare.OFFICIAL_128.resolution == 128
    # The published checkpoint counts its norms' stored numbers and those of spectral norm as well.
    assert sum(p.numel() for p in generator.parameters()) == pytest.approx(77_160_132, rel=2e-3)


def test_both_ways_give_one_picture(small):
    found = compare.compare(1, reduced=False)
    assert found["largest_difference"] < 2e-2
    assert found["contrast"] > 0.1, "a flat picture shows no difference"
    assert found["psnr_db"] > 40
    for name in ("official_speedup", "generator_speedup", "published_ms", "ours_ms"):
        assert np.isfinite(found[name])
        assert found[name] > 0
    assert found["threads"] == 1
    for stage in ("paint", "hear"):
        assert found[f"{stage}_over_floor"] > 0.5
        assert found[f"{stage}_floor"]["gmacs"] > 0


def test_both_kinds_are_reported(small):
    found = compare.run_comparison(1)
    assert {"machine", "model", "fp32", "reduced"} == set(found)


def test_what_a_gpu_does_is_measured_on_what_there_is(small, monkeypatch):
    monkeypatch.setattr(gpu, "WARM_UPS", 1)
    found = gpu.measure("cuda" if torch.cuda.is_available() else "cpu", 1, rounds=3)
    assert found["hear_paint_ms"]["p95"] >= found["hear_paint_ms"]["p50"] > 0
    assert 0 < found["pictures_per_s"] < 1e3 / found["hear_paint_ms"]["p50"] * 3
    assert set(found["runtime"]) == {"hearing", "painting"}
    if not torch.cuda.is_available():
        assert gpu.gpu_figures(1) is None
