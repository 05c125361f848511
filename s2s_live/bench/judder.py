"""How evenly a slow generator's scene moves on a screen, with pictures in between and without.

Judder is how much the change from one refresh of the screen to the next varies, over its mean: 0 for motion
at one speed, 2.5 where each of eight pictures a second stays for seven refreshes and then jumps.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.feed import Feed
from s2s_live.audio.synthetic import ArraySource
from s2s_live.bench.machine import describe
from s2s_live.bench.script import SOURCE_RATE
from s2s_live.live.session import DEFAULT_FPS, Session
from s2s_live.world.sounds import synthesise

if TYPE_CHECKING:
    from s2s_live.engines.base import Engine, PaintState, Picture
    from s2s_live.live.frame import Frame

KEY_S = 0.125
"""A slow generator's time for a picture."""
FAMILY, LOUDNESS, SOUND_S = "stream", 0.6, 10.0
"""A steady sound, whose scene flows."""
SETTLED_S, SECONDS = 6.0, 12.0
"""Waited until the scene has settled; looked at."""
PHASES = 4
"""Moments, evenly over a refresh, at which the screen may be refreshed."""
STEP = 2
"""Every so manyth pixel is compared."""


class Slowed:
    """An engine that takes longer for every picture."""

    def __init__(self, engine: Engine, seconds: float) -> None:
        self._engine, self._seconds = engine, seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def paint(self, state: PaintState) -> Picture:
        """As the engine does, later."""
        begun = time.perf_counter()
        picture = self._engine.paint(state)
        time.sleep(max(0.0, self._seconds - (time.perf_counter() - begun)))
        return picture


def judder(pictures: Sequence[NDArray[np.uint8]], times: Sequence[float], fps: float) -> float | None:
    """Of pictures shown from these times on, on a screen of `fps`; None where nothing moves.

    When in the life of a picture the screen is refreshed is chance, and where pictures come as often as
    refreshes it decides how many are seen twice or never: the mean over PHASES of it.
    """
    if len(times) < 2:
        return None
    found = [_at_phase(pictures, times, fps, phase / PHASES) for phase in range(PHASES)]
    known = [value for value in found if value is not None]
    return float(np.mean(known)) if known else None


def _at_phase(
    pictures: Sequence[NDArray[np.uint8]], times: Sequence[float], fps: float, phase: float
) -> float | None:
    """`judder` on a screen that is refreshed this share of a refresh after the first picture came."""
    refreshes = np.arange(times[0] + phase / fps, times[-1], 1.0 / fps)
    shown = np.searchsorted(times, refreshes, side="right") - 1
    changes = [_change(pictures[a], pictures[b]) for a, b in pairwise(shown)]
    mean = float(np.mean(changes)) if changes else 0.0
    return float(np.std(changes)) / mean if mean else None


def _change(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    return 0.0 if before is after else float(np.abs(np.subtract(after, before, dtype=np.int16)).mean())


def measure_judder(model: str, seconds: float = SECONDS) -> dict[str, object]:
    """`judder` of the model, slowed to a picture every KEY_S, with pictures in between and without."""
    from s2s_live.engines.registry import open_engine
    from s2s_live.live.threads import engine_threads
    from s2s_live.store.library import find_model

    engine = open_engine(find_model(model), threads=engine_threads())
    try:
        found = {name: _show(engine, tween, seconds) for name, tween in (("with", 1.0), ("without", 0.0))}
        spec = engine.spec
    finally:
        engine.close()
    return {
        "machine": describe(),
        "model": {"name": spec.model, "hash": spec.model_hash},
        "runtime": spec.runtime,
        "threads": spec.threads,
        "key_frames_per_s": 1.0 / KEY_S,
        "judder": {name: value for name, (value, _) in found.items()},
        "pictures_per_s": {name: rate for name, (_, rate) in found.items()},
    }


def _show(engine: Engine, tween: float, seconds: float) -> tuple[float | None, float]:
    """Judder of a show, and how many pictures it shows a second."""
    pictures: list[NDArray[np.uint8]] = []
    times: list[float] = []

    def note(frame: Frame) -> None:
        times.append(time.monotonic())
        pictures.append(frame.picture[::STEP, ::STEP].copy())

    feed = Feed()
    feed.play(ArraySource(synthesise(FAMILY, LOUDNESS, 1, SOUND_S), SOURCE_RATE, loop=True, name="Benchmark"))
    feed.start()
    session = Session(Slowed(engine, KEY_S), feed, seed=1, values={"tween": tween})
    session.start()
    try:
        time.sleep(SETTLED_S)
        session.add_sink(note)
        time.sleep(seconds)
        session.remove_sink(note)
    finally:
        session.stop()
        feed.stop()
    value = judder(pictures, times, DEFAULT_FPS)
    return None if value is None else round(value, 2), round(len(times) / seconds, 1)
