"""Which hearings are believed: one alone that is far from the scene may be a wave taken for traffic."""

from __future__ import annotations

from s2s_live.engines.base import Target
from s2s_live.live.sphere import Direction, angle_between, exact

AWAY_RAD = 0.8
"""Two hearings that differ by less agree."""
FAR_RAD = 0.7
"""A hearing that is farther from the scene speaks of another sound."""
PLAUSIBLE = 0.05
"""Probability from which the scene's sound may be what is heard still: a wave that sounds like rain."""


class Belief:
    """Judges hearing after hearing. Owned by one thread."""

    def __init__(self, rest: Target) -> None:
        """`rest` is what the scene shows before anything was heard."""
        self.holds = True
        """Whether the newest hearing is believed."""
        self._newest = rest
        self._opening: Target | None = None
        """What was in force when the sound began: it may still be of the silence."""
        self._shown = rest.family
        """The family of what was believed last."""
        self._over = False
        """Whether the newest hearing, far from the scene, says that the scene's sound is over."""
        self._away = False
        """Whether the newest hearing is far from the scene."""

    def open(self, heard: Target) -> None:
        """A sound begins while this is in force."""
        self._opening, self.holds = heard, True

    def hear(self, heard: Target, scene: Direction) -> None:
        """Judge a hearing, the scene being at that latent; one that was judged before stays as it was."""
        if heard is not self._newest:
            self.holds = self._holds(heard, exact(heard.latent), scene)
        if self.holds:
            self._shown = heard.family
        self._newest = heard

    def rest(self, rest: Target) -> None:
        """The scene goes to rest, with nothing to hear."""
        self._newest = rest

    def _holds(self, heard: Target, latent: Direction, scene: Direction) -> bool:
        """A hearing that is near the scene is believed where it says what the one before it said. One that is
        far must say that the scene's sound is over, as the one before it did, and need not agree in anything
        else; or it says what another far one said that was believed.

        The first of a sound has none to differ from, and one of a sound that began suddenly needs none.
        """
        over, away, newest = self._over, self._away, self._newest
        self._away = angle_between(scene, latent) > FAR_RAD
        self._over = self._away and heard.scores.get(self._shown, 0.0) < PLAUSIBLE
        if heard.sudden or heard is self._opening or newest is self._opening:
            return True
        agree = angle_between(exact(newest.latent), latent) < AWAY_RAD
        if self._away:
            return (over and self._over) or (agree and away and self.holds)
        return agree
