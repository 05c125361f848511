"""From a source's block to the programme's stereo: bad samples, channel choice, gain, two sounds as one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from s2s_live.timeline import TICK

Floats = NDArray[np.float32]

GAIN_RANGE_DB = (-40.0, 40.0)
MIX_RANGE_DB = (-60.0, 12.0)
"""Of each sound of a mix; at the lower end it is silent."""


def clean(block: Floats) -> tuple[Floats, int]:
    """`block` with NaN and infinite samples set to 0, and how many there were."""
    if math.isfinite(float(block.max())) and math.isfinite(float(block.min())):  # either passes a NaN on
        return block, 0
    finite = np.isfinite(block)
    return np.where(finite, block, np.float32(0.0)), block.size - int(np.count_nonzero(finite))


def to_stereo(block: Floats, channel: int | None) -> Floats:
    """`[n, channels]` to `[n, 2]`: one channel on both sides, or the mix for None.

    The mix of one or two channels is what they are; of more it is their mean. A channel the source does not
    have gives the mix.
    """
    channels = block.shape[1]
    if channel is not None and 0 <= channel < channels:
        mono = block[:, channel]
    elif channels == 2:
        return block
    elif channels == 1:
        mono = block[:, 0]
    else:
        mono = block.mean(axis=1, dtype=np.float32)
    return np.repeat(mono[:, None], 2, axis=1)


def apply_gain(ticks: Floats, previous: float, gain: float) -> Floats:
    """Whole ticks `[k * TICK, 2]` times `gain`; a change is spread over the first tick so that it does not
    click.
    """
    if previous == gain:
        return ticks if gain == 1.0 else ticks * np.float32(gain)
    factors = np.full((len(ticks), 1), gain, np.float32)
    factors[:TICK, 0] = np.linspace(previous, gain, TICK, dtype=np.float32)
    return ticks * factors


def factor(gain_db: float) -> float:
    """Amplitude factor of a gain in dB, held within GAIN_RANGE_DB; not a number counts as 0 dB."""
    low, high = GAIN_RANGE_DB
    return 10.0 ** (min(max(gain_db, low), high) / 20.0) if gain_db == gain_db else 1.0


def mix_factor(gain_db: float) -> float:
    """Amplitude factor of a mix gain in dB, held within MIX_RANGE_DB; at its lower end exactly 0.

    Not a number counts as 0 dB.
    """
    low, high = MIX_RANGE_DB
    if gain_db != gain_db:
        return 1.0
    return 10.0 ** (min(gain_db, high) / 20.0) if gain_db > low else 0.0


def full_scale(mix: Floats) -> Floats:
    """`mix` clipped to -1..1, as a sum of two recordings is in the papers."""
    clipped: Floats = np.clip(mix, np.float32(-1.0), np.float32(1.0))
    return clipped


class Fader:
    """One sound's gain in a mix; a change is spread over up to a tick so that it does not click."""

    def __init__(self) -> None:
        self._factor: float | None = None

    def apply(self, samples: Floats, gain_db: float) -> Floats:
        """`[n, 2]` times the gain, in dB as for `mix_factor`."""
        wanted = mix_factor(gain_db)
        before, self._factor = self._factor, wanted
        if before is None or before == wanted or not len(samples):
            return samples if wanted == 1.0 else samples * np.float32(wanted)
        factors = np.full((len(samples), 1), wanted, np.float32)
        turn = min(TICK, len(samples))
        factors[:turn, 0] = np.linspace(before, wanted, turn, dtype=np.float32)
        return samples * factors
