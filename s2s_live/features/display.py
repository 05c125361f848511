"""The spectrogram that is shown: cheap, without torch, its rows even on the ear's scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from s2s_live.timeline import PROGRAM_RATE, TICK

Floats = NDArray[np.float32]

FLOOR_DB = -120.0


class DisplaySpectrogram:
    """Columns of dB values, one per tick (100 a second). A full-scale sine peaks a few dB below 0.

    Each row is the mean power of its band, by the differences of running sums over the bins. Where bands are
    narrower than a bin, as at low frequencies, neighbours share it smoothly.
    """

    def __init__(
        self,
        rows: int = 192,
        low_hz: float = 40.0,
        high_hz: float = 16_000.0,
        *,
        log_rows: bool = True,
        n_fft: int = 2048,
    ) -> None:
        if rows < 1 or not 0 < low_hz < high_hz <= PROGRAM_RATE / 2 or n_fft < TICK:
            raise ValueError("rows, frequencies or window of the spectrogram are impossible")
        edges = (np.geomspace if log_rows else np.linspace)(low_hz, high_hz, rows + 1)
        self.edges: NDArray[np.float64] = edges
        """Frequencies in Hz between which the rows lie, `[rows + 1]`, ascending."""
        self.rows = rows
        self.columns_per_second = PROGRAM_RATE / TICK
        window = np.hanning(n_fft + 1)[:-1]
        self._window = (window * (2.0 / window.sum())).astype(np.float32)
        self._rest: Floats = np.zeros(n_fft - TICK, np.float32)
        self._pieces = self._bands(edges, n_fft, log_rows=log_rows)
        self._running = np.zeros(n_fft // 2 + 2)

    @staticmethod
    def _bands(
        edges: NDArray[np.float64], n_fft: int, *, log_rows: bool
    ) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
        """Where each row's band ends in the running sum over bins: whole places, parts of one, 1 / width.

        Bin b spans b - 0.5 .. b + 0.5: its power lies between places b and b + 1 of the running sum. A band
        is at least two bins wide, or low rows would show steps.
        """
        centre = np.sqrt(edges[1:] * edges[:-1]) if log_rows else (edges[1:] + edges[:-1]) / 2
        half = np.maximum(np.diff(edges) / 2, PROGRAM_RATE / n_fft)
        ends = np.stack((centre - half, centre + half)) * n_fft / PROGRAM_RATE + 0.5
        ends = ends.clip(0.0, n_fft // 2 + 1 - 1e-6)
        whole = ends.astype(np.intp)
        return whole, ends - whole, 1.0 / (ends[1] - ends[0])

    def push(self, samples: Floats) -> Floats:
        """Take the next mono samples `[n]` at 48 kHz, any n; returns the new columns `[k, rows]` in dB.

        Column k ends with sample `(k + 1) * 480` of all that was pushed; before the first there was silence.
        """
        if not np.isfinite(samples.sum()):
            samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        rest = np.concatenate((self._rest, samples))
        size = len(self._window)
        count = max((len(rest) - size) // TICK + 1, 0)
        self._rest = rest[count * TICK :]
        power = np.empty((count, self.rows))
        for k in range(count):
            power[k] = self._powers(rest[k * TICK : k * TICK + size])
        return (10.0 * np.log10(np.maximum(power, 1e-12))).astype(np.float32)

    def _powers(self, frame: Floats) -> NDArray[np.float64]:
        """Mean power of each row's band."""
        whole, part, per_width = self._pieces
        spectrum = np.fft.rfft(frame * self._window)
        running = self._running
        np.cumsum(spectrum.real**2 + spectrum.imag**2, out=running[1:])
        below = running.take(whole)
        ends = below + (running.take(whole + 1) - below) * part
        power: NDArray[np.float64] = (ends[1] - ends[0]) * per_width
        return power
