"""Hearing without threads: programme sound in, one hop at a time; targets out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.resample import StreamingResampler
from s2s_live.engines.base import Engine, Target
from s2s_live.live.attention import Attention
from s2s_live.timeline import PROGRAM_RATE, TICK

HEAR_DELAY_TICKS = 3
"""A target takes effect this long (30 ms) after the end of its window, whenever it is ready before.

A fixed delay makes a live show and its offline plan the same: only hearings that need longer differ, and
those are logged with the tick at which they took effect.
"""


Prepared = Callable[[NDArray[np.float32]], bool]
"""Whether the engine can hear this window at once, see `Prepares`."""


@dataclass(frozen=True)
class Heard:
    """One hearing: which hop, when it takes effect, what it said."""

    hop: int
    """Index on the absolute grid of hops: its window ends at programme sample (hop + 1) * hop length."""
    tick: int
    """Tick from which it holds."""
    target: Target
    controls: Mapping[str, float] = field(default_factory=dict)
    """Values of the engine's controls of hearing that it was heard with."""
    fresh: bool = True
    """Whether it was heard at this hop; else it is what was heard before, no other sound having begun."""


def mono(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean of the programme's channels: `[n, 2]` to `[n]`."""
    mixed: NDArray[np.float32] = block.mean(axis=1, dtype=np.float32)
    return mixed


class Listener:
    """Resampler and front end of one engine, fed with whole hops of programme sound.

    It is always fed the same chunks (one hop), so the features of a replay are bit-equal to the live ones.
    """

    def __init__(self, engine: Engine, first_hop: int) -> None:
        self.hop_length = round(engine.spec.hop_s * PROGRAM_RATE)
        if self.hop_length % TICK:
            raise ValueError(f"hop of {engine.spec.hop_s} s is not a whole number of ticks")
        self.next_hop = first_hop
        self._engine = engine
        self._front_end = engine.front_end()
        self._attention = Attention(engine, self._front_end)
        self._heard_with = {c.name: c.default for c in engine.spec.controls if c.hearing}
        self._resampler = StreamingResampler(PROGRAM_RATE, engine.spec.sample_rate, 1)

    @property
    def needs(self) -> tuple[int, int]:
        """Programme samples (start, stop) of the next hop."""
        return self.next_hop * self.hop_length, (self.next_hop + 1) * self.hop_length

    def push(self, block: NDArray[np.float32]) -> None:
        """Take the sound of the next hop, `[hop_length, 2]`; compute its columns, hear nothing yet."""
        self._front_end.push(self._resampler.process(mono(block)).reshape(-1))
        self.next_hop += 1

    def hear(self, values: Mapping[str, float], prepared: Prepared | None = None) -> Heard:
        """Hear the window that ends with the hop pushed last, as the controls of hearing among `values` say.

        A window with nothing in it is the engine's silence. Where one is not `prepared` (without, all are) it
        hears as the controls said before.
        """
        hop = self.next_hop - 1
        controls = {name: values[name] for name in self._heard_with if name in values}
        window = self._front_end.listen(controls)
        if window is not None and prepared is not None and not prepared(window):
            controls = self._heard_with
            window = self._front_end.listen(controls)
        self._heard_with = {**self._heard_with, **controls}
        tick = (hop + 1) * self.hop_length // TICK + HEAR_DELAY_TICKS
        if window is None:
            return Heard(hop, tick, self._engine.silence(), controls)
        target = self._attention.hear(window, hop)
        return Heard(hop, tick, target, controls, fresh=self._attention.heard_at == hop)

    def hear_whole(self) -> Target:
        """What the whole window that ends with the hop pushed last sounds like, whatever began in it."""
        window = self._front_end.listen({})
        return self._engine.silence() if window is None else self._engine.hear(window)
