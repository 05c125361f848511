"""A sound that has only just begun is told from the one before it, and listened to alone."""

import numpy as np
import pytest

from s2s_live.errors import ModelError
from s2s_live.features.changes import SHORTEST, repeated, since_change
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


def test_a_steady_sound_is_heard_whole():
    found = [since_change(columns(family, seed, 100, 100)) for family in STEADY for seed in range(8)]
    assert found.count(100) > 0.8 * len(found)


@pytest.mark.parametrize("newest", [20, 35, 50])
def test_most_other_sounds_are_heard_from_where_they_begin(newest):
    pairs = [(a, b) for a in STEADY for b in STEADY if a != b]
    found = [since_change(changed(*pair, newest, seed)) for pair in pairs for seed in range(4)]
    right = [abs(columns - newest) <= 6 for columns in found]
    assert sum(right) > 0.65 * len(right)


def test_a_clear_change_is_found_to_the_column():
    assert since_change(changed("rain", "fire", 40)) == pytest.approx(40, abs=1)


def test_a_moment_is_not_yet_another_sound():
    assert since_change(changed("rain", "engine", SHORTEST // 2)) == 100


@pytest.mark.parametrize("newest", [20, 35, 50, 65])
@pytest.mark.parametrize("below", [3.5, 6.0, 20.0])
def test_the_end_of_a_sound_is_not_another_one(newest, below):
    """`below`: how much fainter what is left, in natural logarithms."""
    for family in STEADY:
        loud = columns(family, 3, 50, 100 - newest)
        faint = np.maximum(columns("rain", 4, 50, newest) - below, np.log(1e-9))
        assert since_change(np.concatenate([loud, faint.astype(np.float32)], axis=1)) == 100


def test_a_sound_after_a_faint_one_is_heard_alone():
    loud, faint = columns("engine", 3, 50, 60), columns("rain", 4, 50, 40) - 3.0
    assert since_change(np.concatenate([faint, loud], axis=1)) == pytest.approx(60, abs=6)


def test_too_short_a_window_is_heard_whole():
    window = np.random.default_rng(0).normal(-8.0, 1.0, (64, SHORTEST + 10)).astype(np.float32)
    window[:, -SHORTEST:] += 9.0
    assert since_change(window) == window.shape[1]


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
    stream.push((0.1 * np.random.default_rng(0).standard_normal(40 * HOP)).astype(np.float32))
    return stream


def test_a_front_end_listens_to_a_new_sound_alone():
    stream = burst_into_silence(LogMelConfig(newest_sound=True))
    whole, alone = stream.window(), stream.listen({})
    assert alone.shape == whole.shape
    assert alone.dtype == np.float32
    np.testing.assert_array_equal(alone[..., -35:], whole[..., -35:])
    assert whole.min() < -1.5  # the silence before it
    assert alone.min() > -1.0


def test_unless_it_is_asked_for_windows_are_heard_whole():
    stream = burst_into_silence(LogMelConfig())
    np.testing.assert_array_equal(stream.listen({}), stream.window())


def test_a_manifest_says_so_plainly():
    data = LogMelConfig(newest_sound=True).to_json()
    assert LogMelConfig.from_json(data).newest_sound
    with pytest.raises(ModelError, match="Impossible"):
        LogMelConfig.from_json({**data, "newest_sound": 1})
