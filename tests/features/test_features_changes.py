"""A sound that has only just begun can be listened to alone."""

import numpy as np
import pytest

from s2s_live.errors import ModelError
from s2s_live.features.changes import repeated
from s2s_live.features.log_mel import LogMel, LogMelConfig

RATE = 16_000
HOP = 160


@pytest.mark.parametrize("newest", [1, 3, 10])
def test_the_newest_columns_fill_the_window(newest):
    window = np.arange(20, dtype=np.float32).reshape(2, 10)
    found = repeated(window, newest)
    assert found.shape == window.shape
    for at in range(10):
        np.testing.assert_array_equal(found[:, 9 - at], window[:, 9 - at % newest])


def burst_into_silence(config, notice=None):
    stream = LogMel(config, notice)
    stream.push(np.zeros(2 * RATE, np.float32))
    stream.push((0.1 * np.random.default_rng(0).standard_normal(30 * HOP)).astype(np.float32))
    return stream


def loud_columns(window):
    """A detector that knows one thing: silence is over."""
    loud = window[0].mean(axis=0) > -1.0
    return (int(loud.sum()), 4.5) if loud.any() else (0, 0.0)


def test_a_front_end_tells_of_a_new_sound_and_gives_it_alone():
    stream = burst_into_silence(LogMelConfig(newest_sound=True), loud_columns)
    seconds, odds = stream.begun()
    assert seconds == pytest.approx(0.3, abs=0.03)
    assert odds == 4.5
    whole, alone = stream.window(), stream.newest_alone(seconds)
    assert alone.shape == whole.shape
    assert alone.dtype == np.float32
    np.testing.assert_array_equal(alone[..., -25:], whole[..., -25:])
    assert whole.min() < -1.5  # the silence before it
    assert alone.min() > -1.0


@pytest.mark.parametrize("seconds", [0.0, 100.0])
def test_no_length_of_a_new_sound_breaks_the_window(seconds):
    stream = burst_into_silence(LogMelConfig(newest_sound=True))
    assert stream.newest_alone(seconds).shape == stream.window().shape


@pytest.mark.parametrize(("learnt", "notice"), [(False, loud_columns), (True, None)])
def test_without_an_encoder_that_has_learnt_it_or_a_detector_no_sound_just_begins(learnt, notice):
    stream = burst_into_silence(LogMelConfig(newest_sound=learnt), notice)
    assert stream.begun() == (0.0, 0.0)


def test_a_manifest_says_so_plainly():
    data = LogMelConfig(newest_sound=True).to_json()
    assert LogMelConfig.from_json(data).newest_sound
    with pytest.raises(ModelError, match="Impossible"):
        LogMelConfig.from_json({**data, "newest_sound": 1})
