"""Reads the programme for the spectrogram from a position of its own; never waits, skips what it missed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.ring import SampleRing, SamplesLost
from s2s_live.timeline import PROGRAM_RATE

_MOST_BEHIND = PROGRAM_RATE
_MOST_AT_ONCE = PROGRAM_RATE // 5

Columns = NDArray[np.float32]


class SpectrumReader:
    """`take` gives the columns since the last call; `push` makes dB columns of mono samples at 48 kHz."""

    def __init__(self, program: SampleRing, push: Callable[[NDArray[np.float32]], Columns]) -> None:
        self._program = program
        self._push = push
        self._position = program.written

    def take(self) -> Columns | None:
        """New columns `[k, rows]`, or None. After more than a second of pause it takes up the present."""
        written = self._program.written
        if written - self._position > _MOST_BEHIND:
            self._position = written - _MOST_AT_ONCE
        stop = min(written, self._position + _MOST_AT_ONCE)
        if stop <= self._position:
            return None
        try:
            block = self._program.read(self._position, stop)
        except SamplesLost:
            self._position = written
            return None
        self._position = stop
        return self._push(np.ascontiguousarray(block.mean(axis=1), dtype=np.float32))
