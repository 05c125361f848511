"""The programme on disk: a replay needs all of it, and memory figures must not contain it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.ring import SampleRing
from s2s_live.bench.script import Script
from s2s_live.timeline import PROGRAM_RATE


class Tape:
    """Copies a programme ring to a temporary file, from position 0.

    `run` must be called more often than the ring is long.
    """

    def __init__(self, program: SampleRing) -> None:
        self._program = program
        self._file = tempfile.NamedTemporaryFile(prefix="s2s-live-tape-", suffix=".f32")  # noqa: SIM115
        self._at = 0

    def run(self) -> None:
        """Copy what is new."""
        stop = self._program.written
        self._file.write(self._program.read(self._at, stop).tobytes())
        self._at = stop

    def sound(self) -> NDArray[np.float32]:
        """Everything so far, `[n, 2]`, mapped from the file."""
        self._file.flush()
        mapped: NDArray[np.float32] = np.memmap(Path(self._file.name), dtype=np.float32, mode="r").reshape(
            -1, 2
        )
        return mapped

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def find_script(sound: NDArray[np.float32], script: Script) -> int | None:
    """Programme position of the script's first sample; None if it is not on the tape unchanged.

    The first samples are faded in by the feed, so a stretch a second into the script is looked for.
    """
    probe = 48_000
    stretch = script.sound[probe : probe + 64]
    for candidate in np.flatnonzero(sound[:, 0] == stretch[0]):
        if np.array_equal(sound[candidate : candidate + len(stretch), 0], stretch):
            return int(candidate) - probe
    return None


def without_bursts(sound: NDArray[np.float32], script: Script, start: int) -> NDArray[np.float32]:
    """The tape with the bursts of the (looped) script taken out, `[n, 2]`."""
    calm = np.array(sound)
    gains = script.gains()[:, None]
    for begin in range(start, len(calm), len(gains)):
        part = calm[begin : begin + len(gains)]
        part /= gains[: len(part)]
    return calm


def mismatches(sound: NDArray[np.float32], script: Script, start: int) -> int:
    """Samples of the tape, from a second into the script on, that are not what the (looped) script says."""
    wrong = 0
    for begin in range(start, len(sound), len(script.sound)):
        part = sound[begin : begin + len(script.sound), 0]
        differs = part != script.sound[: len(part)]
        wrong += int(np.count_nonzero(differs[PROGRAM_RATE if begin == start else 0 :]))
    return wrong
