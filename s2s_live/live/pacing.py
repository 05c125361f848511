"""When to paint next, and when there is room for work beside painting: decided from the time handed in."""

from __future__ import annotations

import threading


class Pacer:
    """Keeps a steady rate without drift: a late frame does not delay the ones after it."""

    def __init__(self, fps: float) -> None:
        self.fps = fps
        self._due: float | None = None

    def wait(self, now: float) -> float:
        """Seconds to wait before the frame that is due; 0 when it is time. `fps` 0 is unpaced."""
        if self.fps <= 0 or self._due is None:
            return 0.0
        return max(self._due - now, 0.0)

    def begin(self, now: float) -> None:
        """A frame begins at `now`: plan the next on the grid, or afresh when more than a frame late."""
        if self.fps <= 0:
            return
        interval = 1.0 / self.fps
        if self._due is None or now - self._due > interval:
            self._due = now
        self._due += interval


class Room:
    """The time that painting leaves between its frames; its thread tells when they begin and end.

    Two that compute at once hold each other up where cores are few. And where a hop is a whole number of
    frames (50 ms, three at 60 Hz), hearing falls on one of three or on none for minutes: by chance.
    """

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self._begun: float | None = None
        self._took = 0.0
        self._ended = threading.Event()

    def begin(self, now: float) -> None:
        """A frame is begun."""
        self._begun = now

    def end(self, now: float) -> None:
        """It is painted."""
        if self._begun is not None:
            self._took, self._begun = now - self._begun, None
        self._ended.set()

    def holds(self, now: float, seconds: float) -> bool:
        """Whether work of so many seconds ends before the next frame begins, or would never do so."""
        fps = self._pacer.fps
        if fps <= 0 or self._took + seconds > 1.0 / fps:
            return True
        return self._begun is None and self._pacer.wait(now) >= seconds

    def wait(self, now: float, seconds: float, at_most: float) -> None:
        """From another thread: wait for the end of a frame if there is no room, `at_most` so many seconds."""
        self._ended.clear()  # first: an end in between is not missed
        if not self.holds(now, seconds):
            self._ended.wait(at_most)
