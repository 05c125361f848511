"""Ear to eye: when a change of the sound became a change of the picture on the screen.

The show is replayed exactly from its log, once with the sound that was played and once without the bursts;
the difference of the two pictures at the same sample is what the burst changed. The end of a change is the
end of the paint event that first showed it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from s2s_live.bench.script import Event
from s2s_live.engines.base import Engine, PaintState, Picture
from s2s_live.live.log import ShowLog
from s2s_live.live.offline import replay_states
from s2s_live.timeline import PROGRAM_RATE

CHANGED = 2.0
"""Mean absolute difference, of 255, from which a picture counts as changed."""
STAYS_S = 0.05
"""A change counts when it stays this long."""
FAST_SPAN_S = 0.5
SEMANTIC_SPAN_S = 2.2
"""How long after an event its change is looked for."""

Floats = NDArray[np.float32]
States = Mapping[int, PaintState]
"""Paint states by programme position."""


@dataclass(frozen=True)
class Shown:
    """The end of the first paint event that showed a frame."""

    position: int
    """Programme sample of the frame."""
    at: float
    """Monotonic seconds."""


@dataclass(frozen=True)
class ShowRecord:
    """Everything a show left behind."""

    log: ShowLog
    sound: Floats
    """Programme `[n, 2]` from position 0, as played."""
    calm: Floats
    """The same without bursts."""
    shown: Sequence[Shown]
    """In order."""


def difference(a: Picture, b: Picture) -> float:
    """Mean absolute difference of two pictures, of 255."""
    return float(np.abs(a.astype(np.int16) - b.astype(np.int16)).mean())


def first_lasting(shown: Sequence[Shown], is_changed: Callable[[Shown], bool]) -> Shown | None:
    """The first changed frame that is followed by `STAYS_S` of nothing but changed frames.

    Frames are looked at in order, and no further than needed: looking means painting.
    """
    first: Shown | None = None
    for frame in shown:
        if not is_changed(frame):
            first = None
            continue
        first = first or frame
        if frame.at - first.at >= STAYS_S:
            return first
    return None


def measure(
    engine: Engine, record: ShowRecord, events: Sequence[Event], capture_time: Mapping[int, float]
) -> dict[str, list[float]]:
    """Latencies in milliseconds by kind of event.

    Args:
        engine: the engine of the show.
        record: what it left.
        events: in programme samples.
        capture_time: monotonic capture time of each event's first sample.
    """
    spans = {event: _frames_after(record.shown, event) for event in events}
    wanted = sorted({frame.position for frames in spans.values() for frame in frames})
    played = _states_at(engine, record.sound, record.log, wanted)
    calm = _states_at(engine, record.calm, record.log, wanted)
    latencies: dict[str, list[float]] = {"fast": [], "semantic": []}
    for event, frames in spans.items():
        if event.kind == "fast":
            shows = _burst_shows(engine, played, calm)
        else:
            shows = _half_way(engine, calm, frames)
        first = first_lasting(frames, shows)
        if first is not None:
            latencies[event.kind].append((first.at - capture_time[event.sample]) * 1e3)
    return latencies


def _states_at(engine: Engine, sound: Floats, log: ShowLog, wanted: Sequence[int]) -> States:
    return {state.position: state for state in replay_states(engine, (sound,), log, wanted)}


def _frames_after(shown: Sequence[Shown], event: Event) -> list[Shown]:
    """Frames of the span after the event; the one just before it comes first."""
    span = FAST_SPAN_S if event.kind == "fast" else SEMANTIC_SPAN_S
    positions = [frame.position for frame in shown]
    start = max(bisect_left(positions, event.sample) - 1, 0)
    stop = bisect_left(positions, event.sample + round(span * PROGRAM_RATE))
    return list(shown[start:stop])


def _burst_shows(engine: Engine, played: States, calm: States) -> Callable[[Shown], bool]:
    """Whether a frame differs from what the same sample shows without the burst."""

    def is_changed(frame: Shown) -> bool:
        painted = engine.paint(played[frame.position])
        return difference(painted, engine.paint(calm[frame.position])) > CHANGED

    return is_changed


def _half_way(engine: Engine, calm: States, frames: Sequence[Shown]) -> Callable[[Shown], bool]:
    """Whether a frame's picture is more than half of the way from the old latent's to the new one's.

    Old is the latent before the event, new the one at the end of the span; all else (fields, z, pulse) is the
    frame's own, so the way is that of the change of sound alone.
    """

    def is_changed(frame: Shown) -> bool:
        state = calm[frame.position]
        old, new = calm[frames[0].position].latent, calm[frames[-1].position].latent
        start = engine.paint(replace(state, latent=old)).astype(np.float32)
        way = engine.paint(replace(state, latent=new)).astype(np.float32) - start
        gone = engine.paint(state).astype(np.float32) - start
        length = float((way * way).sum())
        return length > 0 and float((gone * way).sum()) / length > 0.5

    return is_changed
