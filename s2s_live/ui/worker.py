"""Slow work off the GUI thread: files, devices, models. Results come back as calls on the GUI thread."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from s2s_live.errors import S2SError

log = logging.getLogger(__name__)

T = TypeVar("T")
Failed = Callable[[Exception], None]


class Worker(QObject):
    """One named thread that does one job after another.

    Must be made on the GUI thread. The thread is a daemon: a job stuck in a driver cannot keep the app open.
    """

    _ended = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self._jobs: queue.SimpleQueue[Callable[[], Callable[[], None]] | None] = queue.SimpleQueue()
        self._closing = False
        self._pending = 0
        self._ended.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def busy(self) -> bool:
        """Whether a job waits, runs, or has a result under way."""
        return self._pending > 0

    def submit(
        self, job: Callable[[], T], done: Callable[[T], None] | None = None, failed: Failed | None = None
    ) -> None:
        """Do `job` on the thread; then, on the GUI thread, `done` with its value or `failed` with its error.

        An error nobody waits for is logged. After `stop` nothing is called any more.
        """
        self._pending += 1

        def run() -> Callable[[], None]:
            try:
                value = job()
            except S2SError as error:
                return _failure(failed, error)
            except Exception as error:  # outermost frame of this thread's work
                log.exception("%s: a job failed", self.name)
                return _failure(failed, error)
            return (lambda: done(value)) if done is not None else _nothing

        self._jobs.put(run)

    def stop(self, timeout: float = 1.0) -> bool:
        """End the thread after the job it is at; False if that took longer than `timeout` seconds."""
        self._closing = True
        self._jobs.put(None)
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closing:
            job = self._jobs.get()
            if job is None:
                return
            result = job()
            if not self._closing:
                self._ended.emit(result)

    def _deliver(self, call: Any) -> None:
        self._pending -= 1
        if not self._closing:
            call()


def _failure(failed: Failed | None, error: Exception) -> Callable[[], None]:
    if failed is None:
        log.warning("%s", error)
        return _nothing
    return lambda: failed(error)


def _nothing() -> None:
    """For jobs whose end nobody waits for."""
