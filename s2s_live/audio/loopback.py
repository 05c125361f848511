"""The computer's own sound, and any other source of a PulseAudio or PipeWire server.

Linux: every output has a monitor source; the program `parec` reads it, so this works with either server and
needs no ALSA plug-in. Windows and macOS: PortAudio offers no loopback. There the computer's sound comes in
through an input device: "Stereo Mix" or a virtual cable on Windows, BlackHole on macOS; they are in the list
of inputs.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
import threading
import time
from contextlib import suppress

import numpy as np

from s2s_live.audio.device import DEFAULT_ID, DEFAULT_NAME, Device
from s2s_live.audio.pulse import PREFIX
from s2s_live.audio.ring import SampleRing
from s2s_live.audio.source import BlockLog, Kind, SourceStatus, State
from s2s_live.errors import AudioError

log = logging.getLogger(__name__)

BLOCK_MS = 10
_RING_S = 4.0
_MOST_CHANNELS = 8
_FIRST_BLOCK_S = 1.0


def loopback_hint(platform: str = sys.platform) -> str:
    """How to let this program hear the computer's own sound on this system."""
    if platform == "darwin":
        return (
            "macOS lets no program listen to the others. Install the free virtual device BlackHole (2ch), "
            "make a Multi-Output Device of it and your speakers in Audio MIDI Setup, choose that as the "
            "system's output, and choose BlackHole as the input here."
        )
    if platform == "win32":
        return (
            "Switch on the recording device Stereo Mix in the Windows sound settings (or install a virtual "
            "audio cable) and choose it as the input here."
        )
    return (
        "Install the PulseAudio tools (Debian, Ubuntu: apt install pulseaudio-utils; Fedora: dnf install "
        "pulseaudio-utils); they work with PipeWire too."
    )


class PulseSource:
    """A source of the sound server, read through `parec` in blocks of 10 ms by the thread `s2s-parec`.

    Without a device it is the server's default, and the server moves the stream when the default changes.
    """

    def __init__(self, device: Device | None = None) -> None:
        device = device or Device(DEFAULT_ID, DEFAULT_NAME, "", "input", 2, 48_000, True)
        self.device_id = device.id
        # The server takes a default's stream along, so there is nothing to look after.
        self.opened_id = device.id if device.id != DEFAULT_ID else ""
        self.name = device.name
        self.kind: Kind = "loopback" if device.kind == "loopback" else "microphone"
        self.sample_rate = device.rate or 48_000
        self.channels = min(max(device.channels, 1), _MOST_CHANNELS)
        self.ring = SampleRing(1, self.channels, self.sample_rate)
        self._log = BlockLog(self.sample_rate, 0.0)
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._first = threading.Event()

    def start(self) -> None:
        """Begin to read. Raises AudioError without parec, or when the server has no such source."""
        self.stop()
        if shutil.which("parec") is None:
            raise AudioError(f"{self.name} cannot be heard: the program parec is missing.", loopback_hint())
        self.ring = SampleRing(int(_RING_S * self.sample_rate), self.channels, self.sample_rate)
        self._log = BlockLog(self.sample_rate, time.monotonic())
        self._first.clear()
        process = subprocess.Popen(self._command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
        self._process = process
        self._thread = threading.Thread(target=self._run, args=(process,), name="s2s-parec", daemon=True)
        self._thread.start()
        self._first.wait(_FIRST_BLOCK_S)
        if not self._log.blocks:
            with suppress(subprocess.TimeoutExpired):  # its output ends a moment before the process does
                process.wait(0.2)
        if process.poll() is not None:
            said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
            said = said.partition("\n")[0].rstrip(".")
            self.stop()
            raise AudioError(
                f"{self.name} cannot be heard ({said or 'parec ended'}).",
                "Is the sound server running, and the device plugged in? Otherwise choose another input.",
            )

    def _command(self) -> list[str]:
        named = [f"--device={self.device_id.removeprefix(PREFIX)}"] if self.device_id != DEFAULT_ID else []
        return [
            "parec",
            *named,
            "--format=float32le",
            f"--rate={self.sample_rate}",
            f"--channels={self.channels}",
            f"--latency-msec={BLOCK_MS}",
            "--client-name=s2s-live",
            "--raw",
        ]

    def _run(self, process: subprocess.Popen[bytes]) -> None:
        ring, blocks = self.ring, self._log
        block = np.empty((self.sample_rate * BLOCK_MS // 1000, self.channels), "<f4")
        view = memoryview(block.data).cast("B")
        filled = 0
        if process.stdout is None:
            return
        while count := process.stdout.readinto(view[filled:]):  # type: ignore[attr-defined]
            filled += count
            if filled == len(view):
                ring.write(block)
                blocks.note(ring.written, time.monotonic())
                filled = 0
                self._first.set()
        self._first.set()  # it has ended: whoever waits for the first block need not

    def stop(self) -> None:
        """End parec and the thread."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(0.4)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(0.4)
            for pipe in (process.stdout, process.stderr):
                if pipe is not None and self._thread is not None:
                    self._thread.join(0.2)
                    pipe.close()
        self._thread = None

    def status(self, now: float) -> SourceStatus:
        """Lost when parec has ended, or no block has come for too long."""
        gone = self._process is None or self._process.poll() is not None or self._log.late(now)
        state: State = "lost" if gone else "running"
        return self._log.status(state)

    def capture_time(self, position: int) -> float:
        """From the arrivals of the blocks: exact to about a block."""
        return self._log.capture_time(position)
