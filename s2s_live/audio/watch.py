"""Which devices there are now, while streams are open: a menu that keeps itself up to date."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from s2s_live.audio.device import DEFAULT_ID, Device, default_device
from s2s_live.audio.source import Source

log = logging.getLogger(__name__)

_RESTART_S = 5.0


@runtime_checkable
class DeviceSource(Protocol):
    """A source that listens to a device of the menu."""

    device_id: str
    """As in the menu."""
    opened_id: str
    """The device that was actually opened: differs from `device_id` for the default. Empty where unknown."""


class DeviceWatch:
    """Keeps `inputs` and `outputs` up to date by a cheap child process (see device_child).

    The lists are replaced, never changed: read them from any thread. `changes` counts replacements.
    `on_change` is called after each, on the thread `s2s-device-watch`.
    """

    def __init__(self, on_change: Callable[[], None] | None = None) -> None:
        self.inputs: list[Device] = [default_device()]
        self.outputs: list[Device] = [default_device(output=True)]
        self.changes = 0
        self.error = ""
        """Why there is no list (PortAudio is missing), or an empty string."""
        self._on_change = on_change
        self._seen: set[str] = set()
        self._changed_at = 0.0
        self._stop = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None

    @property
    def devices(self) -> list[Device]:
        """Inputs, loopbacks and outputs together."""
        return [*self.inputs, *self.outputs]

    def start(self) -> None:
        """Begin to watch; the first list comes after a moment."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="s2s-device-watch", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the child process and the thread."""
        self._stop.set()
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()
        if self._thread is not None:
            self._thread.join(1.0)
            self._thread = None

    def misplaced(self, source: Source, since: float) -> bool:
        """Whether `source`, opened at the monotonic time `since`, no longer hears the device it was opened
        for.

        A sound server quietly moves the stream of a device that is taken away to another one, and some
        systems leave a stream where it is when the default moves on.
        """
        if not isinstance(source, DeviceSource) or self._changed_at <= since:
            return False
        inputs = {device.id: device for device in self.inputs}
        opened = source.opened_id
        if opened in self._seen and opened not in inputs:
            return True
        if source.device_id != DEFAULT_ID or opened not in inputs:
            return False
        here = inputs[opened]
        return not here.is_default and any(d.is_default and d.host_api == here.host_api for d in self.inputs)

    def come(self, source: Source, since: float) -> bool:
        """Whether devices have changed since the monotonic time `since`, and that of `source` is there."""
        if not isinstance(source, DeviceSource) or self._changed_at <= since:
            return False
        if source.device_id == DEFAULT_ID:
            return any(device.is_default for device in self.inputs)
        return any(device.id == source.device_id for device in self.inputs)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._listen()
            except Exception:  # the outermost frame of this thread: the next child may do better
                log.exception("watching the audio devices failed")
            self._stop.wait(_RESTART_S)

    def _listen(self) -> None:
        """Take lines from one child until it ends."""
        process = subprocess.Popen(
            [sys.executable, "-m", "s2s_live.audio.device_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # Windows would open a console
        )
        self._process = process
        try:
            if self._stop.is_set() or process.stdout is None:
                return
            for line in process.stdout:
                self._take(json.loads(line), time.monotonic())
        finally:
            self._process = None
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()

    def _take(self, table: dict[str, Any], now: float) -> None:
        self.inputs = [Device(**entry) for entry in table["inputs"]] or [default_device()]
        self.outputs = [Device(**entry) for entry in table["outputs"]] or [default_device(output=True)]
        self.error = str(table["error"])
        self._seen |= {device.id for device in self.inputs}
        self._changed_at = now
        self.changes += 1
        if self._on_change is not None:
            self._on_change()
