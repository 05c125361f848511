"""Figures of moving pictures on frames whose motion is known, and of a real show."""

import cv2
import numpy as np
import pytest

from s2s_live.engines.registry import open_engine
from s2s_live.evaluation.world.motion import Watched, measure, show, summary, temporal


def texture(rows=128, columns=192):
    noise = np.random.default_rng(0).uniform(0, 255, (rows, columns, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.5)
    low, high = smooth.min(), smooth.max()
    return ((smooth - low) / (high - low) * 255).astype(np.uint8)


def test_a_texture_that_moves_is_explained_by_its_flow():
    wide = texture()
    frames = [wide[:, 2 * k : 2 * k + 128] for k in range(5)]
    found = measure(frames)
    assert found.warped_over_unwarped < 0.25
    assert found.mean_change > 3
    assert found.worst_over_mean < 1.1


def test_a_texture_that_is_drawn_anew_is_not():
    random = np.random.default_rng(1)
    frames = [random.integers(0, 256, (128, 128, 3), dtype=np.uint8) for _ in range(4)]
    assert measure(frames).warped_over_unwarped > 0.6


def test_flat_frames_have_the_figures_that_were_put_in():
    levels = [100, 102, 104, 112, 114]
    found = measure([np.full((64, 64, 3), level, np.uint8) for level in levels])
    assert found.mean_change == pytest.approx(14 / 4)
    assert found.worst_over_mean == pytest.approx(8 / (14 / 4))
    assert found.luminance_change_percent == pytest.approx(100 * (14 / 4) / np.mean(levels), rel=1e-3)


def test_frames_that_stand_still_have_figures_too():
    found = measure([texture()] * 3)
    assert (found.mean_change, found.worst_over_mean, found.warped_over_unwarped) == (0.0, 1.0, 0.0)


def test_a_sound_with_beats_is_left_out_of_the_summary():
    calm = {"mean_change": 1.0, "worst_over_mean": 1.2, "luminance_change_percent": 0.1}
    wild = {"mean_change": 9.0, "worst_over_mean": 5.0, "luminance_change_percent": 9.0}
    rows = {
        "sea": {**calm, "warped_over_unwarped": 0.4, "steady": True, "flow_counts": True},
        "rain": {**calm, "warped_over_unwarped": 0.9, "steady": True, "flow_counts": False},
        "dog": {**wild, "warped_over_unwarped": 1.0, "steady": False, "flow_counts": True},
    }
    assert summary(rows) == {**calm, "warped_over_unwarped": 0.4}
    assert set(summary({"dog": rows["dog"]}).values()) == {None}


def test_a_show_is_measured_through_the_engine(model_folder):
    engine = open_engine(model_folder)
    try:
        watched = Watched(engine)
        frames = list(show(watched, "rain", 0.5, 0.4))
        assert len(frames) == 12
        assert len(watched.pulses) == len(watched.paint_ms) >= 27
        found, paint_ms = temporal(engine, ["rain", "silence"], 0.5, 0.2)
    finally:
        engine.close()
    assert set(found["families"]) == {"rain", "silence"}
    assert found["families"]["silence"]["steady"]
    assert found["mean_change"] > 0
    assert 0 < paint_ms["p50"] <= paint_ms["p95"]
