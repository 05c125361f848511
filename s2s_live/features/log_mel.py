"""Log-mel spectrogram that keeps absolute level: a whisper and a shout differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np

from s2s_live.errors import ModelError
from s2s_live.features.changes import Notice, repeated
from s2s_live.features.stream import Columns, ColumnStream, Floats


@dataclass(frozen=True)
class LogMelConfig:
    """Numbers of the log-mel front end. A full-scale sine has power 1 in its bin."""

    sample_rate: int = 16_000
    n_fft: int = 512
    hop: int = 160
    mels: int = 64
    low_hz: float = 50.0
    high_hz: float = 7_800.0
    frames: int = 100
    """Columns of a window; 100 are 1.0 s."""
    floor: float = 1e-9
    """Added to the power: -90 dB, below any room."""
    offset: float = -12.0
    """Subtracted from the natural logarithm of the power..."""
    scale: float = 0.2
    """...and this multiplies the rest: the same numbers for every window, loud or quiet."""
    newest_sound: bool = False
    """Whether the encoder has learnt to hear a sound that has only just begun, see `features.changes`."""

    def __post_init__(self) -> None:
        if not self._possible():
            raise ModelError(f"Impossible log-mel front end {asdict(self)}.", "Get the model folder again.")

    def _possible(self) -> bool:
        numbers = asdict(self)
        if not isinstance(numbers.pop("newest_sound"), bool):
            return False
        if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers.values()):
            return False
        whole = (self.sample_rate, self.n_fft, self.hop, self.mels, self.frames)
        if any(n != int(n) or n < 1 for n in whole) or self.hop > self.n_fft:
            return False
        if not all(math.isfinite(n) for n in numbers.values()) or self.scale <= 0:
            return False
        return 0 <= self.low_hz < self.high_hz <= self.sample_rate / 2 and self.floor > 0

    def to_json(self) -> dict[str, Any]:
        """As the manifest takes it."""
        return {"kind": "log_mel", **asdict(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> LogMelConfig:
        """Read what `to_json` wrote. Raises ModelError for unknown or impossible numbers."""
        numbers = {key: value for key, value in data.items() if key != "kind"}
        if unknown := sorted(set(numbers) - {field.name for field in fields(cls)}):
            raise ModelError(f"Log-mel front end: unknown {unknown}.", "Update s2s-live.")
        try:
            return cls(**numbers)
        except TypeError as error:
            raise ModelError(f"Log-mel front end: {error}.", "Get the model folder again.") from error


def mel_filters(config: LogMelConfig) -> Floats:
    """Triangles `[bins, mels]` of height 1, their corners evenly apart in O'Shaughnessy's mel (1987)."""
    low, high = (2595.0 * np.log10(1.0 + hz / 700.0) for hz in (config.low_hz, config.high_hz))
    corners = 700.0 * (10.0 ** (np.linspace(low, high, config.mels + 2) / 2595.0) - 1.0)
    bins = np.linspace(0.0, config.sample_rate // 2, config.n_fft // 2 + 1)[:, None]
    left, middle, right = corners[:-2], corners[1:-1], corners[2:]
    rising, falling = (bins - left) / (middle - left), (right - bins) / (right - middle)
    return np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)


@lru_cache(maxsize=8)
def _window_and_filters(config: LogMelConfig) -> tuple[Floats, Floats]:
    """Periodic Hann window `[n_fft]` with sum 2, and `mel_filters`."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(config.n_fft) / config.n_fft)
    return (window * (2.0 / window.sum())).astype(np.float32), mel_filters(config)


def log_mel(samples: Floats, config: LogMelConfig) -> Floats:
    """Scaled log-mel spectrogram of `samples [n]`, n >= n_fft, at the config's rate, row 0 the lowest.

    `[mels, (n - n_fft) // hop + 1]`; column k begins at sample `k * hop`, nothing is padded.
    """
    window, filters = _window_and_filters(config)
    frames = np.lib.stride_tricks.sliding_window_view(samples, config.n_fft)[:: config.hop]
    spectrum = np.fft.rfft(frames * window)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    scaled = (np.log(power @ filters + np.float32(config.floor)) - config.offset) * config.scale
    return np.ascontiguousarray(scaled.T, np.float32)


class LogMel(ColumnStream):
    """Streaming `log_mel`; see `ColumnStream`."""

    def __init__(self, config: LogMelConfig, notice: Notice | None = None) -> None:
        self.config = config
        self._notice = notice
        silence = (np.log(np.float32(config.floor)) - config.offset) * config.scale
        column = np.full(config.mels, silence, np.float32)
        super().__init__(config.sample_rate, config.n_fft, config.hop, config.frames, column)

    def columns(self, samples: Floats) -> Columns:
        """Scaled log-mel columns `[k, mels]`."""
        return log_mel(samples, self.config).T

    def begun(self) -> tuple[float, float]:
        """As `engines.base.FrontEnd`."""
        if self._notice is None or not self.config.newest_sound:
            return 0.0, 0.0
        columns, odds = self._notice(self.window())
        return columns * self.config.hop / self.config.sample_rate, odds

    def newest_alone(self, seconds: float) -> Floats:
        """As `engines.base.FrontEnd`."""
        columns = round(seconds * self.config.sample_rate / self.config.hop)
        return repeated(self.window(), min(max(columns, 1), self.config.frames))

    def window(self) -> Floats:
        """`[1, mels, frames]`, row 0 the lowest."""
        return np.concatenate(self.newest(self.config.frames), axis=1)[None]
