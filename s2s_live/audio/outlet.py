"""Keeping a playing file audible: its output is opened beside it, noticed when it goes, and tried again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from s2s_live.audio.output import open_output
from s2s_live.audio.portaudio import close
from s2s_live.audio.source import LOST_AFTER_S
from s2s_live.errors import AudioError
from s2s_live.timeline import PROGRAM_RATE

log = logging.getLogger(__name__)

_RETRY_S, _LONGEST_RETRY_S = 1.0, 4.0


class _Opening:
    """One try to open an output, on a thread of its own: a driver may take its time."""

    def __init__(self, device_id: str, rates: tuple[int, ...], outlet: Outlet) -> None:
        self.device_id = device_id
        self.rate = 0
        self.error = ""
        self.stream: Any = None
        self.called_at = time.monotonic()
        self.gone = False
        self._lock = threading.Lock()  # for the moment in which opening and giving up may meet
        self._abandoned = False
        self._rates = rates
        self._outlet = outlet
        self._thread = threading.Thread(target=self._run, name="s2s-open-output", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        for rate in self._rates:
            try:
                stream = open_output(self.device_id, rate, self._callback, self._on_finished, fresh=True)
            except AudioError as error:
                self.error = self.error or str(error)
                continue
            self.called_at = time.monotonic()
            with self._lock:
                self.rate, self.error, self.stream = rate, "", stream
                abandoned = self._abandoned
            if abandoned:
                close(stream)
            return

    def done(self, wait_s: float = 0.0) -> bool:
        """Whether it has come to an end, after waiting so long at most."""
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def end(self) -> None:
        """Close what was opened, or will be."""
        with self._lock:
            self._abandoned, stream = True, self.stream
        if stream is not None:
            close(stream)

    def _callback(self, outdata: Any, _frames: int, _time: Any, _status: Any) -> None:
        self.called_at = time.monotonic()
        if self._outlet.live is self:
            self._outlet.fill(outdata, self.called_at)
        else:
            outdata[:] = 0.0

    def _on_finished(self) -> None:
        self.gone = True


class Outlet:
    """The output of a file. `wanted` (a device id, or None for none) may be set from any thread.

    `fill` is called by the output's callback with the block `[n, 2]` to fill and the time, once `go` was
    called.
    """

    def __init__(self, fill: Callable[[Any, float], None]) -> None:
        self.fill = fill
        self.error = ""
        """Why nothing is heard, or an empty string."""
        self.live: _Opening | None = None
        """The open output that plays."""
        self._wanted: str | None = None
        self._opening: _Opening | None = None
        self._pause_s = _RETRY_S
        self._retry_at = 0.0

    @property
    def wanted(self) -> str | None:
        """Id of the device it is to be heard on, or None."""
        return self._wanted

    @wanted.setter
    def wanted(self, device_id: str | None) -> None:
        self._wanted = device_id
        self._retry_at, self._pause_s = 0.0, _RETRY_S

    def tend(self, now: float, rate: int, wait_s: float = 0.0) -> int:
        """Open, close or change the output as wanted; never waits longer than `wait_s` for it to open.

        Returns the rate at which one has just been opened (`rate` if it accepts that), else 0. The caller
        then prepares for that rate and calls `go`.
        """
        live = self.live
        if live is not None and (live.gone or now - live.called_at > LOST_AFTER_S):
            log.warning("the output %s has gone", live.device_id)
            self.close()
            self.error, self._retry_at = "The output has gone. Choose another one.", now + _RETRY_S
        elif live is not None and live.device_id != self._wanted:
            self.close()
        if self._wanted is None:
            self.error = ""
        elif self.live is None and self._opening is None and now >= self._retry_at:
            rates = tuple(dict.fromkeys((rate, PROGRAM_RATE, 44_100)))
            self._opening = _Opening(self._wanted, rates, self)
        return self._opened(wait_s)

    def _opened(self, wait_s: float) -> int:
        opening = self._opening
        if opening is None or not opening.done(wait_s):
            return 0
        if opening.device_id != self._wanted:
            self.close()
            return 0
        if opening.stream is None:
            self._opening, self.error = None, opening.error
            self._retry_at = time.monotonic() + self._pause_s
            self._pause_s = min(2.0 * self._pause_s, _LONGEST_RETRY_S)
        return opening.rate

    def go(self) -> None:
        """From here on the output plays."""
        self.live, self._opening = self._opening, None
        self.error, self._pause_s = "", _RETRY_S

    def close(self) -> None:
        """Fall silent, within a second."""
        live, opening = self.live, self._opening
        self.live = self._opening = None
        for one in (live, opening):
            if one is not None:
                one.end()
