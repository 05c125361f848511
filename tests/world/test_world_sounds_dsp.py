import numpy as np
import pytest

from s2s_live.world import sounds_dsp as dsp


def take(seconds=1.0, seed=0, intensity=0.5):
    return dsp.Take(np.random.default_rng(seed), dsp.samples_of(seconds), intensity)


def test_fast_lengths_hold_and_stay_near():
    for n in (1, 2, 100, 24000, 24001, 99999):
        assert n <= dsp.fast_length(n) <= max(2 * n, 8)


def test_unity_morph_gives_the_signal_back():
    signal = take().white()
    gains = np.ones((dsp.frames_of(signal.size), dsp.BINS.size), np.float32)
    np.testing.assert_allclose(dsp.morph(signal, gains), signal, atol=1e-4)


def test_morph_follows_its_columns():
    signal = take().white()
    times = dsp.frame_seconds(signal.size)
    gains = np.where(times[:, None] < 0.5, 1.0, 0.0) * np.ones(dsp.BINS.size)
    out = dsp.morph(signal, gains.astype(np.float32))
    assert out[:7000].std() > 0.9
    assert out[9000:].std() < 1e-3


def test_noise_has_the_spectrum_asked_for():
    out = dsp.noise(take(2.0), dsp.band(500, 1500, 4, 4))
    power = np.abs(np.fft.rfft(out)) ** 2
    freq = np.fft.rfftfreq(out.size, 1 / 16000)
    assert power[(freq > 300) & (freq < 2500)].sum() > 0.95 * power.sum()
    assert out.std() == pytest.approx(1.0, rel=1e-3)


def test_harmonics_sum_sines():
    turns = dsp.tone(200.0, 1600)
    got = dsp.harmonics(turns, np.array([1.0, 0.5], np.float32))
    t = np.arange(1600) / 16000
    # The table holds cosines: a phase of zero starts at the crest.
    want = np.cos(2 * np.pi * 200 * t) + 0.5 * np.cos(2 * np.pi * 400 * t)
    np.testing.assert_allclose(got, want, atol=0.01)


def test_wander_has_about_unit_variance_and_is_smooth():
    curves = np.stack([dsp.wander(take(4.0, seed), 3.0) for seed in range(20)])
    assert 0.6 < curves.std() < 1.3
    assert np.abs(np.diff(curves, axis=1)).max() < 0.01


def test_place_cuts_what_does_not_fit():
    out = np.zeros(5, np.float32)
    dsp.place(out, -2, np.arange(4, dtype=np.float32))
    dsp.place(out, 4, np.full(9, 7, np.float32))
    dsp.place(out, 99, np.ones(2, np.float32))
    dsp.place(out, -99, np.ones(2, np.float32))
    np.testing.assert_array_equal(out, [2, 3, 0, 0, 7])


def test_steady_is_steady_and_arrivals_lie_inside():
    moments = dsp.steady(take(3.0), 0.25)
    assert len(moments) in (11, 12, 13)
    np.testing.assert_allclose(np.diff(moments), 4000, atol=2)
    chance = dsp.arrivals(take(10.0), 50)
    assert 380 < len(chance) < 620
    assert chance.min() >= 0
    assert chance.max() < 160000


@pytest.mark.parametrize(("quiet", "start"), [(0, 0), (8000, 8000), (8100, 8000), (400, 0)])
def test_a_sound_is_loud_from_where_it_can_be_heard(quiet, start):
    samples = np.full(40_000, 0.1, np.float32)
    samples[:quiet] *= 0.01
    assert dsp.loud_from(samples) == start


def test_of_next_to_nothing_nothing_is_left_out():
    assert dsp.loud_from(np.zeros(100, np.float32)) == dsp.loud_from(np.zeros(5000, np.float32)) == 0
