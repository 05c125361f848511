"""The process behind DeviceWatch: prints the device table, one line of JSON, whenever it changes.

    python -m s2s_live.audio.device_child

It is a process of its own because PortAudio's list is only renewed by initialising it again, which would end
the streams of a process that plays or records. It ends when its standard input does, so it never outlives
its parent, not even one that was killed. A look costs about 80 ms of one core; so it looks only when
something has happened: on Linux when ALSA's cards or the sound server say so, elsewhere every few seconds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from s2s_live.audio.devices import table
from s2s_live.errors import AudioError

INTERVAL_S = 3.0
"""Between two looks where nothing tells that something has happened."""
_SLOW_S = 60.0  # ...and where something does
_GLANCE_S = 0.5
_SETTLE_S = 0.2  # a device that comes is announced in several steps
_SERVER_RETRY_S = 3.0
_NICE = 10


def snapshot() -> str:
    """The table as a line of JSON: {"inputs": [...], "outputs": [...], "error": ""}."""
    try:
        found = {kind: [asdict(device) for device in devices] for kind, devices in table().items()}
    except AudioError as error:
        return json.dumps({"inputs": [], "outputs": [], "error": str(error)})
    return json.dumps({**found, "error": ""})


def fingerprint() -> tuple[object, ...]:
    """Something cheap that changes when ALSA's cards do."""
    places = [Path("/dev/snd"), Path("/proc/asound/cards")]
    places += [Path(place) for place in os.environ.get("ALSA_CONFIG_PATH", "").split(":") if place]
    seen: list[object] = []
    for place in places:
        try:
            cards = place.read_text() if place.name == "cards" else ""
            seen.append((place.stat().st_mtime_ns if place.name != "cards" else 0, cards))
        except OSError:
            seen.append(None)
    return tuple(seen)


class ServerEvents:
    """Listens to what the sound server announces, as long as there is one."""

    def __init__(self) -> None:
        self.happened = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        if shutil.which("pactl"):
            threading.Thread(target=self._run, name="pactl-subscribe", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            self._process = subprocess.Popen(
                ["pactl", "subscribe"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "LC_ALL": "C"},  # the lines are read here
            )
            for line in self._process.stdout or ():
                # "Event 'new' on source #3"; what single programs do (source-output, client) does not matter.
                if any(f" on {what}" in line for what in ("source #", "sink #", "server", "card")):
                    self.happened.set()
            self._process.wait()
            self.happened.set()
            pause.wait(_SERVER_RETRY_S)

    def end(self) -> None:
        """End pactl."""
        if self._process is not None:
            self._process.kill()


def _end_with_parent(events: ServerEvents | None) -> None:
    sys.stdin.buffer.read()
    if events is not None:
        events.end()
    os._exit(0)  # the main thread may be inside PortAudio


def _wait(events: ServerEvents | None) -> None:
    """Until it is worth looking again."""
    if events is None:
        threading.Event().wait(INTERVAL_S)
        return
    before, waited = fingerprint(), 0.0
    while waited < _SLOW_S and fingerprint() == before and not events.happened.wait(_GLANCE_S):
        waited += _GLANCE_S
    threading.Event().wait(_SETTLE_S)
    events.happened.clear()


def main() -> None:
    """Print the table now and at every change, until standard input ends."""
    if hasattr(os, "nice"):
        os.nice(_NICE)
    events = ServerEvents() if sys.platform.startswith("linux") else None
    threading.Thread(target=_end_with_parent, args=(events,), name="parent-watch", daemon=True).start()
    last = ""
    while True:
        now = snapshot()
        if now != last:
            sys.stdout.write(now + "\n")
            sys.stdout.flush()
            last = now
        _wait(events)


if __name__ == "__main__":
    main()
