"""A named thread that can be stopped, joined with a time limit and watched."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from abc import ABC, abstractmethod

log = logging.getLogger(__name__)

LOG_EVERY_S = 5.0
"""Repeated errors are logged at most this often."""
AFTER_ERROR_S = 0.2
"""Pause after a failed round, so that an error does not become a busy loop."""


class Worker(ABC):
    """Calls `work` again and again on its own thread until stopped.

    An exception in `work` is counted and logged (at most every five seconds), and the worker goes on: one bad
    frame must not end a show. `beat_at` is the monotonic time of the last round, for the watchdog.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.beat_at = time.monotonic()
        self.errors = 0
        self.last_error = ""
        self.error_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._logged_at = -LOG_EVERY_S

    @abstractmethod
    def work(self) -> None:
        """One round; returns soon (within about 50 ms of idling) so that stopping is prompt."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; returns at once."""
        self._stop.set()

    def join(self, timeout: float) -> bool:
        """Wait for the end; False (and a logged stack) if it did not come in time."""
        if not self._thread.is_alive():
            return True
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.error("thread %s did not end in %.1f s\n%s", self.name, timeout, self.stack())
            return False
        return True

    def pause(self, seconds: float) -> None:
        """Wait, but wake at once when asked to stop."""
        self._stop.wait(seconds)

    def stack(self) -> str:
        """Where the thread is now."""
        frame = sys._current_frames().get(self._thread.ident or -1)  # noqa: SLF001  (the only way to ask)
        return "".join(traceback.format_stack(frame)) if frame else "(not running)"

    def _run(self) -> None:
        while not self._stop.is_set():
            self.beat_at = time.monotonic()
            try:
                self.work()
            except Exception as error:  # noqa: BLE001  (a thread's outermost frame)
                self._note(error)
                self.pause(AFTER_ERROR_S)

    def _note(self, error: Exception) -> None:
        self.errors += 1
        self.last_error = str(error) or type(error).__name__
        self.error_at = now = time.monotonic()
        if now - self._logged_at >= LOG_EVERY_S:
            self._logged_at = now
            log.error("%s failed (%d times so far)", self.name, self.errors, exc_info=error)
