import numpy as np
import pytest

from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.sounds import LEVELS, MAKERS, intensity_of, loudness, synthesise


def spectrum(sound, low, high):
    """Share of the power between two frequencies."""
    power = np.abs(np.fft.rfft(sound)) ** 2
    freq = np.fft.rfftfreq(sound.size, 1 / 16000)
    return power[(freq >= low) & (freq < high)].sum() / power.sum()


def test_every_family_has_a_sound():
    assert set(MAKERS) == set(FAMILY_IDS) == set(LEVELS)


@pytest.mark.parametrize("family", FAMILY_IDS)
def test_sound_is_finite_bounded_repeatable_and_varied(family):
    for seed in range(4):
        sound = synthesise(family, seed / 3, seed, 1.2)
        assert sound.shape == (19200,)
        assert sound.dtype == np.float32
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() <= 1.0
        assert np.abs(sound).max() > 0.0
    again = synthesise(family, 1.0, 3, 1.2)
    np.testing.assert_array_equal(sound, again)
    other = synthesise(family, 1.0, 4, 1.2)
    assert not np.array_equal(sound, other)


@pytest.mark.parametrize("family", FAMILY_IDS)
def test_louder_is_more_intense(family):
    low, high = LEVELS[family]
    levels = [loudness(synthesise(family, intensity, 7, 1.5)) for intensity in (0.0, 0.5, 0.8)]
    wanted = [low, 0.5 * (low + high), low + 0.8 * (high - low)]
    np.testing.assert_allclose(levels, wanted, atol=2.5)
    assert intensity_of(family, levels[1]) == pytest.approx(0.5, abs=0.07)


def test_intensity_stays_within_bounds():
    assert intensity_of("rain", -120.0) == 0.0
    assert intensity_of("rain", 0.0) == 1.0


def test_loudness_of_known_sounds():
    t = np.arange(16000) / 16000
    sine = (0.5 * np.sin(2 * np.pi * 1000 * t)).astype(np.float32)
    assert loudness(sine) == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.02)
    bursts = np.zeros(16000, np.float32)
    bursts[:1600] = sine[:1600]
    assert loudness(bursts) == pytest.approx(loudness(sine) - 3.01, abs=0.1)
    assert loudness(np.zeros(100, np.float32)) == -120.0


@pytest.mark.parametrize(
    ("family", "low", "high", "least"),
    [("wind", 0, 1500, 0.6), ("birds", 1000, 8000, 0.5), ("storm", 0, 1000, 0.5), ("aircraft", 0, 4000, 0.5)],
)
def test_energy_lies_where_the_ear_expects_it(family, low, high, least):
    shares = [spectrum(synthesise(family, 0.5, seed, 1.5), low, high) for seed in range(12)]
    assert np.median(shares) > least


def test_a_clock_ticks_and_rain_does_not():
    def crest(family):
        sounds = [synthesise(family, 0.5, seed, 1.5) for seed in range(8)]
        return np.median([np.abs(s).max() / s.std() for s in sounds])

    assert crest("clock") > 2 * crest("rain")


def test_any_length_works():
    for family in FAMILY_IDS:
        for seconds in (0.05, 0.37):
            sound = synthesise(family, 0.5, 1, seconds)
            assert sound.size == round(seconds * 16000)
            assert np.isfinite(sound).all()


@pytest.mark.parametrize("wrong", [("moon", 0.5, 1.0), ("rain", 1.5, 1.0), ("rain", 0.5, 0.0)])
def test_wrong_requests_are_refused(wrong):
    with pytest.raises(ValueError, match=r"family|intensity"):
        synthesise(wrong[0], wrong[1], 0, wrong[2])
