"""The painting thread: where the show is now, as a picture."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from s2s_live.audio.feed import Feed
from s2s_live.engines.base import Picture
from s2s_live.live.between import Between
from s2s_live.live.frame import Frame
from s2s_live.live.listener import Heard
from s2s_live.live.pacing import Pacer, Room
from s2s_live.live.performer import Performer, levels_of
from s2s_live.live.statistics import Meter
from s2s_live.live.worker import Worker
from s2s_live.timeline import TICK, tick_of
from s2s_live.tracing import span

log = logging.getLogger(__name__)

Sink = Callable[[Frame], None]

MOST_PENDING = 128
"""Hearings kept for a painter that is far behind; the oldest go first."""
LEVELS_KEPT_S = 20.0
"""A painter further behind than this starts from the newest tick."""


class Painting(Worker):
    """Steps the performer to the present and publishes one frame, at the pace.

    `frame` is swapped by reference: whoever shows pictures takes the newest and misses the rest. Where
    painting is slow its frames are key frames, and a second thread publishes pictures between them.
    """

    def __init__(self, performer: Performer, feed: Feed, *, fps: float, first_index: int = 0) -> None:
        super().__init__("s2s-painting")
        self.frame: Frame | None = None
        self.meter = Meter()
        self.pacer = Pacer(fps)
        self.room = Room(self.pacer)
        """For work beside painting."""
        self.sinks: tuple[Sink, ...] = ()
        self.performer = performer
        self._feed = feed
        self._levels = levels_of(feed.levels)
        self._inbox: deque[Heard] = deque(maxlen=MOST_PENDING)
        self._index = first_index
        self._position = -1
        self._showing = threading.Lock()
        self._over = False
        self.between = Between(self._show_between, Pacer(fps))

    def start(self) -> None:
        """Begin, and with it the thread for what lies between key frames."""
        self.between.start()
        super().start()

    def stop(self) -> None:
        """Ask both to end; returns at once."""
        super().stop()
        self.between.stop()

    def join(self, timeout: float) -> bool:
        """Wait for the end of both. What is painted after that is not shown: another may be painting."""
        ended = [super().join(timeout), self.between.join(timeout)]
        self._over = True
        return all(ended)

    def set_pace(self, fps: float) -> None:
        """Frames per second; 0 for as many as there can be."""
        self.pacer.fps = self.between.pacer.fps = fps

    def publish(self, heard: Heard) -> None:
        """From the hearing thread; an append to a bounded deque needs no lock."""
        self._inbox.append(heard)

    def work(self) -> None:
        """Wait until a frame is due, then paint it."""
        wait = self.pacer.wait(time.monotonic())
        if wait > 0:
            self.pause(min(wait, 0.05))
            return
        now = time.monotonic()
        position = int(self._feed.position_at(now))
        if position <= self._position or position < self.performer.motion.tick * TICK:
            self.pause(0.001)
            return
        self.room.begin(now)
        self.pacer.begin(now)
        try:
            self._paint(position)
        finally:
            self.room.end(time.monotonic())

    def _paint(self, position: int) -> None:
        begun = time.perf_counter()
        tick = min(tick_of(position), self._feed.levels.ticks)
        self._skip_what_is_gone(tick)
        while self._inbox:
            self.performer.offer(self._inbox.popleft())
        with span("advance", frame=self._index):
            self.performer.advance(tick, self._levels)
        captured = self._feed.capture_time(tick * TICK)
        with span("paint", frame=self._index, position=position):
            picture = self.performer.paint(position)
        self._position = position
        now = time.monotonic()
        motion = self.performer.motion
        frame = Frame(self._index, position, picture, captured, now, motion.scene, motion.z)
        took = time.perf_counter() - begun
        self.meter.add(now, took * 1e3)
        if not self.between.take(frame, took, wanted=self.performer.values["tween"] >= 0.5):
            self._show(frame)

    def _show_between(self, picture: Picture, key: Frame) -> None:
        """From the other thread: a picture that is shown now."""
        now = time.monotonic()
        self._show(replace(key, picture=picture, position=int(self._feed.position_at(now)), painted=now))

    def _show(self, frame: Frame) -> None:
        with self._showing, span("publish", frame=self._index):
            if self._over:
                return
            # A key frame that is shown after a picture between was painted for an earlier moment.
            last = self.frame.position if self.frame else frame.position
            frame = replace(frame, index=self._index, position=max(frame.position, last))
            self._index += 1
            self.frame = frame
            for sink in self.sinks:
                sink(frame)

    def _skip_what_is_gone(self, tick: int) -> None:
        """After a long sleep (a suspended machine) the levels in between are gone: jump."""
        behind = (tick - self.performer.motion.tick) * TICK / self._feed.program.sample_rate
        if behind > LEVELS_KEPT_S:
            log.warning("painting was %.0f s behind; going on from now", behind)
            self.performer.motion.tick = tick
