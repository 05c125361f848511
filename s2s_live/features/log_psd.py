"""The official log power spectral density of Sound2Scene, window-standardised.

Frames of 512 samples every 159, periodic Tukey window, mean removed, one-sided density, `log(P + 1e-7)`, then
mean and deviation of the whole window taken out. Equal to `scipy.signal.spectrogram` with its defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2s_live.errors import ModelError
from s2s_live.features.stream import Columns, ColumnStream, Floats

Doubles = NDArray[np.float64]

SAMPLE_RATE = 16_000
FRAME = 512
OVERLAP = 353
HOP = FRAME - OVERLAP
BINS = FRAME // 2 + 1
TUKEY_ALPHA = 0.25
FLOOR = 1e-7
EPS = 1e-9
OFFICIAL_SAMPLES = 10 * SAMPLE_RATE
"""Ten seconds: what the official loader brings every clip to."""


@dataclass(frozen=True)
class LogPsdConfig:
    """Numbers of the log-PSD front end; all but the window's length are fixed by the official checkpoint."""

    frames: int = (OFFICIAL_SAMPLES - FRAME) // HOP + 1
    """Columns of a window; 1004 are the official 10 s."""

    def __post_init__(self) -> None:
        frames: Any = self.frames
        if isinstance(frames, bool) or not isinstance(frames, int) or frames < 1:
            raise ModelError(
                f"Impossible log-PSD window of {self.frames!r} columns.", "Get the model folder again."
            )

    def to_json(self) -> dict[str, Any]:
        """As the manifest takes it."""
        return {"kind": "log_psd", "frames": self.frames}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LogPsdConfig:
        """Read what `to_json` wrote. Raises ModelError for unknown or impossible numbers."""
        if unknown := sorted(set(data) - {"kind", "frames"}):
            raise ModelError(f"Log-PSD front end: unknown {unknown}.", "Update s2s-live.")
        return cls(data["frames"]) if "frames" in data else cls()


FILL = "fill"
FILL_S = 2.0
"""Sound that `fill` repeats until the whole window is full, as the official loader does with short clips."""
_SHORTER_S = (4, 2)


def window_choices(config: LogPsdConfig) -> tuple[str, ...]:
    """What `LogPsd.listen` can be asked for: the whole window, shorter ones, a short one repeated."""
    whole = (config.frames * HOP + OVERLAP) / SAMPLE_RATE
    shorter = (f"{seconds} s" for seconds in _SHORTER_S if seconds < whole)
    return (f"{whole:.3g} s", *shorter, FILL)


def frames_in(seconds: float) -> int:
    """Columns of so much sound."""
    return (round(seconds * SAMPLE_RATE) - FRAME) // HOP + 1


@lru_cache(maxsize=1)
def tukey() -> Doubles:
    """Periodic Tukey window: the symmetric one of a sample more, its last left out."""
    position = np.arange(FRAME) / FRAME
    edge = np.minimum(position, 1.0 - position) / (TUKEY_ALPHA / 2)
    return np.where(edge < 1.0, 0.5 * (1.0 - np.cos(np.pi * edge)), 1.0)


@lru_cache(maxsize=1)
def _one_sided() -> Doubles:
    """What makes a squared transform a one-sided density, for every bin."""
    scale = np.full(BINS, 2.0 / (SAMPLE_RATE * np.sum(tukey() ** 2)))
    scale[[0, -1]] *= 0.5  # DC and Nyquist have no other half
    return scale


def log_psd_columns(samples: NDArray[Any]) -> Doubles:
    """Raw columns `[(n - 512) // 159 + 1, 257]` of `samples [n]`: natural logarithms, DC first, float64.

    Raises ValueError where there is not one frame.
    """
    exact = np.ascontiguousarray(samples, np.float64)
    if len(exact) < FRAME:
        raise ValueError(f"{len(exact)} samples are less than a frame of {FRAME}")
    # Setting up a `sliding_window_view` takes as long as transforming the ten columns of a hop.
    shape, step = ((len(exact) - FRAME) // HOP + 1, FRAME), exact.itemsize
    frames = np.lib.stride_tricks.as_strided(exact, shape, (HOP * step, step), writeable=False)
    spectrum = np.fft.rfft((frames - frames.mean(axis=1, keepdims=True)) * tukey(), axis=1)
    power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    power *= _one_sided()
    power += FLOOR
    return np.log(power, out=power)


def log_psd(samples: NDArray[Any]) -> Doubles:
    """The standardised spectrogram `[257, T]` of `samples [n]`, n >= 512, clipped to -1..1; float64."""
    columns = log_psd_columns(np.clip(np.asarray(samples, np.float64), -1.0, 1.0))
    standard: Doubles = (columns - columns.mean()) / (columns.std() + EPS)
    return standard.T


def official_log_psd(samples: NDArray[Any]) -> Doubles:
    """`log_psd` of a clip as the official loader takes it: ten times in a row, the first ten seconds."""
    return log_psd(np.tile(samples, 10)[:OFFICIAL_SAMPLES])


def _standardised(columns: Doubles, floor: float) -> Floats | None:
    """Raw columns `[k, 257]` as `[1, 257, k]` of mean 0 and deviation 1; None if they deviate less."""
    deviation = float(columns.std())
    if deviation < floor:
        return None
    standard = (columns - columns.mean()) / (deviation + EPS)
    return np.ascontiguousarray(standard.T[None], dtype=np.float32)


class LogPsd(ColumnStream):
    """Streaming `log_psd`: columns are cached and standardised when a window is read.

    Sums are kept by column and added up anew at each reading, so nothing can drift. Columns count from the
    floor, where most cells lie: silence is 0 to the last digit, and the sum of squares loses none.
    """

    def __init__(self, config: LogPsdConfig) -> None:
        self.config = config
        self._sums = np.zeros((2, config.frames))
        self._recent = np.zeros(round(FILL_S * SAMPLE_RATE), np.float32)
        self._choices = window_choices(config)
        self._cuts: dict[int, Floats] = {}
        """Windows by their length: memory of a megabyte takes longer to get than to fill."""
        super().__init__(SAMPLE_RATE, FRAME, HOP, config.frames, np.zeros(BINS))

    def push(self, samples: Floats) -> None:
        """See `ColumnStream.push`."""
        super().push(samples)
        new = samples[-len(self._recent) :]
        self._recent[: len(self._recent) - len(new)] = self._recent[len(new) :].copy()
        self._recent[len(self._recent) - len(new) :] = new

    def listen(self, controls: Mapping[str, float]) -> Floats | None:
        """The window that `window` (an index of `window_choices`) asks for, standardised by its own moments.

        None where its raw logarithms deviate by less than `floor`: standardised, faint noise would be blown
        up to a sound.
        """
        number, floor = int(controls.get("window", 0)), controls.get("floor", 0.0)
        choice = self._choices[number]
        if choice == FILL:
            return self._filled(floor)
        count = frames_in(int(choice.split()[0])) if number else self.config.frames
        return None if self._moments(count)[1] < floor else self._cut(count)

    def _cut(self, count: int) -> Floats:
        """The newest columns, standardised: in one pass over the ring, where NumPy would take two."""
        from s2s_live.opencv import cv2  # the bundled world starts without it

        mean, deviation = self._moments(count)
        if count not in self._cuts:
            self._cuts[count] = np.empty((1, BINS, count), np.float32)
        found = self._cuts[count]
        scale = 1.0 / (deviation + EPS)
        older, newer = self.newest(count)
        seam = older.shape[1]
        for piece, place in ((older, found[0, :, :seam]), (newer, found[0, :, seam:])):
            if piece.size:
                cv2.addWeighted(piece, scale, piece, 0.0, -mean * scale, dst=place)
        return found

    def _filled(self, floor: float) -> Floats | None:
        length = (self.config.frames - 1) * HOP + FRAME
        repeated = np.resize(np.nan_to_num(self._recent).clip(-1.0, 1.0), length)
        return _standardised(log_psd_columns(repeated), floor)

    def columns(self, samples: Floats) -> Doubles:
        """Log columns `[k, 257]` above the floor."""
        columns = log_psd_columns(samples)
        columns -= np.log(FLOOR)
        return columns

    def _stored(self, places: NDArray[np.intp], columns: Columns) -> None:
        self._sums[0, places] = columns.sum(axis=1)
        self._sums[1, places] = np.square(columns).sum(axis=1)

    def _moments(self, count: int) -> tuple[float, float]:
        """Mean above the floor and standard deviation of the newest columns."""
        sums = self._sums
        if count < self.config.frames:
            sums = sums[:, (self._next - 1 - np.arange(count)) % self.config.frames]
        mean, square = sums.sum(axis=1) / (count * BINS)
        return float(mean), float(np.sqrt(max(square - mean * mean, 0.0)))

    @property
    def deviation(self) -> float:
        """Standard deviation of the window's raw logarithms: near 0 there is only the floor to hear."""
        return self._moments(self.config.frames)[1]

    def window(self) -> Floats:
        """`[1, 257, frames]`, row 0 DC, mean 0 and deviation 1. The next window overwrites it."""
        return self._cut(self.config.frames)
