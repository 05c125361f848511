"""When to paint next: a pure decision, given the time."""

from __future__ import annotations


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
