"""When to draw the scene: each new frame as soon as it is there, and never less often than the screen."""

from __future__ import annotations

FLOOR_HZ = 59.5
"""Drawn this often even when nothing new was painted: fades and windows stay alive."""
GAP_S = 0.014
"""At least so long between two drawings: a faster painter costs the screen nothing."""
_MOST_OWED = 2.0
_MOST_AHEAD = 0.5


class ShowPace:
    """Pure: the time is handed in.

    A fixed timer would now and then find two new frames at once and show only one of them. Asking often and
    drawing what is new at once shows every frame up to the screen's rate, and sooner. Drawings of old frames
    are added only where the new ones stay below the floor.
    """

    def __init__(self) -> None:
        self._drawn_at = -1.0
        self._seen_at: float | None = None
        self._owed = 0.0

    def due(self, now: float, *, fresh: bool) -> bool:
        """Whether to draw at monotonic time `now`; `fresh`: there is a frame that was not yet drawn."""
        if self._seen_at is not None:
            self._owed = min(self._owed + (now - self._seen_at) * FLOOR_HZ, _MOST_OWED)
        self._seen_at = now
        if now - self._drawn_at < GAP_S or not (fresh or self._owed >= 1.0):
            return False
        self._drawn_at = now
        self._owed = max(self._owed - 1.0, -_MOST_AHEAD)
        return True
