"""A sound that has only just begun is told from the one before it, and can be listened to alone."""

import numpy as np
import pytest

from s2s_live.errors import ModelError
from s2s_live.features.changes import BEFORE, SHORTEST, newest_sound, repeated
from s2s_live.features.log_mel import LogMel, LogMelConfig, log_mel
from s2s_live.world.sounds import synthesise

RATE = 16_000
HOP = 160
STEADY = ("rain", "fire", "wind", "engine", "stream")


def columns(family, seed, start, count):
    """So many columns of a synthesised sound at one level, natural logarithms."""
    sound = synthesise(family, 0.6, seed, 3.0)
    config = LogMelConfig()
    sound = (sound * (0.03 / np.sqrt(np.mean(np.square(sound))))).astype(np.float32)
    return (log_mel(sound, config) / config.scale + config.offset)[:, start : start + count]


def changed(before, after, newest, seed=3):
    old, new = columns(before, seed, 50, 100 - newest), columns(after, seed + 1, 50, newest)
    return np.concatenate([old, new], axis=1)


def test_a_steady_sound_has_not_just_begun():
    found = [newest_sound(columns(family, seed, 100, 100)) for family in STEADY for seed in range(8)]
    assert found.count((0, 0.0)) > 0.7 * len(found)


@pytest.mark.parametrize("newest", [15, 25, 35])
def test_most_other_sounds_are_told_from_where_they_begin(newest):
    pairs = [(a, b) for a in STEADY for b in STEADY if a != b]
    found = [newest_sound(changed(*pair, newest, seed))[0] for pair in pairs for seed in range(4)]
    right = [abs(columns - newest) <= 6 for columns in found]
    assert sum(right) > 0.65 * len(right)


def test_a_clear_change_is_found_to_the_column_and_is_the_clearer_the_more_it_differs():
    found, difference = newest_sound(changed("rain", "wind", 30))
    assert found == pytest.approx(30, abs=1)
    assert difference > 2 * newest_sound(changed("rain", "engine", 30))[1]


def test_a_moment_is_not_yet_another_sound():
    assert newest_sound(changed("rain", "engine", 3)) == (0, 0.0)


def test_a_sound_after_a_faint_one_has_just_begun():
    loud, faint = columns("engine", 3, 50, 30), columns("rain", 4, 50, 70) - 3.0
    assert newest_sound(np.concatenate([faint, loud], axis=1))[0] == pytest.approx(30, abs=6)


def test_too_short_a_window_says_nothing():
    window = np.random.default_rng(0).normal(-8.0, 1.0, (64, SHORTEST + BEFORE - 1)).astype(np.float32)
    window[:, -SHORTEST:] += 9.0
    assert newest_sound(window) == (0, 0.0)


@pytest.mark.parametrize("newest", [1, 3, 10])
def test_the_newest_columns_fill_the_window(newest):
    window = np.arange(20, dtype=np.float32).reshape(2, 10)
    found = repeated(window, newest)
    assert found.shape == window.shape
    for at in range(10):
        np.testing.assert_array_equal(found[:, 9 - at], window[:, 9 - at % newest])


def burst_into_silence(config):
    stream = LogMel(config)
    stream.push(np.zeros(2 * RATE, np.float32))
    stream.push((0.1 * np.random.default_rng(0).standard_normal(30 * HOP)).astype(np.float32))
    return stream


def test_a_front_end_tells_of_a_new_sound_and_gives_it_alone():
    stream = burst_into_silence(LogMelConfig(newest_sound=True))
    seconds, difference = stream.begun()
    assert seconds == pytest.approx(0.28, abs=0.02)
    assert difference > 5.0
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


def test_without_an_encoder_that_has_learnt_it_no_sound_just_begins():
    stream = burst_into_silence(LogMelConfig())
    assert stream.begun() == (0.0, 0.0)


def test_a_manifest_says_so_plainly():
    data = LogMelConfig(newest_sound=True).to_json()
    assert LogMelConfig.from_json(data).newest_sound
    with pytest.raises(ModelError, match="Impossible"):
        LogMelConfig.from_json({**data, "newest_sound": 1})
