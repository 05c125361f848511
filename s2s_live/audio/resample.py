"""Sample-rate conversion of a stream, in pieces of any length."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BEST = "HQ"
"""Flat to 20 kHz at 44.1 kHz; works in pieces of some 20 ms."""
QUICK = "LQ"
"""Flat to 16 kHz at 44.1 kHz, images below -110 dB; there it gives everything out within a millisecond."""


class StreamingResampler:
    """Brings a stream of `channels` channels from `in_rate` to `out_rate` Hz.

    Output sample k stands at input time k / out_rate: there is no shift, only a wait of some milliseconds
    until enough input has come. The pieces put together equal the conversion of the whole.
    """

    def __init__(self, in_rate: int, out_rate: int, channels: int, quality: str = BEST) -> None:
        self.in_rate = in_rate
        self.out_rate = out_rate
        self.channels = channels
        self._quality = quality
        self._stream = self._open()

    def _open(self) -> soxr.ResampleStream | None:
        if self.in_rate == self.out_rate:
            return None
        return soxr.ResampleStream(
            self.in_rate, self.out_rate, self.channels, dtype="float32", quality=self._quality
        )

    def process(self, block: Floats, last: bool = False) -> Floats:
        """Take `[n, channels]` (or `[n]` for one channel) and return what can be given out, same layout.

        `last` ends the stream: everything still held comes out, and the next call begins a new stream.
        """
        if self._stream is None:
            return np.ascontiguousarray(block, np.float32)
        out: Floats = self._stream.resample_chunk(np.ascontiguousarray(block, np.float32), last=last)
        if last:
            self._stream = self._open()
        return out
