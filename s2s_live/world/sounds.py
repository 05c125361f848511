"""The bundled world's sounds: a family, an intensity and a seed give a sound of its own.

Everything but the intensity is drawn from the seed: the same arguments give the same samples. The level
follows the intensity (louder rain is heavier rain): `LEVELS` is the scale that training, too, reads it off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from s2s_live.world import (
    sounds_creatures,
    sounds_machines,
    sounds_music,
    sounds_nature,
    sounds_people,
)
from s2s_live.world.sounds_dsp import SAMPLE_RATE, Floats, Take, db, floats, samples_of

__all__ = ["LEVELS", "MAKERS", "SAMPLE_RATE", "intensity_of", "loudness", "synthesise"]

Maker = Callable[[Take], Floats]

MAKERS: Mapping[str, Maker] = MappingProxyType(
    {
        "rain": sounds_nature.rain,
        "storm": sounds_nature.storm,
        "sea": sounds_nature.sea,
        "stream": sounds_nature.stream,
        "wind": sounds_nature.wind,
        "fire": sounds_nature.fire,
        "birds": sounds_creatures.birds,
        "night_insects": sounds_creatures.night_insects,
        "dog": sounds_creatures.dog,
        "rooster": sounds_creatures.rooster,
        "city_traffic": sounds_machines.city_traffic,
        "train": sounds_machines.train,
        "aircraft": sounds_machines.aircraft,
        "engine": sounds_machines.engine,
        "clock": sounds_machines.clock,
        "bell": sounds_machines.bell,
        "voice": sounds_people.voice,
        "baby": sounds_people.baby,
        "crowd": sounds_people.crowd,
        "music": sounds_music.music,
        "silence": sounds_nature.silence,
    }
)
"""How each family's sound is made. Its order is not the order of the families."""

_COMMON = (-46.0, -10.0)
LEVELS: Mapping[str, tuple[float, float]] = MappingProxyType(
    dict.fromkeys(MAKERS, _COMMON)
    | {
        "birds": (-48.0, -14.0),
        "night_insects": (-48.0, -14.0),
        "clock": (-50.0, -18.0),
        "silence": (-84.0, -58.0),
    }
)
"""Loudness (dBFS, see `loudness`) of each family at intensity 0 and at intensity 1."""

_STEP = 160


def loudness(samples: Floats) -> float:
    """Level of the louder moments of a sound, dBFS: mean power of the loudest fifth of its 10 ms steps.

    A clock that ticks twice a second is as loud as its ticks; steady noise as loud as its RMS. Floor -120.
    """
    whole = samples[: samples.size // _STEP * _STEP]
    if whole.size == 0:
        whole = np.pad(samples, (0, _STEP - samples.size))
    power = np.sort(np.mean(np.square(whole.reshape(-1, _STEP), dtype=np.float64), axis=1))
    loudest = power[-max(1, power.size // 5) :]
    return float(10 * np.log10(max(float(loudest.mean()), 1e-12)))


def intensity_of(family: str, loudness_db: float) -> float:
    """The intensity (0..1) at which this family is this loud."""
    low, high = LEVELS[family]
    return float(min(max((loudness_db - low) / (high - low), 0.0), 1.0))


def _rounded(samples: Floats) -> Floats:
    """Peaks above 0.7 bent back under 1, everything below untouched."""
    size = np.abs(samples)
    bent = 0.7 + 0.3 * np.tanh((size - 0.7) / 0.3)
    return floats(np.where(size > 0.7, np.sign(samples) * bent, samples))


def synthesise(family: str, intensity: float, seed: int, seconds: float) -> Floats:
    """A sound of `family`: `[seconds * 16000]` mono, float32, within -1..1.

    `intensity` 0..1 sets the level (`LEVELS`) and how much happens; `seed` decides everything else.
    Raises `ValueError` for an unknown family, an intensity outside 0..1 or no length.
    """
    maker = MAKERS.get(family)
    if maker is None:
        raise ValueError(f"no sound family is called {family!r}")
    if not 0.0 <= intensity <= 1.0 or seconds <= 0:
        raise ValueError("intensity must lie in 0..1 and seconds above 0")
    chance = np.random.default_rng([seed, *family.encode()])
    sound = maker(Take(chance, samples_of(seconds), intensity))
    low, high = LEVELS[family]
    wanted = low + (high - low) * intensity
    return _rounded(sound * np.float32(db(wanted - loudness(sound))))
