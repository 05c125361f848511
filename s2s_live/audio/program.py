"""The programme itself: whole ticks into a ring, their levels, and the clocks. Written by one thread."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.clock import CaptureLog, PositionClock
from s2s_live.audio.levels import LevelTrack
from s2s_live.audio.metering import InputMeter
from s2s_live.audio.mixing import apply_gain, factor
from s2s_live.audio.ring import SampleRing
from s2s_live.timeline import PROGRAM_RATE, TICK

Floats = NDArray[np.float32]

_MOST_SILENCE_S = (
    1.0  # made up for at one go: after a sleep of the machine the show goes on, it does not catch up
)
_SLACK = PROGRAM_RATE // 20  # 50 ms: ordinary jitter is not lateness


class ProgramWriter:
    """Takes stereo sound at the programme's rate in any pieces and writes whole ticks of it.

    Where no sound comes, `keep_pace` writes silence by the wall clock. Sound that arrives late, when silence
    has already taken its place, is dropped as far as the silence reached: the programme stays in step with
    the world.
    """

    def __init__(self, seconds: float) -> None:
        ticks = max(2, round(seconds * PROGRAM_RATE / TICK))
        self.ring = SampleRing(ticks * TICK, 2, PROGRAM_RATE)
        self.levels = LevelTrack(seconds)
        self.meter = InputMeter()
        self.captures = CaptureLog()
        self.clock = PositionClock()
        self._rest: Floats = np.empty((0, 2), np.float32)
        self._factor: float | None = None
        self._anchor: tuple[float, int] | None = None  # (time, written) of the last real sound, or of a cut
        self._debt = 0  # samples of silence that stand where late sound may still come

    def write(self, samples: Floats, captured: float, gain_db: float, now: float) -> int:
        """Append sound whose end was captured at `captured`; returns how many samples came too late."""
        late = self._too_late(len(samples), now)
        self._rest = np.concatenate([self._rest, samples[late:]])
        whole = len(self._rest) // TICK * TICK
        if whole:
            self._append(
                self._rest[:whole], gain_db, captured - (len(self._rest) - whole) / PROGRAM_RATE, now
            )
            self._rest = self._rest[whole:].copy()
        if not self._debt:
            self._anchor = (now, self.ring.written)
        return late

    def _too_late(self, count: int, now: float) -> int:
        if not self._debt or self._anchor is None:
            return 0
        since, written = self._anchor
        due = written + (now - since) * PROGRAM_RATE
        ahead = self.ring.written + len(self._rest) + count - round(due)
        late = max(0, min(ahead - _SLACK, count, self._debt))
        # Sound that keeps coming in time means that nothing late is on its way any more.
        self._debt = max(0, self._debt - late - (count // 4 if not late else 0))
        return late

    def keep_pace(self, now: float, late_sound_may_come: bool = False) -> None:
        """Write silence up to `now`. `late_sound_may_come`: the source is held up, its sound may follow."""
        if self._anchor is None:
            self._anchor = (now, self.ring.written)
        since, written = self._anchor
        missing = round(written + (now - since) * PROGRAM_RATE) - self.ring.written
        if missing > _MOST_SILENCE_S * PROGRAM_RATE:
            missing = int(_MOST_SILENCE_S * PROGRAM_RATE)
            self._anchor = (now, self.ring.written + missing)
        if missing < TICK:
            return
        quiet: Floats = np.zeros((missing // TICK * TICK, 2), np.float32)
        if late_sound_may_come:
            self._debt += len(quiet)
        if len(self._rest):
            quiet[: len(self._rest)] = self._rest[: len(quiet)] * np.float32(self._factor or 1.0)
            self._rest = self._rest[:0]
        self._append(quiet, None, now - (missing % TICK) / PROGRAM_RATE, now)

    @property
    def pending(self) -> int:
        """Samples that wait for their tick to become whole."""
        return len(self._rest)

    def cut(self) -> None:
        """Another source from now on: nothing late is expected, and its rhythm is learned afresh."""
        self._debt = 0
        self._rest = self._rest[:0]
        self.meter.reset_zero()
        self.clock.restart()

    def _append(self, ticks: Floats, gain_db: float | None, captured: float, now: float) -> None:
        if gain_db is not None:
            wanted = factor(gain_db)
            ticks = apply_gain(ticks, wanted if self._factor is None else self._factor, wanted)
            self._factor = wanted
        self.levels.push(ticks)
        self.meter.push(ticks)
        self.captures.mark(self.ring.written + len(ticks), captured)
        self.ring.write(ticks)
        self.clock.observe(self.ring.written, now)
