"""Two clocks of the programme: when a sample was captured, and where the sound is now, smoothly.

Neither reads the time: it is always handed in.
"""

from __future__ import annotations

import threading

import numpy as np

from s2s_live.timeline import PROGRAM_RATE


class CaptureLog:
    """Capture times of the newest samples of the programme; one thread marks, any thread asks."""

    def __init__(self, size: int = 4096) -> None:
        self._ends = np.zeros(size, np.int64)
        self._times = np.zeros(size)
        self._count = 0
        self._lock = threading.Lock()

    def mark(self, end: int, captured: float) -> None:
        """The programme now has `end` samples, and the end of the last was captured at `captured`."""
        with self._lock:
            self._ends[self._count % len(self._ends)] = end
            self._times[self._count % len(self._ends)] = captured
            self._count += 1

    def time_of(self, position: int) -> float:
        """Monotonic time at which `position` was captured; 0 before anything was marked.

        Taken from the mark at or after the position, backwards at the programme's rate; beyond the last mark
        forwards.
        """
        with self._lock:
            kept = min(self._count, len(self._ends))
            if not kept:
                return 0.0
            first = self._count - kept
            low, high = first, self._count - 1
            while low < high:
                middle = (low + high) // 2
                if self._ends[middle % len(self._ends)] >= position:
                    high = middle
                else:
                    low = middle + 1
            at = low % len(self._ends)
            return float(self._times[at]) - (int(self._ends[at]) - position) / PROGRAM_RATE


class PositionClock:
    """A regular clock of the programme for painting, locked to the arrivals of its samples.

    Samples come in blocks, blocks come with jitter; a picture that followed them would stutter. The clock
    runs at the programme's rate, behind the arrivals by as much as keeps it from running past what has been
    written, ordinarily about a device block. It never runs backwards and never beyond what is written: in a
    stall it waits.
    """

    BUCKET_S = 0.1
    BUCKETS = 20  # two seconds of memory
    IGNORED = 2  # buckets whose lateness is taken for an exception rather than the rule
    LEAST_DELAY_S, MOST_DELAY_S, FIRST_DELAY_S = 0.008, 0.060, 0.025
    MARGIN_S = 0.002
    JUMP_S = 0.25  # a larger error is a cut, not jitter
    SETTLE_S = 0.25  # time constant with which smaller errors are made good...
    MOST_SLEW = 0.1  # ...and the greatest change of speed while doing so

    def __init__(self, rate: int = PROGRAM_RATE) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._written = 0
        self._last: tuple[float, float] | None = None
        self._early: list[float] = []
        self._late: list[float] = []
        self._bucket = 0
        self._previous: int | None = None
        self._line = (0.0, self.FIRST_DELAY_S)  # (earliest offset, delay behind it)

    def observe(self, written: int, now: float) -> None:
        """The programme has grown to `written` samples. Called by the thread that writes it."""
        with self._lock:
            offset = now - written / self._rate
            overdue = offset if self._previous is None else now - self._previous / self._rate
            self._previous = self._written = written
            bucket = int(now / self.BUCKET_S)
            if bucket != self._bucket or not self._early:
                self._bucket = bucket
                self._early = [*self._early[1 - self.BUCKETS :], offset]
                self._late = [*self._late[1 - self.BUCKETS :], overdue]
            else:
                self._early[-1] = min(self._early[-1], offset)
                self._late[-1] = max(self._late[-1], overdue)
            self._line = self._fit()

    def _fit(self) -> tuple[float, float]:
        early = min(self._early)
        if len(self._late) <= self.IGNORED:
            return early, self.FIRST_DELAY_S
        delay = sorted(self._late)[-1 - self.IGNORED] - early + self.MARGIN_S
        return early, min(max(delay, self.LEAST_DELAY_S), self.MOST_DELAY_S)

    def restart(self) -> None:
        """Another source writes from now on: learn its rhythm afresh, go on from where the clock is."""
        with self._lock:
            self._early, self._late, self._previous = [], [], None

    @property
    def delay_s(self) -> float:
        """How far the clock runs behind the earliest arrivals."""
        return self._line[1]

    def position_at(self, now: float) -> float:
        """The programme position to show at the monotonic time `now`. An earlier `now` than before
        repeats.
        """
        with self._lock:
            early, delay = self._line
            ideal = (now - early - delay) * self._rate if self._early or self._last else 0.0
            if self._last is None:
                position = ideal
            else:
                position = self._advance(now, ideal, *self._last)
                if now <= self._last[0]:
                    return position
            position = max(0.0, min(position, float(self._written)))
            self._last = (now, max(position, self._last[1] if self._last else 0.0))
            return self._last[1]

    def _advance(self, now: float, ideal: float, last_now: float, last: float) -> float:
        elapsed = now - last_now
        if elapsed <= 0.0:
            return last
        free = last + elapsed * self._rate
        error = ideal - free
        if abs(error) > self.JUMP_S * self._rate or elapsed > self.JUMP_S:
            return ideal
        bound = self.MOST_SLEW * elapsed * self._rate
        return free + min(max(error * min(1.0, elapsed / self.SETTLE_S), -bound), bound)
