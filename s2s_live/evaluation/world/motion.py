"""Pictures in motion: how much changes between frames under a steady sound, and whether it is motion."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from s2s_live.engines.base import Engine, EngineSpec, Floats, FrontEnd, PaintState, Picture, Target
from s2s_live.live.offline import render
from s2s_live.opencv import cv2
from s2s_live.timeline import PROGRAM_RATE
from s2s_live.world.sounds import SAMPLE_RATE, synthesise

FPS = 30.0
INTENSITY = 0.6
SEED = 1_000_003
BEATS = frozenset({"storm", "fire", "birds", "dog", "rooster", "clock", "bell", "voice", "baby", "music"})
"""Families whose sound is never steady: claps, crackles, calls, strokes, words, which a picture shows."""
UNWARPED = frozenset({"rain", "storm", "night_insects", "music", "silence"})
"""Families of falling rain and of stars, which optical flow cannot follow."""
BORDER = 16
"""Share of a picture's rows (one of so many) left out at each edge: what comes in there was in no frame."""


@dataclass(frozen=True)
class Moving:
    """What changes between the frames of one show."""

    mean_change: float
    """Mean absolute change of a pixel from one frame to the next, of 255."""
    worst_over_mean: float
    """The greatest such change over the mean one."""
    luminance_change_percent: float
    """Mean change of the mean luminance from one frame to the next, of the mean luminance."""
    warped_over_unwarped: float
    """Change that is left after the first frame was moved along its optical flow, over that before."""

    def to_json(self) -> dict[str, float]:
        """As JSON takes it."""
        return {name: round(value, 4) for name, value in vars(self).items()}


def measure(frames: Iterable[Picture]) -> Moving:
    """The figures of at least two frames."""
    changes: list[float] = []
    luminances: list[float] = []
    left = whole = 0.0
    for (before, then), (after, now) in pairwise((frame, _grey(frame)) for frame in frames):
        changes.append(float(np.abs(after.astype(np.float32) - before.astype(np.float32)).mean()))
        luminances += [float(now.mean())] if luminances else [float(then.mean()), float(now.mean())]
        warped, unwarped = residuals(then, now)
        left, whole = left + warped, whole + unwarped
    mean = float(np.mean(changes))
    swing = float(np.abs(np.diff(luminances)).mean())
    return Moving(
        mean_change=mean,
        worst_over_mean=max(changes) / mean if mean else 1.0,
        luminance_change_percent=100.0 * swing / max(float(np.mean(luminances)), 1.0),
        warped_over_unwarped=left / whole if whole else 0.0,
    )


def residuals(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[float, float]:
    """Mean absolute difference of two grey frames, with the first moved along the flow and as it is."""
    flow = cv2.calcOpticalFlowFarneback(after, before, _no_flow(after), 0.5, 4, 15, 3, 7, 1.5, 0)
    rows, columns = np.indices(after.shape, dtype=np.float32)
    moved = cv2.remap(
        before.astype(np.float32),
        columns + flow[..., 0],
        rows + flow[..., 1],
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    edge = after.shape[0] // BORDER
    inner = (slice(edge, -edge), slice(edge, -edge))
    now = after.astype(np.float32)[inner]
    return float(np.abs(now - moved[inner]).mean()), float(np.abs(now - before[inner]).mean())


def _grey(frame: Picture) -> NDArray[np.uint8]:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def _no_flow(frame: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.zeros((*frame.shape, 2), np.float32)


@dataclass
class Watched:
    """An engine that notes what it is asked to paint and how long that takes."""

    engine: Engine
    pulses: list[float] = field(default_factory=list)
    paint_ms: list[float] = field(default_factory=list)

    @property
    def spec(self) -> EngineSpec:
        """See `Engine`."""
        return self.engine.spec

    def front_end(self) -> FrontEnd:
        """See `Engine`."""
        return self.engine.front_end()

    def hear(self, window: Floats) -> Target:
        """See `Engine`."""
        return self.engine.hear(window)

    def paint(self, state: PaintState) -> Picture:
        """See `Engine`."""
        begun = time.perf_counter()
        picture = self.engine.paint(state)
        self.paint_ms.append((time.perf_counter() - begun) * 1e3)
        self.pulses.append(state.pulse)
        return picture

    def silence(self) -> Target:
        """See `Engine`."""
        return self.engine.silence()

    def close(self) -> None:
        """See `Engine`."""
        self.engine.close()


def show(engine: Engine, family: str, settle_s: float, seconds: float) -> Iterator[Picture]:
    """Frames of a show under a synthesised sound that goes on evenly, without the first `settle_s`."""
    sound = synthesise(family, INTENSITY, SEED, settle_s + seconds)
    programme = soxr.resample(sound, SAMPLE_RATE, PROGRAM_RATE).astype(np.float32)
    for position, picture in render(engine, [np.stack([programme] * 2, axis=1)], seed=1, fps=FPS):
        if settle_s * PROGRAM_RATE <= position < (settle_s + seconds) * PROGRAM_RATE:
            yield picture


def temporal(
    engine: Engine, families: Sequence[str], settle_s: float, seconds: float
) -> tuple[dict[str, Any], dict[str, float]]:
    """(`temporal`, `paint_ms`) of shows of `seconds` under each family's sound.

    `temporal` sums up the families whose sound is steady: the mean of their changes, the worst of the rest.
    `pulse` is the greatest that a family's sound gave, 0..1.
    """
    rows: dict[str, dict[str, float | bool]] = {}
    times: list[float] = []
    for family in families:
        watched = Watched(engine)
        moving = measure(show(watched, family, settle_s, seconds))
        settled = round(settle_s * FPS)
        pulse = round(max(watched.pulses[settled:]), 3)
        counts = {"steady": family not in BEATS, "flow_counts": family not in UNWARPED}
        rows[family] = {**moving.to_json(), "pulse": pulse, **counts}
        times += watched.paint_ms[settled:]
    p50, p95 = np.percentile(times, (50, 95))
    return {**summary(rows), "families": rows}, {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def summary(rows: Mapping[str, Mapping[str, float | bool]]) -> dict[str, float | None]:
    """The figures of all families of a steady sound together; None where there is none."""
    steady = [row for row in rows.values() if row["steady"]]
    followed = [row for row in steady if row["flow_counts"]]
    changes = [row["mean_change"] for row in steady]
    return {
        "mean_change": round(sum(changes) / len(changes), 4) if changes else None,
        "worst_over_mean": max((row["worst_over_mean"] for row in steady), default=None),
        "luminance_change_percent": max((row["luminance_change_percent"] for row in steady), default=None),
        "warped_over_unwarped": max((row["warped_over_unwarped"] for row in followed), default=None),
    }
