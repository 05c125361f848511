"""Blackout and freeze with a fade: one state for all views, so the operator sees what the audience sees."""

from __future__ import annotations

FADE_S = 0.6


def smooth(share: float) -> float:
    """An even start and end of a fade: 0..1 to 0..1."""
    return share * share * (3.0 - 2.0 * share)


class Curtain:
    """Advances with the monotonic time it is given; owns no timer and no picture."""

    def __init__(self, fade_s: float = FADE_S) -> None:
        self.black = False
        self.frozen = False
        self._fade_s = fade_s
        self._black_share = 0.0
        self._frozen_share = 0.0
        self._now: float | None = None

    @property
    def darkness(self) -> float:
        """0: the picture shows; 1: black."""
        return smooth(self._black_share)

    @property
    def stillness(self) -> float:
        """0: the live picture; 1: the frozen one; between them a cross-fade."""
        return smooth(self._frozen_share)

    @property
    def moving(self) -> bool:
        """Whether a fade is under way."""
        return self._black_share not in (0.0, 1.0) or self._frozen_share not in (0.0, 1.0)

    def advance(self, now: float) -> None:
        """Move the fades to monotonic time `now`."""
        step = 0.0 if self._now is None else max(now - self._now, 0.0) / self._fade_s
        self._now = now
        self._black_share = _towards(self._black_share, self.black, step)
        self._frozen_share = _towards(self._frozen_share, self.frozen, step)


def _towards(share: float, on: bool, step: float) -> float:
    return min(share + step, 1.0) if on else max(share - step, 0.0)
