"""Which hearings are believed: one alone that is far from the scene may be a wave taken for traffic."""

from __future__ import annotations

from s2s_live.engines.base import Target
from s2s_live.live.sphere import Direction, angle_between, exact
from s2s_live.timeline import TICK_S

AWAY_RAD = 0.8
"""Two hearings that differ by less agree."""
FAR_RAD = 0.7
"""A hearing that is farther from the scene speaks of another sound."""
PLAUSIBLE = 0.05
"""Probability from which the scene's sound may be what is heard still: a wave that sounds like rain."""
CONFIDENT = 0.5
"""From a greater probability on a lone hearing near the scene says what the scene's sound is."""
EARLY, EARLY_S = 2, 0.3
"""The first hearings of a sound out of silence, and how long they are waited for at the most: one is of the
silence still, and in the next its beginning alone is heard, which is a tick or a word whatever it is of."""


class Belief:
    """Judges hearing after hearing. Owned by one thread."""

    def __init__(self, rest: Target) -> None:
        """`rest` is what the scene shows before anything was heard."""
        self.holds = True
        """Whether the newest hearing is believed."""
        self._opening: Target | None = None
        """The first hearing of the sound that counts, or the newest of the early ones."""
        self._hearings = self._ticks = 0
        """How many there were since it began, up to the first that counts, and for how many ticks."""
        self.rest(rest)

    def rest(self, rest: Target) -> None:
        """The scene goes to rest, with nothing to hear."""
        self._newest = rest
        self._shown = rest.family
        """What the scene's sound is: the family of the newest hearing that was believed and could tell."""
        self._over = False
        """Whether the newest hearing, far from the scene, says that the scene's sound is over."""
        self._away = False
        """Whether the newest hearing is far from the scene."""

    def open(self, heard: Target) -> None:
        """A sound begins while this is in force."""
        self._opening, self.holds = heard, True
        self._hearings, self._ticks = 1, 0
        self._over, self._shown = False, heard.family

    @property
    def waits(self) -> bool:
        """Whether a sound has begun of which no hearing counts yet."""
        return 0 < self._hearings <= EARLY

    def step(self) -> None:
        """A tick goes by: a wait has an end."""
        self._ticks += 1
        if self.waits and self._ticks * TICK_S >= EARLY_S:
            self._hearings = EARLY + 1

    def early(self, heard: Target) -> bool:
        """Whether what is in force is too early to be followed."""
        if self.waits and heard is not self._opening:
            self._opening = heard
            self._hearings += 1
        return self.waits

    def hear(self, heard: Target, scene: Direction) -> None:
        """Judge a hearing, the scene being at that latent; one that was judged before stays as it was.

        One that is near the scene is believed where it says what the one before it said. One that is far must
        say that the scene's sound is over, as the one before it did, and need not agree in anything else; or
        it says what another far one said that was believed.

        The first of a sound has none to differ from, and one of a sound that began suddenly needs none.
        """
        if heard is self._newest:
            return
        first = heard.sudden or heard is self._opening or self._newest is self._opening
        agree = angle_between(exact(self._newest.latent), exact(heard.latent)) < AWAY_RAD
        followed = agree and self._away and self.holds
        over, far = self._over, angle_between(scene, exact(heard.latent)) > FAR_RAD
        self._over = far and heard.scores.get(self._shown, 0.0) < PLAUSIBLE
        self.holds = first or ((over and self._over) or followed if far else agree)
        if self.holds and (first or far or self._tells(heard)):
            self._shown = heard.family
        self._newest, self._away = heard, far

    def _tells(self, heard: Target) -> bool:
        """Whether a hearing near the scene says what its sound is: surely, or as the one before it."""
        return heard.confidence > CONFIDENT or heard.family == self._newest.family
