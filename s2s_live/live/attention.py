"""Which part of the newest window is heard: all of it, or the sound alone that has just begun."""

from __future__ import annotations

from dataclasses import dataclass, replace

from s2s_live.engines.base import Engine, Floats, FrontEnd, Target
from s2s_live.features.changes import odds

BOTH, BEGAN, USUAL = -0.344, 0.627, -2.06
"""Logarithm of the odds that a sound is over: a factor of the sum of the log-odds that the newest sound alone
and the whole window are still of it; one of the log-odds that another one has begun; and what is left.
`train world --stage attention` fits them, by logistic regression on 5,400 moments of sounds that the change
detector has not learnt from, half of them of recordings that the encoder has not either."""
LEAST_OVER = 1.0
"""From greater log-odds on a sound is over: a scene that turns to a wrong sound is worse than a late one."""
SURE = 0.5
"""A sound alone must have a greater probability than this of its family."""
HEARD_EVERY_S = 0.1
"""What goes on is heard this often, where hops are shorter: between, only other sounds are listened for."""
AGAIN_S, ALONE_S = 0.4, 0.7
"""So long after a sound began another can begin, and so long it is heard alone: then whole windows are of it
too."""


@dataclass(frozen=True)
class _Began:
    """A sound that was noticed as it began."""

    hop: int
    seconds: float
    """How much of it there was by then."""


@dataclass(frozen=True)
class _Newest:
    """A sound that may have just begun."""

    seconds: float
    began: float
    """See `FrontEnd.begun`."""
    alone: Target
    """What it sounds like by itself."""


def over(alone: float, whole: float, began: float) -> float:
    """Logarithm of the odds that a sound is over.

    Args:
        alone: probability of its family in the newest sound alone.
        whole: that in the whole window.
        began: logarithm of the odds that another one has begun, see `FrontEnd.begun`.
    """
    return BOTH * (odds(alone) + odds(whole)) + BEGAN * began + USUAL


class Attention:
    """Hears the windows of a stream, hop by hop."""

    def __init__(self, engine: Engine, front_end: FrontEnd) -> None:
        self._engine = engine
        self._front_end = front_end
        self._stride = max(round(HEARD_EVERY_S / engine.spec.hop_s), 1)
        """So many hops lie between hearings of what goes on."""
        self._heard: tuple[int, Target] | None = None
        """The hop that was heard last, and what was heard."""
        self._settled = ""
        """What was heard twice in a row or began suddenly: one may be a stray."""
        self._began: _Began | None = None

    def hear(self, window: Floats, hop: int) -> Target:
        """What is heard at a hop, `window` being all of the newest window.

        Between hearings it is what was heard before, the same object, unless another sound begins.
        """
        if self._heard is not None and hop - self._heard[0] < self._stride:
            return self._glance(window, hop) or self._heard[1]
        return self._take(self._hear(window, hop), hop)

    @property
    def heard_at(self) -> int | None:
        """The hop that was heard last; None before the first."""
        return None if self._heard is None else self._heard[0]

    def _take(self, target: Target, hop: int) -> Target:
        if target.sudden or (self._heard is not None and target.family == self._heard[1].family):
            self._settled = target.family
        self._heard = hop, target
        return target

    def _glance(self, window: Floats, hop: int) -> Target | None:
        """The sound that begins between two hearings, if one does."""
        age = self._age(hop)
        newest = self._newest() if age >= AGAIN_S else None
        if newest is None or (other := self._other(newest, self._whole(window, age), hop)) is None:
            return None
        return self._take(other, hop)

    def _hear(self, window: Floats, hop: int) -> Target:
        age = self._age(hop)
        heard = self._whole(window, age)
        newest = self._newest() if age >= AGAIN_S else None
        return (newest and self._other(newest, heard, hop)) or heard

    def _whole(self, window: Floats, age: float) -> Target:
        """The whole window, or all of a sound that began not long before."""
        return self._alone(age) if age < ALONE_S else self._engine.hear(window)

    def _newest(self) -> _Newest | None:
        """A sound that may have just begun and, alone, is another one than the one before."""
        seconds, began = self._front_end.begun()
        if seconds <= 0.0:
            return None
        alone = self._alone(seconds)
        another = alone.family != self._settled and alone.confidence > SURE
        return _Newest(seconds, began, alone) if another else None

    def _other(self, newest: _Newest, heard: Target, hop: int) -> Target | None:
        """That sound, where the one before it is over. `heard` is what both together sound like."""
        before, together = (one.scores.get(self._settled, 0.0) for one in (newest.alone, heard))
        if over(before, together, newest.began) <= LEAST_OVER:
            return None
        self._began = _Began(hop, newest.seconds)
        return replace(newest.alone, sudden=True)

    def _age(self, hop: int) -> float:
        """Seconds of the sound that began last; infinite before the first."""
        if self._began is None:
            return float("inf")
        return self._began.seconds + (hop - self._began.hop) * self._engine.spec.hop_s

    def _alone(self, seconds: float) -> Target:
        return self._engine.hear(self._front_end.newest_alone(seconds))
