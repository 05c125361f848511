"""What the input meter shows, and the measurement behind the "Set level" button."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.levels import FLOOR_DB
from s2s_live.audio.mixing import GAIN_RANGE_DB
from s2s_live.timeline import PROGRAM_RATE, TICK, TICK_S

Floats = NDArray[np.float32]

CLIP_AT = 0.999
"""A sample at or above this counts as clipped..."""
CLIP_SAMPLES = 3
"""...if a block has this many: a single full-scale sample is no damage."""

LOUD_TARGET_DB = -18.0
"""Where the loud parts should lie."""


class InputMeter:
    """Peaks, clipping and digital silence. Written by the feed alone; readers see single values."""

    HELD_TICKS = 30
    CLIP_HELD_S = 1.0

    def __init__(self) -> None:
        self._peaks = np.zeros(self.HELD_TICKS, np.float32)
        self._ticks = 0
        self._clipped_at = -1_000_000
        self._zero_s = 0.0

    def heard(self, raw: Floats, sample_rate: int) -> None:
        """A block as the source gave it, `[n, channels]`."""
        peak = self.note_clipping(raw)
        self._zero_s = self._zero_s + len(raw) / sample_rate if peak == 0.0 else 0.0

    def note_clipping(self, raw: Floats) -> float:
        """Look for clipping alone in a block `[n, channels]`; returns its peak."""
        peak = max(float(raw.max()), -float(raw.min()))
        if peak >= CLIP_AT and np.count_nonzero(np.abs(raw) >= CLIP_AT) >= CLIP_SAMPLES:
            self._clipped_at = self._ticks
        return peak

    def reset_zero(self) -> None:
        """Another source, or none: its silence is not counted on."""
        self._zero_s = 0.0

    def push(self, ticks: Floats) -> None:
        """The ticks of the programme as written, `[k * TICK, 2]`."""
        for start in range(0, len(ticks), TICK):
            tick = ticks[start : start + TICK]
            peak = max(float(tick.max()), -float(tick.min()))
            self._peaks[self._ticks % self.HELD_TICKS] = peak
            if peak > 1.0 and np.count_nonzero(np.abs(tick) > 1.0) >= CLIP_SAMPLES:
                self._clipped_at = self._ticks
            self._ticks += 1

    @property
    def peak_db(self) -> float:
        """Highest sample of the last 0.3 s, dBFS."""
        peak = float(self._peaks.max())
        return max(FLOOR_DB, 20.0 * float(np.log10(peak))) if peak > 0.0 else FLOOR_DB

    @property
    def clipped(self) -> bool:
        """Whether the input, or the programme after the gain, was clipped in the last second."""
        return (self._ticks - self._clipped_at) * TICK_S <= self.CLIP_HELD_S

    @property
    def zero_seconds(self) -> float:
        """For how long every sample of the source has been exactly zero."""
        return self._zero_s


def mean_level(levels: Floats) -> float:
    """Level in dBFS of ticks of these levels taken together."""
    if not len(levels):
        return FLOOR_DB
    return max(FLOOR_DB, 10.0 * float(np.log10(np.mean(10.0 ** (levels.astype(np.float64) / 10.0)))))


@dataclass(frozen=True)
class LevelSuggestion:
    """What the "Set level" button found."""

    gain_db: float
    """Suggested input gain; the present one where nothing was heard."""
    gate_db: float
    """Suggested silence gate, dBFS of the programme with the suggested gain."""
    loud_db: float
    """Level of the loud parts as measured, with the present gain."""
    floor_db: float
    """Level of the quiet parts as measured, with the present gain."""
    message: str
    """A sentence for the user."""


def suggest_level(levels: Floats, gain_db: float) -> LevelSuggestion:
    """Gain and gate from tick levels measured with `gain_db`.

    The loud parts (95th percentile) come to -18 dBFS; the gate lies between the quiet parts (10th
    percentile) and the loud ones, nearer the quiet, and below a sound that is steady throughout.
    """
    heard = levels[levels > FLOOR_DB]
    if not len(heard):
        return LevelSuggestion(
            gain_db, -60.0, FLOOR_DB, FLOOR_DB, "Nothing was heard. Make some sound and set the level again."
        )
    loud = float(np.percentile(levels, 95))
    if loud <= FLOOR_DB:
        loud = float(heard.max())
    quiet = float(np.percentile(levels, 10))
    low, high = GAIN_RANGE_DB
    gain = round(min(max(gain_db + LOUD_TARGET_DB - loud, low), high), 1)
    spread = loud - quiet
    gate = quiet + 0.4 * spread if spread >= 12.0 else loud - 12.0
    gate = round(min(max(gate, loud - 30.0) + gain - gain_db, -20.0), 1)
    said = f"Gain {gain:+.1f} dB, silence below {gate:.0f} dB."
    if loud + gain - gain_db < LOUD_TARGET_DB - 1.0:
        said += " The input is very quiet: raise its level in the system's sound settings."
    return LevelSuggestion(gain, max(gate, -100.0), loud, quiet, said)


def ticks_of(seconds: float) -> int:
    """Whole ticks in a time."""
    return round(seconds * PROGRAM_RATE / TICK)
