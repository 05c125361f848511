"""How often to paint for a screen, and when to draw the scene: each new frame as soon as it is there, and
never less often than frames are asked for."""

from __future__ import annotations

import math

USUAL_HZ = 60.0
LEAST_HZ, MOST_HZ = 45.0, 90.0
_SLOW_HZ = 37.5
"""Up to this rate screens are painted for twice or three times a refresh, at `LEAST_HZ` or more, so that the
picture is as fresh on them; beyond `MOST_HZ` every second refresh or less often: all pictures then stand
equally long."""
_SLOWEST_HZ = 20.0
"""Less is no screen's rate but a driver that does not know."""
_FLOOR = 0.992
"""Drawn at this share of the rate even when nothing new was painted: fades and windows stay alive."""
_GAP = 0.84
"""At least this share of a frame between two drawings: a faster painter costs the screen nothing."""
_MOST_OWED = 2.0
_MOST_AHEAD = 0.5


def painting_hz(refresh_hz: float) -> float:
    """Frames per second to paint for a screen of that rate."""
    if not _SLOWEST_HZ <= refresh_hz < math.inf:
        return USUAL_HZ
    if refresh_hz > MOST_HZ:
        return refresh_hz / max(2, round(refresh_hz / USUAL_HZ))
    return refresh_hz * (math.ceil(LEAST_HZ / refresh_hz) if refresh_hz <= _SLOW_HZ else 1)


class ShowPace:
    """Pure: the time is handed in.

    A fixed timer would now and then find two new frames at once and show only one of them. Asking often and
    drawing what is new at once shows every frame up to the screen's rate, and sooner. Drawings of old frames
    are added only where the new ones stay below the floor.
    """

    def __init__(self) -> None:
        self.hz = USUAL_HZ
        """Frames per second that are painted for the screen."""
        self._drawn_at = -1.0
        self._seen_at: float | None = None
        self._owed = 0.0

    def too_soon(self, now: float) -> bool:
        """Whether the last drawing was so short ago that nothing is due. Any thread may ask."""
        return now - self._drawn_at < _GAP / self.hz

    def due(self, now: float, *, fresh: bool) -> bool:
        """Whether to draw at monotonic time `now`; `fresh`: there is a frame that was not yet drawn."""
        if self._seen_at is not None:
            self._owed = min(self._owed + (now - self._seen_at) * _FLOOR * self.hz, _MOST_OWED)
        self._seen_at = now
        if self.too_soon(now) or not (fresh or self._owed >= 1.0):
            return False
        self._drawn_at = now
        self._owed = max(self._owed - 1.0, -_MOST_AHEAD)
        return True
