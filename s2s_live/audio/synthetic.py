"""Sources without a device: a given array in real time, and a test sound that cycles."""

from __future__ import annotations

import threading
import time

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.ring import SampleRing
from s2s_live.audio.source import BlockLog, Kind, SourceStatus, State
from s2s_live.errors import AudioError
from s2s_live.timeline import PROGRAM_RATE

Floats = NDArray[np.float32]


class ArraySource:
    """Plays `samples` (`[n]` or `[n, channels]`) from a thread of its own.

    Paced, block k of `block` samples appears when its last sample is due, and sample i counts as captured at
    exactly start + i / sample_rate. Not paced, all is there at once. `loop` begins again at the end.
    """

    kind: Kind = "synthetic"

    def __init__(
        self,
        samples: Floats,
        sample_rate: int,
        paced: bool = True,
        *,
        loop: bool = False,
        block: int = 480,
        name: str = "Array",
    ) -> None:
        data = np.ascontiguousarray(samples, np.float32)
        self._data: Floats = data[:, None] if data.ndim == 1 else data
        if not len(self._data):
            raise AudioError("There is no sound to play.", "Give at least one sample.")
        self.name = name
        self.sample_rate = sample_rate
        self.channels = self._data.shape[1]
        self._paced, self._loop, self._block = paced, loop and paced, block
        self.started_at = 0.0
        self._ended = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.ring = self._new_ring()
        self._log = BlockLog(sample_rate, 0.0)

    def _new_ring(self) -> SampleRing:
        capacity = 10 * self.sample_rate if self._paced else len(self._data)
        return SampleRing(capacity, self.channels, self.sample_rate)

    def start(self) -> None:
        """Begin at the first sample."""
        self.stop()
        self._stop.clear()
        self._ended = False
        self.started_at = time.monotonic()
        self.ring = self._new_ring()
        self._log = BlockLog(self.sample_rate, self.started_at)
        if not self._paced:
            self.ring.write(self._data)
            self._log.note(len(self._data), self.started_at)
            self._ended = True
            return
        self._thread = threading.Thread(target=self._run, name="s2s-array-source", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; the ring keeps what was played."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(1.0)
            self._thread = None

    def _run(self) -> None:
        ring, log = self.ring, self._log
        length, at = len(self._data), 0
        while self._loop or at < length:
            stop = at + self._block if self._loop else min(at + self._block, length)
            wait = self.started_at + stop / self.sample_rate - time.monotonic()
            if self._stop.wait(max(0.0, wait)):
                return
            ring.write(self._data.take(np.arange(at, stop), axis=0, mode="wrap"))
            log.note(stop, time.monotonic())
            at = stop
        self._ended = True

    def status(self, now: float) -> SourceStatus:  # noqa: ARG002 - the contract has it
        """Running until the last sample, then ended."""
        state: State = "ended" if self._ended or self._stop.is_set() else "running"
        return self._log.status(state)

    def capture_time(self, position: int) -> float:
        """Exactly start + position / rate."""
        return self.started_at + position / self.sample_rate


class TestSource(ArraySource):
    """A cycle of twelve seconds that shows what the show can do: hiss, surf, tones, clicks, a sweep,
    silence.
    """

    __test__ = False  # the name is for people; pytest is not to collect it

    def __init__(self) -> None:
        super().__init__(cycle(), PROGRAM_RATE, loop=True, name="Test sound")


def cycle(sample_rate: int = PROGRAM_RATE, seed: int = 1) -> Floats:
    """The cycle of TestSource, `[12 s, 2]`: six parts of two seconds, each faded in and out."""
    count = 2 * sample_rate
    t = np.arange(count) / sample_rate
    noise = np.random.default_rng(seed).standard_normal((2 * count, 2))
    kernel = np.hanning(101)
    soft = np.stack([np.convolve(noise[:count, c], kernel / kernel.sum(), "same") for c in (0, 1)], axis=1)
    tones = sum(np.sin(2 * np.pi * hz * t) for hz in (220.0, 277.2, 329.6))
    clicks = np.sin(2 * np.pi * 1800.0 * t) * np.exp(-60.0 * (t % 0.25))
    sweep = np.sin(2 * np.pi * 200.0 * 2.0 / np.log(20.0) * (20.0 ** (t / 2.0) - 1.0))
    fade = np.minimum(1.0, np.minimum(t, 2.0 - t) / 0.02)[:, None]
    parts = [
        0.08 * noise[count:],
        1.2 * soft * (0.5 - 0.5 * np.cos(np.pi * t))[:, None],
        0.1 * np.stack([tones, tones], axis=1),
        0.5 * np.stack([clicks, clicks], axis=1),
        0.2 * np.stack([sweep, sweep], axis=1),
        np.zeros((count, 2)),
    ]
    return np.concatenate([part * fade for part in parts]).astype(np.float32)
