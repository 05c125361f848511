"""The sound the benchmark plays: steady sounds that change, and bursts within them, at known samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.resample import StreamingResampler
from s2s_live.timeline import PROGRAM_RATE
from s2s_live.world.sounds import synthesise

FAMILIES = ("rain", "fire", "sea", "engine", "birds", "wind")
"""Steady sounds, each followed by one that differs in picture."""
SEGMENT_S = 4.0
BURST_AT_S = 2.6
"""Offset of the burst in its segment: the semantic change has settled by then."""
BURST_S = 0.35
BURST_DB = 12.0
LEVEL_DB = -30.0
SOURCE_RATE = 16_000


@dataclass(frozen=True)
class Event:
    """Something begins at `sample` of the script."""

    sample: int
    kind: str
    """`semantic`: another sound; `fast`: a burst of loudness within the same one."""


@dataclass(frozen=True)
class Script:
    """Sound with bursts, the same without, and what happens when."""

    sound: NDArray[np.float32]
    """`[n]` mono at 48 kHz."""
    calm: NDArray[np.float32]
    """`[n]`: the same without bursts."""
    events: tuple[Event, ...]


def write_script(segments: int, seed: int = 7) -> Script:
    """A script of so many segments: each begins with another sound and holds one burst.

    Positions are jittered, so that events fall on every phase of hops and frames.
    """
    rng = np.random.default_rng(seed)
    calm, gains, events = [], [], []
    at = 0
    for index in range(segments):
        length = round((SEGMENT_S + rng.uniform(0.0, 0.1)) * PROGRAM_RATE)
        sound = _steady(FAMILIES[index % len(FAMILIES)], seed + index, length)
        gain = np.ones(length, np.float32)
        burst = round((BURST_AT_S + rng.uniform(0.0, 0.1)) * PROGRAM_RATE)
        gain[burst : burst + round(BURST_S * PROGRAM_RATE)] = 10.0 ** (BURST_DB / 20.0)
        if index:
            events.append(Event(at, "semantic"))
        events.append(Event(at + burst, "fast"))
        calm.append(sound)
        gains.append(gain)
        at += length
    quiet = np.concatenate(calm)
    return Script(np.clip(quiet * np.concatenate(gains), -1.0, 1.0), quiet, tuple(events))


def _steady(family: str, seed: int, length: int) -> NDArray[np.float32]:
    """`[length]` at 48 kHz of one family at the script's level."""
    seconds = length / PROGRAM_RATE + 0.1
    samples = synthesise(family, 0.6, seed, seconds)
    upsampled = StreamingResampler(SOURCE_RATE, PROGRAM_RATE, 1).process(samples, last=True).reshape(-1)
    cut = upsampled[:length]
    rms = float(np.sqrt(np.mean(np.square(cut, dtype=np.float64))))
    levelled: NDArray[np.float32] = (cut * (10.0 ** (LEVEL_DB / 20.0) / max(rms, 1e-9))).astype(np.float32)
    return levelled
