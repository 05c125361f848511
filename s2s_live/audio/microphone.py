"""A microphone, or any other input PortAudio knows."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

from s2s_live.audio.device import DEFAULT_ID, DEFAULT_NAME, Device
from s2s_live.audio.devices import MANY_CHANNELS, id_at, index_of
from s2s_live.audio.portaudio import close, keep, portaudio, quiet
from s2s_live.audio.ring import SampleRing
from s2s_live.audio.source import BlockLog, Kind, SourceStatus, State
from s2s_live.errors import AudioError

log = logging.getLogger(__name__)

BLOCK = 512
"""Samples per callback: about 11 ms at 48 kHz."""
RING_S = 4.0


def formats(rate: int, channels: int, software: bool) -> list[tuple[int, int]]:
    """(rate, channels) in the order in which to try them: the device's own first.

    `software`: an ALSA software device, whose stated figures are placeholders; 48 kHz stereo is the better
    guess.
    """
    own = [] if software else [(rate, channels)]
    rates = dict.fromkeys(([48_000, rate] if software else [rate, 48_000]) + [44_100, 96_000, 32_000, 16_000])
    return list(dict.fromkeys(own + [(r, c) for r in rates for c in (2, 1)]))


class MicrophoneSource:
    """Opens a device at its own rate and channel count; `device` None follows the system's default."""

    def __init__(self, device: Device | None = None) -> None:
        self.device_id = device.id if device else DEFAULT_ID
        self.name = device.name if device and device.id != DEFAULT_ID else DEFAULT_NAME
        self.kind: Kind = "loopback" if device and device.kind == "loopback" else "microphone"
        self.sample_rate = 48_000
        self.channels = 2
        self.opened_id = ""
        self.ring = SampleRing(1, self.channels, self.sample_rate)
        self._log = BlockLog(self.sample_rate, 0.0)
        self._stream: Any = None
        self._finished = False

    def start(self) -> None:
        """Open and run the device. Raises AudioError that lists what was tried."""
        self.stop()
        with portaudio(fresh=True) as sd:
            index = index_of(sd, self.device_id, "input")
            entry = sd.query_devices(index)
            self.opened_id = id_at(sd, index)
            channels = int(entry["max_input_channels"])
            wanted = formats(round(entry["default_samplerate"]), channels, channels >= MANY_CHANNELS)
            self._stream = self._open(sd, index, wanted)

    def _open(self, sd: Any, index: int, wanted: Sequence[tuple[int, int]]) -> Any:
        tried = []
        for rate, channels in wanted:
            try:
                with quiet():
                    return self._try(sd, index, rate, channels)
            except (sd.PortAudioError, ValueError) as error:
                reason = str(error.args[0]) if error.args else type(error).__name__
                tried.append(f"{rate} Hz with {channels} channel{'s' if channels > 1 else ''}: {reason}")
        log.info("%s cannot be opened. Tried: %s", self.name, "; ".join(tried))
        raise AudioError(
            f"{self.name} cannot be opened (tried {'; '.join(tried[:3])}; {len(tried)} formats in all).",
            "Is another program using it, or is the permission to use the microphone missing? "
            "Otherwise choose another input.",
        )

    def _try(self, sd: Any, index: int, rate: int, channels: int) -> Any:
        ring = SampleRing(int(RING_S * rate), channels, rate)
        blocks = BlockLog(rate, time.monotonic())
        self._finished = False

        def callback(indata: Any, frames: int, _time: Any, status: Any) -> None:
            ring.write(indata)
            if status.input_overflow:
                blocks.lost_samples += frames  # at least as many: PortAudio does not say
            blocks.note(ring.written, time.monotonic())

        stream = sd.InputStream(
            device=index,
            samplerate=rate,
            channels=channels,
            dtype="float32",
            blocksize=BLOCK,
            latency="low",
            callback=callback,
            finished_callback=self._on_finished,
        )
        try:
            stream.start()
        except sd.PortAudioError:
            stream.close(ignore_errors=True)
            raise
        keep(stream)
        self.sample_rate, self.channels = rate, channels
        self.ring, self._log = ring, blocks
        return stream

    def _on_finished(self) -> None:
        self._finished = True

    def stop(self) -> None:
        """Close the device, within a second even if its driver hangs."""
        stream, self._stream = self._stream, None
        if stream is not None:
            close(stream)

    def status(self, now: float) -> SourceStatus:
        """Lost when the stream has ended by itself, or no block has come for half a second."""
        # A loopback sends nothing while nothing is played: its age says nothing.
        late = self.kind == "microphone" and self._log.late(now)
        gone = self._stream is None or self._finished or late
        state: State = "lost" if gone else "running"
        return self._log.status(state)

    def capture_time(self, position: int) -> float:
        """From the arrivals of the blocks: exact to about a block."""
        return self._log.capture_time(position)
