"""A running show.

Threads, and what each may do:

| thread | does | never |
|---|---|---|
| PortAudio callback | copies the block into a preallocated ring, bumps a counter | allocates, locks, logs |
| s2s-feed | gain, channel, 48 kHz, mixes two; writes programme ring and tick levels | waits for anyone |
| s2s-hearing | whole hops -> features -> engine.hear -> target | waits for painting over 12 ms |
| s2s-painting | steps the motion, engine.paint, publishes one frame by reference | queues frames |
| s2s-between | publishes pictures between key frames, where painting is slow | waits for painting |
| GUI | takes the newest frame when one wakes it, figures by a timer | inference, file or device work |
| s2s-recorder | bounded queue -> encoder | blocks the painter |
"""

from __future__ import annotations

import gc
import logging
import threading
from dataclasses import dataclass, replace

from s2s_live.audio.feed import Feed
from s2s_live.engines.base import Control, Engine, Target
from s2s_live.errors import PinError
from s2s_live.live.controls import FEED_GAINS, SESSION_CONTROLS, ControlValues
from s2s_live.live.frame import Frame
from s2s_live.live.hearing import Hearing
from s2s_live.live.log import ShowLog
from s2s_live.live.memory import NO_PINS, Memory, Pin, Pins, pin_of
from s2s_live.live.painting import Painting, Sink
from s2s_live.live.performer import Performer
from s2s_live.live.statistics import Quantiles
from s2s_live.live.worker import Worker
from s2s_live.timeline import PROGRAM_RATE, TICK

log = logging.getLogger(__name__)

DEFAULT_FPS = 60.0
STALLED_S = 3.0
"""A thread without a heartbeat for this long is reported with its stack."""
STOP_S = 1.0
"""Each thread is given this long to end."""


@dataclass(frozen=True)
class SessionStatus:
    """Figures of the running show."""

    paint_fps: float
    """Generated frames per second, over the last two seconds."""
    hear_hz: float
    paint_ms: Quantiles | None
    hear_ms: Quantiles | None
    fast_ms: float
    """From the capture of the newest sample that shaped the newest frame to its publication."""
    semantic_ms: float | None
    """From the end of the window heard last to the newest frame; None before the first hearing."""
    skipped_hops: int
    lost_samples: int
    """By the hearing thread; the feed counts its own."""
    errors: int
    message: str
    """What a user should know, or an empty string."""


class Session:
    """Hearing and painting over one feed. All methods may be called from any thread."""

    def __init__(
        self,
        engine: Engine,
        feed: Feed,
        *,
        seed: int = 0,
        fps: float = DEFAULT_FPS,
        values: dict[str, float] | None = None,
        keep_log: bool = False,
        pins: Pins = NO_PINS,
    ) -> None:
        """
        Args:
            engine: an open engine; the session does not close it.
            feed: a started feed.
            seed: of fields and z.
            fps: pace of painting; 0 paints as fast as it can.
            values: controls that differ from their defaults; unknown names are ignored.
            keep_log: keep a `ShowLog` for an exact replay (it grows).
            pins: what the memory begins with; PinError where one is another model's.
        """
        self.engine = engine
        self.seed = seed
        self.log: ShowLog | None = None
        self._feed = feed
        self._fps = fps
        self._keep_log = keep_log
        self._swap_lock = threading.Lock()
        self._stall_logged_at = 0.0
        self._sinks: tuple[Sink, ...] = ()
        self._started = False
        self.memory = Memory(engine.spec, pins)
        self._begin(engine, values or {}, first_index=0)

    def _begin(self, engine: Engine, values: dict[str, float], first_index: int) -> None:
        """Make the controls and workers of this engine, from the next whole hop on."""
        self.values = ControlValues(SESSION_CONTROLS + engine.spec.controls, values)
        for name in FEED_GAINS:
            setattr(self._feed, name, self.values.get(name))
        hop_length = round(engine.spec.hop_s * PROGRAM_RATE)
        first_hop = -(-self._feed.program.written // hop_length)
        start_tick = first_hop * hop_length // TICK
        values_now, memory = self.values, self.memory
        pins = memory.begin()
        if self._keep_log:
            self.log = ShowLog(
                self.seed, engine.spec.model_hash, start_tick, first_hop, values_now.snapshot(), pins
            )
        performer = Performer(
            engine,
            values_now.snapshot(),
            lambda _tick: values_now.take_changes(),
            seed=self.seed,
            tick=start_tick,
            log=self.log,
            pins=pins,
            pinned=lambda _tick: memory.take_changes(),
        )
        self.painting = Painting(performer, self._feed, fps=self._fps, first_index=first_index)
        self.painting.sinks = self._sinks
        self.hearing = Hearing(
            engine, self._feed, self.painting.publish, first_hop, values_now.snapshot, self.painting.room
        )
        self.engine = engine

    def start(self) -> None:
        """Start the threads."""
        # A full collection looks at every object there is and holds up all threads meanwhile: over 100 ms
        # with what the libraries keep. What is loaded by now stays anyway and need not be looked at.
        gc.freeze()
        self._started = True
        self.hearing.start()
        self.painting.start()

    def stop(self) -> bool:
        """End the threads; False if one did not end in time (logged with its stack)."""
        with self._swap_lock:
            return self._stop_workers()

    def _stop_workers(self) -> bool:
        self.hearing.stop()
        self.painting.stop()
        if not self._started:
            return True
        ended = [self.hearing.join(STOP_S), self.painting.join(STOP_S)]
        self._started = False
        return all(ended)

    def begin_log(self) -> ShowLog:
        """Start the show afresh with a log for an exact replay; it grows until the session ends."""
        self._keep_log = True
        self.swap_engine(self.engine)
        if self.log is None:
            raise RuntimeError("a session that keeps a log has one")
        return self.log

    def swap_engine(self, engine: Engine, pins: Pins = NO_PINS) -> None:
        """Go on with another engine; controls of the same name keep their values. The old one stays open.

        The memory of another model begins with `pins`, that of the same model goes on as it is.
        """
        with self._swap_lock:
            values = self.values.snapshot()
            self._stop_workers()
            last = self.painting.frame
            if engine.spec.model_hash != self.memory.spec.model_hash:
                self.memory = Memory(engine.spec, pins)
            self._begin(engine, values, first_index=last.index + 1 if last else 0)
            self.painting.frame = replace(last, scene=None) if last else None
            self.start()

    @property
    def frame(self) -> Frame | None:
        """The newest frame."""
        return self.painting.frame

    @property
    def heard(self) -> Target | None:
        """What was heard last; None before the first hearing."""
        return self.painting.performer.heard

    @property
    def gate_open(self) -> bool:
        """Whether the newest tick was louder than the silence gate."""
        return self.painting.performer.motion.gate_open

    @property
    def controls(self) -> tuple[Control, ...]:
        """Every control of this show: the session's, then the engine's."""
        return self.values.controls

    def control(self, name: str) -> float:
        """The value of a control."""
        return self.values.get(name)

    def set_control(self, name: str, value: float) -> float:
        """Turn a control; returns the value in range. KeyError if there is none of that name."""
        value = self.values.set(name, value)
        if name in FEED_GAINS:
            setattr(self._feed, name, value)
        return value

    def pin_now(self) -> Pin:
        """The scene that is painted now, composition and all, to be put into the memory.

        Raises PinError before there is one.
        """
        painting = self.painting  # frame and model of one painter, should another take over meanwhile
        frame = painting.frame
        if frame is None or frame.scene is None:
            raise PinError("There is no scene to pin yet.", "Wait until the picture moves, then pin it.")
        return pin_of(frame.scene, frame.picture, painting.performer.engine.spec.model_hash, frame.z)

    def add_sink(self, sink: Sink) -> None:
        """Call `sink` with every frame, one at a time, on a painting thread: it must not block."""
        self._sinks = (*self._sinks, sink)
        self.painting.sinks = self._sinks

    def remove_sink(self, sink: Sink) -> None:
        """Stop calling it."""
        self._sinks = tuple(other for other in self._sinks if other != sink)
        self.painting.sinks = self._sinks

    @property
    def pace(self) -> float:
        """Frames per second that are to be painted; 0 for as many as there can be."""
        return self._fps

    def set_pace(self, fps: float) -> None:
        """Frames per second to paint; 0 for as many as it can."""
        self._fps = fps
        self.painting.set_pace(fps)

    def status(self, now: float) -> SessionStatus:
        """Figures at `now` (monotonic seconds)."""
        frame = self.painting.frame
        hop_end = self.painting.performer.newest_hop_end
        semantic = None
        if frame and hop_end is not None:
            semantic = (frame.position - hop_end) / PROGRAM_RATE * 1e3 + (
                frame.painted - frame.captured
            ) * 1e3
        return SessionStatus(
            paint_fps=self.painting.meter.rate(now),
            hear_hz=self.hearing.meter.rate(now),
            paint_ms=self.painting.meter.quantiles(),
            hear_ms=self.hearing.meter.quantiles(),
            fast_ms=(frame.painted - frame.captured) * 1e3 if frame else 0.0,
            semantic_ms=semantic,
            skipped_hops=self.hearing.skipped,
            lost_samples=self.hearing.lost_samples,
            errors=sum(worker.errors for worker in self._workers()),
            message=self._message(now),
        )

    def _workers(self) -> tuple[Worker, ...]:
        return self.hearing, self.painting, self.painting.between

    def _message(self, now: float) -> str:
        if not self._started:
            return ""
        for worker in self._workers():
            if now - worker.beat_at > STALLED_S:
                if now - self._stall_logged_at > STALLED_S:
                    self._stall_logged_at = now
                    log.error("%s has stalled\n%s", worker.name, worker.stack())
                return f"{worker.name.removeprefix('s2s-').capitalize()} has stalled; see the log file."
        for worker in self._workers():
            if worker.last_error and now - worker.error_at < STALLED_S:
                return f"{worker.name.removeprefix('s2s-').capitalize()} fails: {worker.last_error}"
        return ""
