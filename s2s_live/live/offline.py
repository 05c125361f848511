"""Shows without a clock: render sound to frames, or replay a live show from its log.

Both step the same `Performer` and `Listener` as the live threads. Sound comes in blocks and frames go out as
they fall due, so any length runs in constant memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import count

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.levels import LevelTrack
from s2s_live.engines.base import Engine, PaintState, Picture
from s2s_live.live.controls import SESSION_CONTROLS, ControlValues
from s2s_live.live.listener import Listener
from s2s_live.live.log import ShowLog
from s2s_live.live.memory import NO_PINS, Pin, Pins
from s2s_live.live.performer import Performer, levels_of
from s2s_live.timeline import PROGRAM_RATE, TICK, tick_of

Blocks = Iterable[NDArray[np.float32]]
"""Programme sound from position 0: blocks `[n, 2]` of any length."""


def render(
    engine: Engine,
    sound: Blocks,
    *,
    seed: int,
    fps: float,
    values: Mapping[str, float] | None = None,
    pins: Pins = NO_PINS,
) -> Iterator[tuple[int, Picture]]:
    """Frames of a show as it was meant: every hop heard, every target in time.

    Args:
        engine: an open engine.
        sound: programme sound from position 0.
        seed: of fields and z.
        fps: frames per second of sound.
        values: controls that differ from their defaults.
        pins: what the memory holds.

    Yields:
        (programme position, frame), frame j at sample round(j * 48000 / fps).
    """
    controls = ControlValues(SESSION_CONTROLS + engine.spec.controls, values)
    performer = Performer(engine, controls.snapshot(), lambda _tick: (), seed=seed, pins=pins)
    positions = (round(j * PROGRAM_RATE / fps) for j in count())
    for position in _perform(performer, Listener(engine, 0), sound, positions, None):
        yield position, performer.paint(position)


def replay(engine: Engine, sound: Blocks, log: ShowLog) -> Iterator[tuple[int, Picture]]:
    """The frames of a logged show again: bit-equal on the same machine, runtime and thread count.

    Yields:
        (programme position, frame), in the order in which they were painted.
    """
    for performer, position in _replay(engine, sound, log, log.frames):
        yield position, performer.paint(position)


def replay_states(
    engine: Engine, sound: Blocks, log: ShowLog, positions: Iterable[int]
) -> Iterator[PaintState]:
    """The paint states of a logged show at ascending positions, with its sound or another."""
    for performer, position in _replay(engine, sound, log, positions):
        yield performer.state(position)


def _replay(
    engine: Engine, sound: Blocks, log: ShowLog, positions: Iterable[int]
) -> Iterator[tuple[Performer, int]]:
    script: dict[int, list[tuple[str, float]]] = {}
    for tick, name, value in log.changes:
        script.setdefault(tick, []).append((name, value))
    pinned: dict[int, list[tuple[int, Pin | None]]] = {}
    for tick, slot, pin in log.pinned:
        pinned.setdefault(tick, []).append((slot, pin))
    performer = Performer(
        engine,
        log.controls,
        lambda tick: script.get(tick, ()),
        seed=log.seed,
        tick=log.start_tick,
        pins=log.pins,
        pinned=lambda tick: pinned.get(tick, ()),
    )
    listener = Listener(engine, log.first_hop)
    for position in _perform(performer, listener, sound, iter(positions), log):
        yield performer, position


def _perform(
    performer: Performer,
    listener: Listener,
    sound: Blocks,
    positions: Iterator[int],
    log: ShowLog | None,
) -> Iterator[int]:
    """Step through the sound, stopping at each position.

    A log gives the hops to hear, with which controls, and when each took effect; None hears all, in time.
    """
    ticks = None if log is None else dict(log.hops)
    turns = {} if log is None else dict(log.heard_with)
    values = performer.values
    track = LevelTrack()
    levels = levels_of(track)
    position = next(positions, None)
    for hop, block in enumerate(in_hops(sound, listener.hop_length)):
        for start in range(0, len(block), TICK):
            track.push(block[start : start + TICK])
        if hop == listener.next_hop:
            listener.push(block)
            if ticks is None or hop in ticks:
                values = turns.get(hop, values)
                heard = listener.hear(values)
                tick = heard.tick if ticks is None else ticks[hop]
                performer.offer(replace(heard, tick=tick))
        end = (hop + 1) * listener.hop_length
        while position is not None and position <= end:
            performer.advance(tick_of(position), levels)
            yield position
            position = next(positions, None)
        # Even without a frame the motion goes on, so that no level is asked for after it was dropped.
        performer.advance(tick_of(end if position is None else min(end, position)), levels)


def in_hops(sound: Blocks, hop_length: int) -> Iterator[NDArray[np.float32]]:
    """Cut blocks of any length into hops `[hop_length, 2]`; the last is filled up with silence."""
    rest = np.zeros((0, 2), dtype=np.float32)
    for block in sound:
        rest = np.concatenate((rest, block)) if len(rest) else block
        while len(rest) >= hop_length:
            yield rest[:hop_length]
            rest = rest[hop_length:]
    if len(rest):
        yield np.concatenate((rest, np.zeros((hop_length - len(rest), 2), dtype=np.float32)))
