import numpy as np
import pytest

from s2s_live.audio.levels import FLOOR_DB, LevelTrack
from s2s_live.audio.ring import SamplesLost
from s2s_live.timeline import PROGRAM_RATE, TICK


def sine(amplitude, seconds=1.0, hz=1_000.0):
    t = np.arange(round(PROGRAM_RATE * seconds)) / PROGRAM_RATE
    return (amplitude * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def tracked(mono):
    track = LevelTrack(seconds=len(mono) / PROGRAM_RATE)
    track.push(mono[: len(mono) // TICK * TICK])
    return track


def test_levels_are_rms_in_dbfs():
    track = tracked(np.concatenate([np.zeros(TICK, np.float32), sine(1.0, 0.01), sine(0.1, 0.01)]))
    assert track.level(0) == FLOOR_DB
    assert track.level(1) == pytest.approx(-3.01, abs=0.01)
    assert track.level(2) == pytest.approx(-23.01, abs=0.01)


def test_opposite_channels_do_not_cancel():
    left = sine(0.5, 0.01)
    track = LevelTrack()
    track.push(np.stack([left, -left], axis=1))
    assert track.level(0) == pytest.approx(-9.03, abs=0.01)


def test_the_same_to_the_bit_however_the_sound_is_handed_over():
    rng = np.random.default_rng(0)
    sound = (rng.standard_normal((400 * TICK, 2)) * rng.random((400 * TICK, 1)) ** 4).astype(np.float32)
    whole = LevelTrack(5.0)
    whole.push(sound)
    pieces, at = LevelTrack(5.0), 0
    while at < 400:
        step = int(rng.integers(1, 9))
        pieces.push(np.asfortranarray(sound[at * TICK : (at + step) * TICK]))
        at += step
    assert np.array_equal(whole.levels(0, 400), pieces.levels(0, 400))
    assert np.array_equal(whole.onsets(0, 400), pieces.onsets(0, 400))


def test_onsets_at_clicks_and_at_nothing_else():
    mono = np.random.default_rng(0).standard_normal(4 * PROGRAM_RATE).astype(np.float32) * 0.003
    hits = [100, 150, 210, 300]
    for tick in hits:
        mono[tick * TICK : tick * TICK + 2_400] += sine(0.3, 0.05, 700.0) * np.exp(-np.arange(2_400) / 500)
    onsets = tracked(mono).onsets(0, 400)
    for tick in hits:
        assert onsets[tick : tick + 2].max() > 0.3
    others = np.arange(400) > 2  # that the noise sets in is an onset
    for tick in hits:
        others[tick : tick + 3] = False
    assert onsets[others].max() < 0.1


@pytest.mark.parametrize("amplitude", [1e-5, 0.01, 0.3])
def test_steady_noise_has_next_to_no_onsets(amplitude):
    mono = np.random.default_rng(1).standard_normal(5 * PROGRAM_RATE).astype(np.float32) * amplitude
    onsets = tracked(mono).onsets(20, 500)  # the beginning of the noise is an onset
    assert np.count_nonzero(onsets > 0.1) <= 3


def test_onsets_look_at_the_past_only():
    mono = np.random.default_rng(2).standard_normal(100 * TICK).astype(np.float32) * 0.1
    changed = mono.copy()
    changed[60 * TICK :] = 0.9
    assert np.array_equal(tracked(mono).onsets(0, 60), tracked(changed).onsets(0, 60))


def test_old_ticks_are_refused_and_future_ones_too():
    track = LevelTrack(seconds=0.1)
    track.push(np.zeros((30 * TICK, 2), np.float32))
    assert track.ticks == 30
    assert len(track.levels(20, 30)) == 10
    with pytest.raises(SamplesLost):
        track.level(0)
    with pytest.raises(ValueError, match="30 known"):
        track.level(30)
    with pytest.raises(ValueError, match="whole ticks"):
        track.push(np.zeros((TICK + 1, 2), np.float32))
