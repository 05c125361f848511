"""The sound the benchmark plays: steady sounds that change, and bursts within them, at known samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.resample import StreamingResampler
from s2s_live.timeline import PROGRAM_RATE
from s2s_live.world.sounds import synthesise
from s2s_live.world.sounds_dsp import loud_from

FAMILIES = ("rain", "fire", "sea", "engine", "birds", "wind")
"""Steady sounds, each followed by one that differs in picture."""
SEGMENT_S = 4.0
BURST_AT_S = 2.6
"""Offset of the burst in its segment: the semantic change has settled by then."""
BURST_S = 0.35
GAIN = np.float32(4.0)
"""A power of two, so that taking a burst out again gives the very samples it was made from (12 dB)."""
LEVEL_DB = -30.0
SOURCE_RATE = 16_000
LULL_S = 3.0
"""Longest pause that a sound may begin with before it is taken up."""


@dataclass(frozen=True)
class Event:
    """Something begins at `sample` of the script."""

    sample: int
    kind: str
    """`semantic`: another sound; `fast`: a burst of loudness within the same one."""


@dataclass(frozen=True)
class Script:
    """A sound with changes, what happens when, and how to take the bursts out again."""

    sound: NDArray[np.float32]
    """`[n]` mono at 48 kHz."""
    events: tuple[Event, ...]

    def gains(self) -> NDArray[np.float32]:
        """`[n]`: the factor that was put on the steady sound: 1, more in bursts."""
        gains = np.ones(len(self.sound), np.float32)
        for event in self.events:
            if event.kind == "fast":
                gains[event.sample : event.sample + round(BURST_S * PROGRAM_RATE)] = GAIN
        return gains


def write_script(segments: int, seed: int = 7) -> Script:
    """A script of so many segments: each begins with another sound and holds one burst.

    Positions are jittered, so that events fall on every phase of hops and frames. Bursts do not clip: the
    steady sound leaves room for them.
    """
    rng = np.random.default_rng(seed)
    pieces, events, at = [], [], 0
    for index in range(segments):
        length = round((SEGMENT_S + rng.uniform(0.0, 0.1)) * PROGRAM_RATE)
        burst = at + round((BURST_AT_S + rng.uniform(0.0, 0.1)) * PROGRAM_RATE)
        events += [Event(at, "semantic"), Event(burst, "fast")]
        pieces.append(_steady(FAMILIES[index % len(FAMILIES)], seed + index, length))
        at += length
    script = Script(np.concatenate(pieces), tuple(events))
    return Script(script.sound * script.gains(), script.events)


def _steady(family: str, seed: int, length: int) -> NDArray[np.float32]:
    """`[length]` at 48 kHz of one family at the script's level, from where it can be heard on."""
    seconds = length / PROGRAM_RATE + 0.1
    samples = _begun(synthesise(family, 0.6, seed, seconds + LULL_S), round(seconds * SOURCE_RATE))
    upsampled = StreamingResampler(SOURCE_RATE, PROGRAM_RATE, 1).process(samples, last=True).reshape(-1)
    cut = upsampled[:length]
    rms = float(np.sqrt(np.mean(np.square(cut, dtype=np.float64))))
    levelled: NDArray[np.float32] = np.clip(
        cut * (10.0 ** (LEVEL_DB / 20.0) / max(rms, 1e-9)), -0.24, 0.24
    ).astype(np.float32)
    return levelled


def _begun(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """`length` of the samples from the first moment on that is about as loud as they are on the whole, after
    `LULL_S` at the latest.

    A sound that cannot be heard yet would be measured from before it can.
    """
    start = min(loud_from(samples), len(samples) - length)
    return samples[start : start + length]
