"""The app, running: real window, real threads, a script of sounds; phase by phase."""

from __future__ import annotations

import logging
import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from s2s_live.audio.source import Source
from s2s_live.bench.latency import Shown
from s2s_live.bench.machine import Memory
from s2s_live.bench.tape import Tape
from s2s_live.live.log import ShowLog
from s2s_live.live.session import DEFAULT_FPS, Session
from s2s_live.live.statistics import Meter, Quantiles
from s2s_live.ui.record_desk import TakeSettings

if TYPE_CHECKING:
    from s2s_live.engines.base import EngineSpec
    from s2s_live.live.frame import Frame
    from s2s_live.ui.main_window import MainWindow

log = logging.getLogger(__name__)

WARM_UP_S = 5.0
UNPACED_S = 15.0
RECORDING_S = 15.0
HOUSEKEEPING_MS = 1000


@dataclass
class Seen:
    """What was observed; filled on the GUI thread, but for `frames` and `positions` (painting thread, which
    only appends)."""

    shown: array[int] = field(default_factory=lambda: array("q"))
    """Frame indices in the order in which they came on the screen. Arrays, here and below: memory figures
    must not contain what is noted for them."""
    shown_at: array[float] = field(default_factory=lambda: array("d"))
    """The end of the first paint event that showed each."""
    frames: array[int] = field(default_factory=lambda: array("q"))
    positions: array[int] = field(default_factory=lambda: array("q"))
    """Programme position of each of `frames`, which are indices in order."""
    paints: int = 0
    """Paint events that drew a frame, first or again."""
    figures: dict[str, object] = field(default_factory=dict)
    spec: EngineSpec | None = None
    log: ShowLog | None = None
    paced_from: int = 0
    """Programme position at which the phase at default settings began."""

    def first_shown(self) -> list[Shown]:
        """Frames in the order in which they came on the screen."""
        where = dict(zip(self.frames, self.positions, strict=True))
        noted = zip(self.shown, self.shown_at, strict=True)
        return [Shown(where[index], at) for index, at in noted if index in where]


class Run:
    """Drives the phases of one run of the app by timers on its GUI thread."""

    def __init__(self, window: MainWindow, source: Source, seconds: float, folder: Path) -> None:
        self.seen = Seen()
        self.memory = Memory()
        self._window = window
        self._controller = window.controller
        self._source = source
        self._seconds = seconds
        self._folder = folder
        self.feed = self._controller.sound.feed
        self.tape = Tape(self.feed.program)
        self._house = QTimer(window)
        self._house.timeout.connect(self._keep_house)
        self._house.start(HOUSEKEEPING_MS)
        self._controller.show.opened.connect(self._begin)

    @property
    def _session(self) -> Session:
        session = self._controller.show.session
        if session is None:
            raise RuntimeError("no model is open")
        return session

    def _begin(self) -> None:
        self._controller.takes.settings = TakeSettings(self._folder)
        self.feed.play(self._source)
        self.seen.spec = self._session.engine.spec
        # What lies between key frames is no part of a log, and not what painting takes.
        self._session.set_control("tween", 0.0)
        self.seen.log = self._session.begin_log()
        self._session.add_sink(self._note_frame)
        self._window.scene.on_painted = self._note_paint
        self._after(WARM_UP_S, self._unpaced)

    def _unpaced(self) -> None:
        self._session.set_pace(0)
        self._after(UNPACED_S, self._unpaced_end, self._mark())

    def _unpaced_end(self, since: Mark) -> None:
        self.seen.figures["paint_fps"] = self._rate(since)
        self._controller.set_recording(True)
        QTimer.singleShot(1500, lambda: self._after(RECORDING_S, self._recording_end, self._mark()))

    def _recording_end(self, since: Mark) -> None:
        self.seen.figures["paint_fps_recording"] = self._rate(since)
        status = self._controller.takes.status()
        if status is not None:
            self.seen.figures["recording"] = {
                "frames": status.frames,
                "dropped": status.dropped,
                "lost_samples": status.lost_samples,
            }
        self._controller.set_recording(False)
        self._session.set_pace(DEFAULT_FPS)
        QTimer.singleShot(3000, self._paced)

    def _paced(self) -> None:
        self.seen.paced_from = self.feed.program.written
        for meter in self._meters():
            meter.begin()
        self._after(self._seconds, self._paced_end, self._mark())

    def _paced_end(self, since: Mark) -> None:
        now = time.monotonic()
        wall = now - since.at
        status = self._session.status(now)
        paint, hear, features = (meter.whole() for meter in self._meters())
        spec = self._session.engine.spec
        self.seen.figures |= {
            "shown_fps": round((self.seen.paints - since.paints) / wall, 2),
            "unique_fps": round((len(self.seen.shown) - since.unique) / wall, 2),
            "paced_paint_fps": self._rate(since),
            "hear_hz": round((self._session.hearing.meter.count - since.heard) / wall, 2),
            "cpu_cores": round((time.process_time() - since.cpu) / wall, 3),
            "paint_ms": _as_json(paint),
            "hear_ms": _as_json(hear),
            "feature_ms_per_s": round(features.p50 / spec.hop_s, 2) if features else None,
            "skipped_hops": status.skipped_hops,
        }
        self._end(status.lost_samples)

    def _end(self, lost: int) -> None:
        feed = self.feed.status(time.monotonic())
        self.seen.figures["lost_samples"] = lost + feed.lost_samples
        self.seen.figures["gap_ms_max"] = round(feed.longest_gap_ms, 1)
        self.seen.figures["rss_mb"] = self.memory.after(60.0)
        self.seen.figures["rss_slope_mb_per_min"] = self.memory.slope()
        self._house.stop()
        self.tape.run()
        self._window.close()

    def _after(self, seconds: float, then: Callable[..., None], *arguments: object) -> None:
        QTimer.singleShot(round(seconds * 1000), lambda: then(*arguments))

    def _mark(self) -> Mark:
        return Mark(
            time.monotonic(),
            time.process_time(),
            self._session.painting.meter.count,
            self._session.hearing.meter.count,
            self.seen.paints,
            len(self.seen.shown),
        )

    def _meters(self) -> tuple[Meter, Meter, Meter]:
        """Of frames, of hearings, of hops as features."""
        session = self._session
        return session.painting.meter, session.hearing.meter, session.hearing.features

    def _rate(self, since: Mark) -> float:
        """Painted frames per second since a mark."""
        return round((self._session.painting.meter.count - since.painted) / (time.monotonic() - since.at), 2)

    def _keep_house(self) -> None:
        self.tape.run()
        self.memory.look()

    def _note_frame(self, frame: Frame) -> None:
        self.seen.frames.append(frame.index)
        self.seen.positions.append(frame.position)

    def _note_paint(self, index: int, at: float) -> None:
        self.seen.paints += 1
        if not self.seen.shown or self.seen.shown[-1] != index:
            self.seen.shown.append(index)
            self.seen.shown_at.append(at)


@dataclass(frozen=True)
class Mark:
    """Counters at one moment."""

    at: float
    cpu: float
    painted: int
    heard: int
    paints: int
    unique: int


def _as_json(quantiles: Quantiles | None) -> dict[str, float] | None:
    if quantiles is None:
        return None
    return {"p50": round(quantiles.p50, 2), "p95": round(quantiles.p95, 2)}
