"""Which part of the newest window is heard: all of it, or the sound alone that has just begun."""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2s_live.engines.base import Engine, Floats, FrontEnd, Target

OVER, SURE = 0.05, 0.5
"""Alone, another sound leaves the one before it a lesser probability than the first, and has itself a greater
one than the second."""
LEAVING = 0.9
"""Probability of the sound before it in the whole window, which begins to doubt it: a wave or a gust seldom
does that."""
CLEAR, CLEAR_S, CLEARLY_OVER, CLEARLY_SURE = 5.0, 0.17, 0.005, 0.95
"""A sound so different from the one before, after so many seconds, needs no doubt of the whole window where
alone it leaves the one before, and has itself, so much."""
AGAIN_S, ALONE_S = 0.4, 0.7
"""So long after a sound began another can begin, and so long it is heard alone: then whole windows are of it
too."""
STILL_S, BACK_S = 0.5, 1.5
"""A sound that is still heard so long after another seemed to begin, or is heard again so soon after one was
believed, was never gone."""
WARY_S = 6.0
"""For so long after that, it is not believed at once to be over: waves and words seem to be other sounds
again and again."""


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
        self._family = self._settled = ""
        """What was heard last, and what was heard twice in a row or began suddenly: one may be a stray."""
        self._began: _Began | None = None
        self._seemed: int | None = None
        """The hop at which another sound seemed to begin, and was not believed."""
        self._wary = "", 0
        """A family that seemed to be over and was not, and the hop until which it is not taken for over."""

    def hear(self, window: Floats, hop: int) -> Target:
        """What is heard at a hop, `window` being all of the newest window."""
        began = self._began
        target = self._hear(window, hop)
        self._learn(began, target, hop)
        if target.sudden or target.family == self._family:
            self._settled = target.family
        self._family = target.family
        return target

    def _hear(self, window: Floats, hop: int) -> Target:
        age = self._age(hop)
        if age < AGAIN_S:
            return self._alone(age)
        heard = self._alone(age) if age < ALONE_S else self._engine.hear(window)
        return self._other(heard, hop) or heard

    def _other(self, heard: Target, hop: int) -> Target | None:
        """The sound that has just begun, where it is believed to be another than the one before it.

        `heard` is what both together sound like.
        """
        newest, difference = self._front_end.begun()
        alone = self._alone(newest) if newest > 0.0 else None
        if alone is None or not self._is_other(alone):
            return None
        doubted = heard.scores.get(self._settled, 0.0) < LEAVING
        clear = newest >= CLEAR_S and difference > CLEAR and self._is_clear(alone)
        if self._is_wary(hop) or not (doubted or clear):
            self._seemed = hop if self._seemed is None else self._seemed
            return None
        self._began = _Began(hop, newest, self._settled)
        return replace(alone, sudden=True)

    def _age(self, hop: int) -> float:
        """Seconds of the sound that began last; infinite before the first."""
        if self._began is None:
            return float("inf")
        return self._began.seconds + (hop - self._began.hop) * self._engine.spec.hop_s

    def _alone(self, seconds: float) -> Target:
        return self._engine.hear(self._front_end.newest_alone(seconds))

    def _is_wary(self, hop: int) -> bool:
        family, until = self._wary
        return self._settled == family and hop < until

    def _is_other(self, alone: Target) -> bool:
        return alone.scores.get(self._settled, 0.0) < OVER and alone.confidence > SURE

    def _is_clear(self, alone: Target) -> bool:
        return alone.scores.get(self._settled, 0.0) < CLEARLY_OVER and alone.confidence > CLEARLY_SURE

    def _learn(self, began: _Began | None, target: Target, hop: int) -> None:
        """Learn from a sound that seemed over and was not: `began` is what was noticed before this hop."""
        hop_s = self._engine.spec.hop_s
        fooled = began is not None and target.family == began.before and (hop - began.hop) * hop_s < BACK_S
        if target.family != self._settled:
            self._seemed = None
        elif self._seemed is not None and (hop - self._seemed) * hop_s >= STILL_S:
            fooled, self._seemed = True, None
        if fooled:
            self._wary = target.family, hop + round(WARY_S / hop_s)
