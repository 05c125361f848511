"""Loudness and onsets on the control grid: one value of each per tick, from the sound before it alone."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.ring import SamplesLost
from s2s_live.timeline import PROGRAM_RATE, TICK, TICK_S

Floats = NDArray[np.float32]

FLOOR_DB = -120.0
"""Level of digital silence."""

_WINDOW = 1024  # samples looked at for onsets: the tick and a little before it
_BANDS = 24
_LOW_HZ, _HIGH_HZ = 80.0, 16_000.0
_BAND_FLOOR = 1e-7  # power in a band below which changes do not count (about -70 dBFS)
_LAG = 2  # ticks back to compare with: a window covers two ticks
_MEMORY = 32  # ticks over which the usual flux is averaged
_THRESHOLD_DB = 3.0  # mean rise over the bands that is never an onset...
_OVER_USUAL = 2.0  # ...nor is this many times the usual rise
_FULL_DB = 15.0  # mean rise above the threshold that is an onset of strength 1


def _band_edges() -> NDArray[np.intp]:
    """First FFT bin of each band, strictly rising, then the end of the last band."""
    hz = np.geomspace(_LOW_HZ, _HIGH_HZ, _BANDS + 1)
    edges = np.round(hz * _WINDOW / PROGRAM_RATE).astype(np.intp)
    for i in range(1, len(edges)):
        edges[i] = max(edges[i], edges[i - 1] + 1)
    return edges


class OnsetDetector:
    """Spectral flux in log-spaced bands against an adaptive threshold. Causal: looks at the past only."""

    def __init__(self) -> None:
        window = np.hanning(_WINDOW + 1)[:-1]
        self._window = window
        self._scale = 2.0 / float(np.sum(window)) ** 2
        self._edges = _band_edges()
        self._past = np.zeros(_WINDOW)
        self._bands = np.full((_LAG + 1, _BANDS), 10.0 * np.log10(_BAND_FLOOR))
        self._usual = 0.0
        self._count = 0

    def push(self, mono: NDArray[np.float64]) -> float:
        """Take the next tick `[TICK]`; return the strength of the onset in it, 0..1."""
        self._past[:-TICK] = self._past[TICK:]
        self._past[-TICK:] = mono
        spectrum = np.fft.rfft(self._past * self._window)
        power = (spectrum.real**2 + spectrum.imag**2) * self._scale
        sums = np.add.reduceat(power[: self._edges[-1]], self._edges[:-1])
        bands = 10.0 * np.log10(sums + _BAND_FLOOR)
        rise = bands - self._bands[(self._count + 1) % (_LAG + 1)]
        self._bands[self._count % (_LAG + 1)] = bands
        flux = float(np.add.reduce(np.maximum(rise, 0.0))) / _BANDS
        threshold = _THRESHOLD_DB + _OVER_USUAL * self._usual
        # An onset hardly counts as usual: a fast beat must not hide itself.
        self._usual += (min(flux, 2.0 * self._usual + 1.0) - self._usual) / _MEMORY
        self._count += 1
        return min(1.0, max(0.0, (flux - threshold) / _FULL_DB))


class LevelTrack:
    """Level and onset of every tick, the newest `seconds` of them kept.

    One thread pushes, any thread reads. A tick's values depend on the samples alone, never on how they were
    handed over, so live and offline agree to the bit.
    """

    def __init__(self, seconds: float = 60.0) -> None:
        self.capacity = max(1, round(seconds / TICK_S)) + 1
        self._levels: Floats = np.full(self.capacity, FLOOR_DB, np.float32)
        self._onsets: Floats = np.zeros(self.capacity, np.float32)
        self._detector = OnsetDetector()
        self._tick = np.zeros((TICK, 2))  # fixed memory: the sums then run in the same order every time
        self._squares = np.zeros((TICK, 2))
        self._mono = np.zeros(TICK)
        self._ticks = 0

    @property
    def ticks(self) -> int:
        """Ticks pushed since the start."""
        return self._ticks

    def push(self, samples: Floats) -> None:
        """Take whole ticks, `[k * TICK, 2]` or `[k * TICK]` mono, at the programme's rate."""
        if len(samples) % TICK:
            raise ValueError(f"whole ticks of {TICK} samples expected, got {len(samples)}")
        for start in range(0, len(samples), TICK):
            tick = samples[start : start + TICK]
            self._tick[:] = tick if tick.ndim == 2 else tick[:, None]
            self._push_tick()

    def _push_tick(self) -> None:
        np.add(self._tick[:, 0], self._tick[:, 1], out=self._mono)
        np.multiply(self._mono, 0.5, out=self._mono)
        np.multiply(self._tick, self._tick, out=self._squares)
        power = float(np.add.reduce(self._squares, axis=None)) / self._squares.size
        level = 10.0 * math.log10(power) if power > 0.0 else FLOOR_DB
        at = self._ticks % self.capacity
        self._levels[at] = max(FLOOR_DB, level)
        self._onsets[at] = self._detector.push(self._mono)
        self._ticks += 1

    def level(self, tick: int) -> float:
        """RMS level of a tick in dBFS, -120..0 and a little more; both channels' mean power."""
        return float(self.levels(tick, tick + 1)[0])

    def onset(self, tick: int) -> float:
        """Strength of the onset in a tick, 0..1."""
        return float(self.onsets(tick, tick + 1)[0])

    def levels(self, start: int, stop: int) -> Floats:
        """Levels of ticks start..stop. Raises SamplesLost (in ticks) or ValueError as a ring does."""
        return self._read(self._levels, start, stop)

    def onsets(self, start: int, stop: int) -> Floats:
        """Onset strengths of ticks start..stop; errors as for `levels`."""
        return self._read(self._onsets, start, stop)

    def _read(self, values: Floats, start: int, stop: int) -> Floats:
        if start < 0 or stop > self._ticks:
            raise ValueError(f"ticks {start}..{stop} asked for, {self._ticks} known")
        out: Floats = values[np.arange(start, stop) % self.capacity]
        # Looked at after the copy; the slot being written now may already be gone, hence the + 1.
        lost = min(stop - start, self._ticks + 1 - self.capacity - start)
        if lost > 0:
            raise SamplesLost(lost)
        return out
