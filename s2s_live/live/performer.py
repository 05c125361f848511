"""One show, stepped: applies targets, changes of controls and pins at their ticks and paints on demand.

Used by the painting thread live and by the offline renderer: there is no second implementation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from s2s_live.audio.levels import LevelTrack
from s2s_live.engines.base import Engine, PaintState, Picture, Target
from s2s_live.live.flash import FlashGuard
from s2s_live.live.listener import Heard
from s2s_live.live.log import ShowLog
from s2s_live.live.memory import NO_PINS, Pin, Pins
from s2s_live.live.motion import Motion
from s2s_live.timeline import TICK
from s2s_live.tracing import span

Levels = Callable[[int], tuple[float, float]]
"""(level in dBFS, onset 0..1) of a tick."""

Changes = Callable[[int], Iterable[tuple[str, float]]]
"""(control, value) changes that take effect at a tick; asked once for each tick, in order."""

Pinned = Callable[[int], Iterable[tuple[int, Pin | None]]]
"""(slot, its pin or None) changes that take effect at a tick; asked once for each tick, in order."""


def levels_of(track: LevelTrack) -> Levels:
    """Read levels and onsets from a track."""
    return lambda tick: (track.level(tick), track.onset(tick))


class Performer:
    """Moving state of a show and the engine that paints it. Owned by one thread."""

    def __init__(
        self,
        engine: Engine,
        values: Mapping[str, float],
        changes: Changes,
        *,
        seed: int,
        tick: int = 0,
        log: ShowLog | None = None,
        pins: Pins = NO_PINS,
        pinned: Pinned = lambda _tick: (),
    ) -> None:
        self.engine = engine
        self.motion = Motion(engine.spec, engine.silence(), seed, tick)
        self.log = log
        self.newest_hop_end: int | None = None
        """Programme position at which the window of the target in force ends."""
        self._hop_length = round(engine.spec.hop_s * 100) * TICK
        self._values = dict(values)
        self._changes = changes
        self._pins = pins
        self._pinned = pinned
        self._pending: deque[Heard] = deque()
        self._heard: Target | None = None
        self._guard = FlashGuard()

    @property
    def heard(self) -> Target | None:
        """The target in force."""
        return self._heard

    @property
    def values(self) -> Mapping[str, float]:
        """Value of every control at the tick stepped last."""
        return self._values

    def offer(self, heard: Heard) -> None:
        """Queue a hearing for its tick. Hearings come in order of their hops."""
        self._pending.append(heard)

    def advance(self, tick: int, levels: Levels) -> None:
        """Step to `tick`, reading the level of each tick passed."""
        while self.motion.tick < tick:
            self._apply_changes()
            self._apply_targets()
            level_db, onset = levels(self.motion.tick)
            self.motion.step(level_db, onset, self._heard, self._values, self._pins)

    def state(self, position: int) -> PaintState:
        """What the frame at programme sample `position` depends on."""
        return self.motion.state(position, self._values)

    def paint(self, position: int) -> Picture:
        """The frame at programme sample `position`, flash guard applied."""
        picture = self.engine.paint(self.state(position))
        if self._values["flash_guard"] >= 0.5:
            with span("guard", position=position):
                picture = self._guard.apply(picture, position)
        if self.log is not None:
            self.log.frames.append(position)
        return picture

    def _apply_changes(self) -> None:
        for name, value in self._changes(self.motion.tick):
            self._values[name] = value
            if self.log is not None:
                self.log.changes.append((self.motion.tick, name, value))
        for slot, pin in self._pinned(self.motion.tick):
            self._pins = (*self._pins[: slot - 1], pin, *self._pins[slot:])
            if self.log is not None:
                self.log.pinned.append((self.motion.tick, slot, pin))

    def _apply_targets(self) -> None:
        while self._pending and self._pending[0].tick <= self.motion.tick:
            heard = self._pending.popleft()
            self._heard = heard.target
            if heard.fresh:
                self.newest_hop_end = (heard.hop + 1) * self._hop_length
            if self.log is not None:
                self.log.note(heard.hop, self.motion.tick, heard.controls)
