"""A lost device is opened again: at once, then with growing pauses, until it is back or another is chosen."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from s2s_live.audio.mixed import LIVE
from s2s_live.audio.room import room
from s2s_live.audio.source import Source
from s2s_live.errors import AudioError

log = logging.getLogger(__name__)

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 1.0
_LOOK_S = 0.05
_DOUBTS = 3  # looks in a row that find a source lost


class Watch(Protocol):
    """What the supervisor asks of whoever knows the present devices."""

    def misplaced(self, source: Source, since: float) -> bool:
        """Whether a source that seems to run no longer hears its device: it is gone, or no longer the
        default.
        """

    def come(self, source: Source, since: float) -> bool:
        """Whether the devices have changed since `since`, and that of `source` is among them."""


class Retry:
    """When to try again. Pure: the time is handed in."""

    def __init__(self) -> None:
        self.lost = False
        self._pause = FIRST_PAUSE_S
        self._next = 0.0

    def lose(self, now: float) -> None:
        """The source is lost: the first try is due at once."""
        if not self.lost:
            self.lost, self._pause, self._next = True, FIRST_PAUSE_S, now

    def found(self) -> None:
        """Sound is there."""
        self.lost = False

    def due(self, now: float) -> bool:
        """Whether to try now."""
        return self.lost and now >= self._next

    def tried(self, now: float) -> None:
        """A try has been made; the next one waits longer."""
        self._next = now + self._pause
        self._pause = min(2.0 * self._pause, LONGEST_PAUSE_S)


class Supervisor:
    """The thread `name`. It takes `switching` for every restart, so it never meets a `play` half-way."""

    def __init__(
        self,
        switching: threading.RLock,
        current: Callable[[], Source | None],
        watch: Watch | None,
        name: str = "s2s-feed-watch",
        beside: Callable[[], Source | None] = lambda: None,
    ) -> None:
        """`current` and `beside` ask for the source that is looked after and the other one of a mix."""
        self._name = name
        self._beside = beside
        self._made_room_at = 0.0
        self._switching = switching
        self._current = current
        self._watch = watch
        self._retry = Retry()
        self._source: Source | None = None
        self._doubts = 0
        self._since = 0.0  # when it was last opened, as far as known here
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.error: AudioError | None = None
        self.restarts = 0

    def start(self) -> None:
        """Begin to look after the source."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self, wait_s: float = 1.0) -> None:
        """End; an opening device is waited for `wait_s` at most."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(wait_s)
            self._thread = None

    @property
    def lost(self) -> bool:
        """Whether the present source is lost."""
        return self._retry.lost and self._source is self._current()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            try:
                self.look(time.monotonic())
            except Exception:  # the outermost frame of this thread: the next look may succeed
                log.exception("looking after the source failed")

    def look(self, now: float) -> None:
        """One look at the source; restarts it if that is due."""
        source = self._current()
        if source is not self._source:
            self._source, self._retry, self.error, self._since = source, Retry(), None, now
            self._doubts = 0
        if source is None or source.kind not in LIVE:
            return
        status = source.status(now)
        if status.state == "running" and not (self._watch and self._watch.misplaced(source, self._since)):
            self._doubts = 0
            if status.callbacks and self._retry.lost:
                log.info("%s is back", source.name)
                self._retry.found()
                self.error = None
            return
        # After a moment in which the whole program got no processor time everything looks old, until the
        # source's thread has had its turn: one look is not enough.
        self._doubts += 1
        if self._doubts < _DOUBTS:
            return
        if not self._retry.lost:
            log.warning("%s is lost (newest block %.2f s old)", source.name, now - status.last_block_at)
        self._retry.lose(now)
        if self._retry.due(now):
            self._restart(source)
            self._retry.tried(time.monotonic())

    def _restart(self, source: Source) -> None:
        with self._switching:
            if self._current() is not source or self._stop.is_set():
                return
            source.stop()
            try:
                self._start(source)
            except AudioError as error:
                if self.error is None or self.error.message != error.message:
                    log.info("%s: %s", source.name, error)
                self.error = error
            else:
                self.restarts += 1
                self._since = time.monotonic()

    def _start(self, source: Source) -> None:
        try:
            source.start()
        except AudioError:
            other, watch = self._beside(), self._watch
            if other is None or watch is None or not watch.come(source, self._made_room_at):
                raise
            self._made_room_at = time.monotonic()  # once for each change: the other is heard, too
            with room(other):
                source.start()
