"""Which part of the newest window is heard: all of it, or the sound alone that has just begun."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from s2s_live.engines.base import Engine, Floats, FrontEnd, Target

BOTH, DIFFERENCE, USUAL = -0.418, 0.268, -3.48
"""Logarithm of the odds that a sound is over: a factor of the sum of the log-odds that the newest sound alone
and the whole window are still of it; one of how different the newest sound is from the one before it; and
what is left. `train world --stage changes` fits them, by logistic regression on 7,200 moments of 1,000
sounds; half of these are recordings that the encoder had not learnt from. Of the moments 2,800 lie up to
0.8 s after a change."""
MOST_DIFFERENT = 10.0
"""Where the difference counts no more: sounds that follow silence differ by any amount."""
LEAST = 1e-4
"""Added to a probability and to what is left of one, so that their odds stay finite."""
SURE = 0.5
"""A sound alone must have a greater probability than this of its family."""
AGAIN_S, ALONE_S = 0.4, 0.7
"""So long after a sound began another can begin, and so long it is heard alone: then whole windows are of it
too."""


@dataclass(frozen=True)
class _Began:
    """A sound that was noticed as it began."""

    hop: int
    seconds: float
    """How much of it there was by then."""


def odds(probability: float) -> float:
    """Logarithm of the odds of a probability."""
    return math.log((probability + LEAST) / (1.0 - probability + LEAST))


def over(alone: float, whole: float, difference: float) -> float:
    """Logarithm of the odds that a sound is over.

    Args:
        alone: probability of its family in the newest sound alone.
        whole: that in the whole window.
        difference: how different the newest sound is from the one before it, see `FrontEnd.begun`.
    """
    both = odds(alone) + odds(whole)
    return BOTH * both + DIFFERENCE * min(difference, MOST_DIFFERENT) + USUAL


class Attention:
    """Hears the windows of a stream, hop by hop."""

    def __init__(self, engine: Engine, front_end: FrontEnd) -> None:
        self._engine = engine
        self._front_end = front_end
        self._family = self._settled = ""
        """What was heard last, and what was heard twice in a row or began suddenly: one may be a stray."""
        self._began: _Began | None = None

    def hear(self, window: Floats, hop: int) -> Target:
        """What is heard at a hop, `window` being all of the newest window."""
        target = self._hear(window, hop)
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
        """The sound that has just begun, where it is another than the one before it.

        `heard` is what both together sound like, or all of a sound that began not long before.
        """
        newest, difference = self._front_end.begun()
        if newest <= 0.0:
            return None
        alone = self._alone(newest)
        before, together = (one.scores.get(self._settled, 0.0) for one in (alone, heard))
        same = alone.family == self._settled
        if same or alone.confidence <= SURE or over(before, together, difference) <= 0.0:
            return None
        self._began = _Began(hop, newest)
        return replace(alone, sudden=True)

    def _age(self, hop: int) -> float:
        """Seconds of the sound that began last; infinite before the first."""
        if self._began is None:
            return float("inf")
        return self._began.seconds + (hop - self._began.hop) * self._engine.spec.hop_s

    def _alone(self, seconds: float) -> Target:
        return self._engine.hear(self._front_end.newest_alone(seconds))
