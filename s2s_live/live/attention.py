"""Which part of the newest window is heard: all of it, or the sound alone that has just begun."""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2s_live.engines.base import Engine, Floats, FrontEnd, Target

OVER, LEAVING, SURE = 0.05, 0.9, 0.5
"""Probabilities. Alone, another sound leaves the one before it less than the first, and the window in which
it began leaves that less than the second: a wave or a gust does the one, not the other. Alone it has itself
more than the third."""
CLEAR, CLEAR_S, CLEARLY_OVER, CLEARLY_SURE = 5.0, 0.17, 0.005, 0.95
"""A sound so different from the one before, after so many seconds, needs no doubt of the whole window where
alone it leaves the one before, and has itself, so much."""
AGAIN_S, ALONE_S = 0.4, 0.7
"""So long after a sound began another can begin, and so long it is heard alone: then whole windows are of it
too."""
BACK_S, WARY_S = 1.5, 6.0
"""A sound that is heard again so soon was never gone: for so long, no other one is believed at once."""


@dataclass(frozen=True)
class _Began:
    """A sound that was noticed as it began."""

    hop: int
    seconds: float
    """How much of it there was by then."""
    before: str
    """The family heard before it."""


class Attention:
    """Hears the windows of a stream, hop by hop."""

    def __init__(self, engine: Engine, front_end: FrontEnd) -> None:
        self._engine = engine
        self._front_end = front_end
        self._family = ""
        """What was heard last."""
        self._began: _Began | None = None
        self._wary_until = 0

    def hear(self, window: Floats, hop: int) -> Target:
        """What is heard at a hop, `window` being all of the newest window."""
        target = self._hear(window, hop)
        self._look_back(target, hop)
        self._family = target.family
        return target

    def _hear(self, window: Floats, hop: int) -> Target:
        age = self._age(hop)
        if age < AGAIN_S:
            return self._alone(age)
        whole = self._engine.hear(window)
        newest, difference = self._front_end.begun()
        if newest > 0.0 and hop >= self._wary_until:
            alone = self._alone(newest)
            if self._is_other(alone, whole) or (newest >= CLEAR_S and self._is_clear(alone, difference)):
                self._began = _Began(hop, newest, self._family)
                return replace(alone, sudden=True)
        return self._alone(age) if age < ALONE_S else whole

    def _age(self, hop: int) -> float:
        """Seconds of the sound that began last; infinite before the first."""
        if self._began is None:
            return float("inf")
        return self._began.seconds + (hop - self._began.hop) * self._engine.spec.hop_s

    def _alone(self, seconds: float) -> Target:
        return self._engine.hear(self._front_end.newest_alone(seconds))

    def _is_other(self, alone: Target, whole: Target) -> bool:
        still, left = (target.scores.get(self._family, 0.0) for target in (alone, whole))
        return still < OVER and left < LEAVING and alone.confidence > SURE

    def _is_clear(self, alone: Target, difference: float) -> bool:
        still = alone.scores.get(self._family, 0.0)
        return difference > CLEAR and still < CLEARLY_OVER and alone.confidence > CLEARLY_SURE

    def _look_back(self, target: Target, hop: int) -> None:
        """Learn from a sound that was believed and soon turned out to be the one before."""
        began, hop_s = self._began, self._engine.spec.hop_s
        if began is None or target.sudden or target.family != began.before:
            return
        if (hop - began.hop) * hop_s < BACK_S:
            self._wary_until = hop + round(WARY_S / hop_s)
