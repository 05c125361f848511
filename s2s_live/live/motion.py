"""Everything that moves: the latent, z, the fields' displacement, the pulse. Advances tick by tick.

A `Motion` is a pure function of (seed, what each tick sounded like, which target and controls held at it).
It knows neither threads nor time of day; live and offline shows step the same class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from s2s_live.engines.base import EngineSpec, Floats, PaintState, Target
from s2s_live.live.belief import AWAY_RAD, Belief
from s2s_live.live.memory import NO_PINS, Anchor, Pins, anchor, blend, counts
from s2s_live.live.sphere import angle_between, exact, slerp
from s2s_live.live.walk import walk
from s2s_live.timeline import PROGRAM_RATE, TICK, TICK_S

FULL_SCALE_DB = -6.0
"""RMS level that counts as full loudness."""
PULSE_DECAY_S = 0.25
LOUDNESS_ATTACK_S = 0.03
LOUDNESS_RELEASE_S = 0.4
POWER_S = 0.02
"""Time constant of the power that a burst is seen in: a rumble's level swings from tick to tick."""
SURPRISE_S = 0.4
"""Time constant of the running level that a burst is measured against."""
SURPRISE_FLOOR_DB = 3.0
SURPRISE_RANGE_DB = 12.0
SWING_S = 1.5
"""Time constant of the swing: how far the level usually is from its running mean, in dB."""
SURPRISE_SWINGS = 2.0
"""So many swings are no surprise: gusts, waves, chatter."""
NEAR_RAD = 0.4
"""Hearings of an unchanged sound differ by less; those of different sounds by three times as much."""
NEAR_SLOWER = 10.0
"""So much longer the latent takes to follow what is that near: a steady sound keeps a steady scene."""
WAVERING_S = 1.0
"""Time constant of how far hearings are from the scene on average. Those of waves or of gusts waver more
than others: what is near then reaches twice as far as they do."""
ARRIVED_RAD = 0.3
"""To a hearing that is `AWAY_RAD` away the scene gets under way, until it is that near."""
LEFT_RAD = 0.02
"""Pins that count no more are left behind when the scene is that near to what is heard."""
Z_GLIDE_S = 0.5
"""Time constant with which z glides to a new variation."""
DRIFT_AFTER_S = 1.0
"""Silence lasts this long before the scene drifts to rest."""
JUST_OVER_S = 0.1
"""A sudden sound that paused so shortly before its hearing came into force is followed all the same; after a
longer pause it may be the room's own noise that is taken for one."""
REST_SPEED = 0.3
"""Field speed at the gate, in units of the family's flow; full loudness adds 1."""


def approach(seconds: float, dt: float = TICK_S) -> float:
    """Share of the way an exponential smoother with time constant `seconds` goes in `dt` seconds."""
    return 1.0 - math.exp(-dt / seconds) if seconds > 0 else 1.0


def patience(angle: float, wavering: float = 0.0) -> float:
    """How many times slower than a new sound a goal is followed: 1 far away, 1 + NEAR_SLOWER close by.

    It falls off steeply, so that the middle of the way to a new sound is not slowed.

    Args:
        angle: of the goal, seen from where the scene is, in radians.
        wavering: what that has been lately, on average.
    """
    near = min(max(NEAR_RAD, 2.0 * wavering), AWAY_RAD)
    return 1.0 + NEAR_SLOWER * math.exp(-((angle / near) ** 4))


class Motion:
    """State of the moving show after `tick` ticks. Owned by one thread."""

    def __init__(self, spec: EngineSpec, rest: Target, seed: int, tick: int = 0) -> None:
        self.tick = tick
        self.seed = seed
        self.gate_open = False
        self._z_size = spec.z_size
        self._rest = rest
        self._heard = exact(rest.latent)
        self._latent = self._heard
        self._mixed = False
        self._flow = rest.flow.astype(np.float64)
        self._target = rest
        self._goal = rest
        self._z: NDArray[np.float64] | None = None
        self._anchor: Anchor | None = None
        self._phase = 0.0
        self._displacement = np.zeros((spec.layers, 2), dtype=np.float64)
        self._velocity = np.zeros((spec.layers, 2), dtype=np.float64)
        self._pulse = 0.0
        self._loudness = 0.0
        self._power = 0.0
        self._usual_db = -120.0
        self._swing_db = 0.0
        self._wavering = 0.0
        self._belief = Belief(rest)
        self._under_way = False
        self._quiet_ticks = 0
        self._in_force: Target | None = None
        self._quiet_before = 0
        """For how many ticks there was nothing to hear when it came into force."""
        self._opened = False
        """Whether the sound that goes on was heard to begin."""

    @property
    def target(self) -> Target:
        """What is heard or, in silence, rest: where the scene goes without pins."""
        return self._target

    @property
    def scene(self) -> Target:
        """Where the scene is: latent and flow as smoothed, the family of what counts most."""
        goal = self._goal
        latent, flow = self._latent.astype(np.float32), self._flow.astype(np.float32)
        return Target(latent, flow, goal.family, goal.confidence)

    @property
    def z(self) -> Floats:
        """Where z is, `[z_size]`: on its walk, or held by pins."""
        now = self._z if self._z is not None else walk(self.seed, 0, self._phase, self._z_size)
        return now.astype(np.float32)

    @property
    def _sounding(self) -> bool:
        """Whether a sound goes on: gaps within it (a clock's, a dog's) do not end it."""
        return self._quiet_ticks * TICK_S < DRIFT_AFTER_S

    def step(
        self,
        level_db: float,
        onset: float,
        heard: Target | None,
        controls: Mapping[str, float],
        pins: Pins = NO_PINS,
    ) -> None:
        """Advance one tick.

        Args:
            level_db: RMS level of the tick, dBFS.
            onset: onset strength of the tick, 0..1.
            heard: newest target in force at this tick, None before the first hearing.
            controls: values of all controls.
            pins: what the memory holds at this tick.
        """
        self._listen(level_db, onset, controls["gate_db"])
        if heard is not self._in_force:
            self._in_force, self._quiet_before = heard, self._quiet_ticks
        # An engine that finds nothing to hear in a window says so by its silence, however loud that is.
        sounds = self.gate_open and heard is not self._rest
        self._open(heard if sounds else None)
        self._quiet_ticks = 0 if sounds else self._quiet_ticks + 1
        self._choose_target(heard if sounds or self._over_already(heard) else None, controls)
        if controls["hold"] < 0.5:
            self._follow(controls, pins)
            self._anchor = anchor(pins, controls)
        self._phase += controls["z_speed"] * TICK_S
        goal = walk(self.seed, int(controls["variation"]), self._phase, self._z_size)
        if self._anchor is not None:
            goal = goal + self._anchor.share * (self._anchor.z - goal)
        self._z = goal if self._z is None else self._z + approach(Z_GLIDE_S) * (goal - self._z)
        speed = controls["motion"] * (REST_SPEED + self._loudness + self._pulse)
        self._velocity = self._flow * speed
        self._displacement += self._velocity * TICK_S
        self.tick += 1

    def _over_already(self, heard: Target | None) -> bool:
        """Whether what is heard counts in a pause: a bark, a bird's call are over before they are heard."""
        if heard is None or heard is self._rest or not self._sounding:
            return False
        sudden = heard.sudden and heard.family != self._rest.family
        return self._belief.waits or (sudden and self._quiet_before * TICK_S <= JUST_OVER_S)

    def _open(self, heard: Target | None) -> None:
        """A tick goes by; where a sound (None: there is none) begins in it, say so."""
        self._belief.step()
        self._opened = self._opened and self._sounding
        if heard is not None and not self._opened:
            self._opened = True
            self._belief.open(heard)

    def _follow(self, controls: Mapping[str, float], pins: Pins) -> None:
        """Go on towards what is heard, mixed with the pins that count."""
        seconds = controls["attack"] if self._sounding else controls["release"]
        # Until a sound's first hearing counts, the scene stays where the silence left it.
        share = 0.0 if self._belief.waits else approach(seconds * self._patience(self._target))
        self._heard = slerp(self._heard, exact(self._target.latent), share)
        pinned = counts(pins, controls)
        self._goal = self._target
        if pinned or self._mixed:
            steady = replace(self._target, latent=self._heard.astype(np.float32))
            self._goal = blend(steady, pins, controls, self._rest)
            # Pins are no hearings that waver: they are reached, and left, in time.
            share = approach(seconds)
            self._latent = slerp(self._latent, exact(self._goal.latent), share)
            self._mixed = pinned or angle_between(self._latent, self._heard) > LEFT_RAD
        else:
            self._latent = self._heard
        self._flow += share * (self._goal.flow - self._flow)

    def _patience(self, heard: Target) -> float:
        """How many times slower this hearing is followed: 1 under way to what is believed, and to rest."""
        if heard is self._rest:
            self._under_way = False
            return 1.0
        if not self._belief.holds and not self._under_way:
            return 1.0 + NEAR_SLOWER
        angle = angle_between(self._heard, exact(heard.latent))
        self._under_way = angle > (ARRIVED_RAD if self._under_way else AWAY_RAD)
        if self._under_way:
            return 1.0
        self._wavering += approach(WAVERING_S) * (angle - self._wavering)
        return patience(angle, self._wavering)

    def _listen(self, level_db: float, onset: float, gate_db: float) -> None:
        """Follow loudness and onsets: the fast path."""
        self.gate_open = level_db > gate_db
        span = max(FULL_SCALE_DB - gate_db, 1.0)
        loudness = min(max((level_db - gate_db) / span, 0.0), 1.0)
        seconds = LOUDNESS_ATTACK_S if loudness > self._loudness else LOUDNESS_RELEASE_S
        self._loudness += approach(seconds) * (loudness - self._loudness)
        surprise = self._surprise(level_db, gate_db)
        kick = max(surprise, onset) if self.gate_open else 0.0
        self._pulse = max(self._pulse * math.exp(-TICK_S / PULSE_DECAY_S), kick)

    def _surprise(self, level_db: float, gate_db: float) -> float:
        """0..1: how far the level stands out above what it has been doing."""
        self._power += approach(POWER_S) * (10.0 ** (0.1 * level_db) - self._power)
        # Levels below the gate are noise: a step out of silence must not count as 60 dB of surprise.
        heard_db = max(10.0 * math.log10(self._power + 1e-12), gate_db)
        above = heard_db - max(self._usual_db, gate_db)
        usual_db = SURPRISE_FLOOR_DB + SURPRISE_SWINGS * self._swing_db
        self._usual_db += approach(SURPRISE_S) * (heard_db - self._usual_db)
        # One burst hardly counts as usual: the next must not go unseen.
        swing = min(abs(above), 2.0 * self._swing_db + 1.0)
        self._swing_db += approach(SWING_S) * (swing - self._swing_db)
        return min(max((above - usual_db) / SURPRISE_RANGE_DB, 0.0), 1.0)

    def _choose_target(self, heard: Target | None, controls: Mapping[str, float]) -> None:
        """Follow what is heard; in silence (None) hold, or drift to rest."""
        if heard is not None:
            if not self._belief.early(heard):
                self._belief.hear(heard, self._heard)
                self._target = heard
        elif controls["gate_mode"] < 0.5 and not self._sounding:
            self._target = self._rest
            self._belief.rest(self._rest)

    def state(self, position: int, controls: Mapping[str, float]) -> PaintState:
        """What to paint at programme sample `position`, at or after the newest tick.

        Displacement goes on at the tick's velocity between ticks, so motion is even at any frame rate.
        """
        ahead = (position - self.tick * TICK) / PROGRAM_RATE
        return PaintState(
            position=position,
            seed=self.seed,
            latent=self._latent.astype(np.float32),
            z=self.z,
            displacement=self._displacement + self._velocity * ahead,
            pulse=self._pulse,
            loudness=self._loudness,
            controls=dict(controls),
        )
