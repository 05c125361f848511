"""The shown spectrogram: levels and frequencies are right, and chunks do not matter."""

import numpy as np
import pytest

from s2s_live.features.display import FLOOR_DB, DisplaySpectrogram

RATE = 48_000


def sine(hz, seconds=0.5, level=1.0):
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


@pytest.mark.parametrize("log_rows", [True, False])
@pytest.mark.parametrize("hz", [60.0, 440.0, 3000.0, 12_000.0])
def test_a_tone_lights_its_row(hz, log_rows):
    display = DisplaySpectrogram(log_rows=log_rows)
    column = display.push(sine(hz))[-1]
    row = int(column.argmax())
    tolerance = RATE / 2048 * 1.5
    assert display.edges[row] - tolerance <= hz <= display.edges[row + 1] + tolerance


def test_levels_are_decibels():
    loud = DisplaySpectrogram().push(sine(1000.0))[-1].max()
    soft = DisplaySpectrogram().push(sine(1000.0, level=0.01))[-1].max()
    assert -8.0 < loud < 0.0
    assert loud - soft == pytest.approx(40.0, abs=0.01)


def test_chunks_do_not_matter():
    rng = np.random.default_rng(0)
    samples = rng.standard_normal(RATE).astype(np.float32) * 0.1
    whole = DisplaySpectrogram().push(samples)
    pieces, display, at = [], DisplaySpectrogram(), 0
    while at < len(samples):
        size = int(rng.integers(0, 3000))
        pieces.append(display.push(samples[at : at + size]))
        at += size
    assert whole.shape == (100, 192)
    np.testing.assert_allclose(np.concatenate(pieces), whole, atol=1e-3)


def test_silence_and_damaged_samples_are_finite():
    display = DisplaySpectrogram()
    np.testing.assert_array_equal(display.push(np.zeros(RATE, np.float32)), FLOOR_DB)
    assert np.isfinite(display.push(np.full(4800, np.nan, np.float32))).all()


def test_impossible_settings_are_refused():
    with pytest.raises(ValueError, match="impossible"):
        DisplaySpectrogram(low_hz=100.0, high_hz=50.0)
