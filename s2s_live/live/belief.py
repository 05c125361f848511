"""Which hearings are believed: one alone that is far from the scene may be a wave taken for traffic."""

from __future__ import annotations

from s2s_live.engines.base import Target
from s2s_live.live.attention import odds as log_odds
from s2s_live.live.sphere import Direction, angle_between, exact

AWAY_RAD = 0.8
"""Two hearings that differ by less agree."""
FAR_RAD = 0.7
"""A hearing that is farther from the scene speaks of another sound."""
ENOUGH = 5.8
"""Sum of the logarithmic odds, over hearings in a row that are far from the scene, from which its sound is
taken to be over: that of two which give it a probability of .05 each. Waves sound like rain for moments."""
MOST = 4.0
"""What one hearing counts at the most: there must be two."""
CONFIDENT = 0.5
"""A hearing near the scene must have a greater probability than this to say what the scene's sound is."""


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
        self._over = 0.0
        """Sum of the odds of hearings in a row, far from the scene, that its sound is over."""
        self._away = False
        """Whether the newest hearing is far from the scene."""

    def open(self, heard: Target) -> None:
        """A sound begins while this is in force."""
        self._opening, self.holds = heard, True

    def hear(self, heard: Target, scene: Direction) -> None:
        """Judge a hearing, the scene being at that latent; one that was judged before stays as it was."""
        if heard is not self._newest:
            self.holds = self._holds(heard, exact(heard.latent), scene)
        if self.holds and (self._away or heard.confidence > CONFIDENT):
            self._over = self._over if heard.family == self._shown else 0.0
            self._shown = heard.family
        self._newest = heard

    def rest(self, rest: Target) -> None:
        """The scene goes to rest, with nothing to hear."""
        self._newest = rest

    def _holds(self, heard: Target, latent: Direction, scene: Direction) -> bool:
        """A hearing that is near the scene is believed where it says what the one before it said. One that is
        far must say with those before it that the scene's sound is over, and need not agree in anything else;
        or it says what another far one said that was believed.

        The first of a sound has none to differ from, and one of a sound that began suddenly needs none.
        """
        away, newest = self._away, self._newest
        self._away = angle_between(scene, latent) > FAR_RAD
        odds = min(max(-log_odds(heard.scores.get(self._shown, 0.0)), 0.0), MOST)
        self._over = self._over + odds if self._away else 0.0
        if heard.sudden or heard is self._opening or newest is self._opening:
            return True
        agree = angle_between(exact(newest.latent), latent) < AWAY_RAD
        if self._away:
            return self._over > ENOUGH or (agree and away and self.holds)
        return agree
