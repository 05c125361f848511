"""One source on its way into the programme: ring, cleaning, channels, rate, whole ticks, gain."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.mixing import clean, to_stereo
from s2s_live.audio.resample import BEST, QUICK, StreamingResampler
from s2s_live.audio.ring import SampleRing, SamplesLost
from s2s_live.audio.source import Source, SourceStatus
from s2s_live.timeline import PROGRAM_RATE, TICK

Floats = NDArray[np.float32]

_LIVE_BACKLOG_S = 0.1  # of a running device: older sound than this is not worth starting with
_MOST_S = 0.5  # read at one go
_FADE = TICK // 2  # samples: sound that sets in after silence does not click


class Hears(Protocol):
    """What wants to know each block as the source gave it."""

    def heard(self, raw: Floats, sample_rate: int) -> None:
        """A block `[n, channels]`, n > 0."""


class Pipeline:
    """Reads one ring of a source, from its start to its end, as stereo at the programme's rate."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.ring: SampleRing = source.ring
        live = source.kind in ("microphone", "loopback")
        backlog = int(_LIVE_BACKLOG_S * self.ring.sample_rate) if live else self.ring.written
        self.begin = max(self.ring.oldest(), self.ring.written - backlog)
        self._at = self.begin
        quality = QUICK if live else BEST
        self._resampler = StreamingResampler(self.ring.sample_rate, PROGRAM_RATE, 2, quality)
        self._given = 0  # samples given out so far, at the programme's rate
        self._lost = 0
        self._bad = 0
        self.finished = False

    def reads(self, source: object) -> bool:
        """Whether it is the one for `source` as it is now; one opened again has another ring."""
        return self.source is source and self.ring is self.source.ring

    def status(self, now: float) -> SourceStatus:
        """The source at the monotonic time `now`."""
        return self.source.status(now)

    def waiting(self) -> int:
        """Samples of the source that have not been read."""
        return self.ring.written - self._at

    def pull(self, channel: int | None, meter: Hears) -> Floats:
        """Everything that has come since the last call (at most half a second), `[n, 2]`."""
        stop = min(self.ring.written, self._at + int(_MOST_S * self.ring.sample_rate))
        if stop == self._at:
            return np.empty((0, 2), np.float32)
        raw = self._read(stop)
        raw, bad = clean(raw)
        self._bad += bad
        meter.heard(raw, self.ring.sample_rate)
        return self._give(self._resampler.process(to_stereo(raw, channel)))

    def finish(self) -> Floats:
        """What the resampler still holds, once the source has ended."""
        if self.finished:
            return np.empty((0, 2), np.float32)
        self.finished = True
        return self._give(self._resampler.process(np.empty((0, 2), np.float32), last=True))

    def capture_time(self, given: int) -> float:
        """When the sound at the end of the first `given` samples given out was captured."""
        return self.source.capture_time(self.begin + round(given * self.ring.sample_rate / PROGRAM_RATE))

    @property
    def given(self) -> int:
        """Samples given out so far, at the programme's rate."""
        return self._given

    def take_lost(self) -> int:
        """Samples that left the ring unread since the last call."""
        lost, self._lost = self._lost, 0
        return lost

    def take_bad(self) -> int:
        """NaN and infinite samples replaced since the last call."""
        bad, self._bad = self._bad, 0
        return bad

    def _read(self, stop: int) -> Floats:
        """The next samples up to `stop`; zeros for those that have left the ring, so that time is kept."""
        fresh: Floats | None = None
        while fresh is None:
            with suppress(SamplesLost):  # overtaken while copying: look again
                fresh = self.ring.read(max(self._at, min(stop, self.ring.oldest())), stop)
        missing = stop - self._at - len(fresh)
        self._at = stop
        if missing:
            self._lost += missing
            fresh = np.concatenate([np.zeros((missing, self.ring.channels), np.float32), fresh])
        return fresh

    def _give(self, samples: Floats) -> Floats:
        if self._given < _FADE and len(samples):
            samples = samples.copy()
            ramp = np.arange(self._given, min(_FADE, self._given + len(samples)), dtype=np.float32) / _FADE
            samples[: len(ramp)] *= ramp[:, None]
        self._given += len(samples)
        return samples
