"""A sound file in real time: looped or once, with a position, heard on an output or not."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.decode import Decoder
from s2s_live.audio.outlet import Outlet
from s2s_live.audio.ring import SampleRing
from s2s_live.audio.source import BlockLog, Kind, SourceStatus, State
from s2s_live.errors import AudioError

Floats = NDArray[np.float32]
log = logging.getLogger(__name__)

_AHEAD_S = 0.5  # decoded before it is due
_PIECE_S = 0.05
_LOOK_S = 0.005
_RING_S = 4.0
_FIRST_OUTPUT_S = 0.5  # the output is waited for so long before the file begins
_MOST_BLOCK = 8192  # samples the output may ask for at once


class _Ahead:
    """Decoded sound on its way out, from one place in the file on. One thread fills it, one takes from it."""

    def __init__(self, decoder: Decoder, begin_s: float) -> None:
        self.begin_s = begin_s
        capacity = round((_AHEAD_S + 4 * _PIECE_S) * decoder.rate)
        self.ring = SampleRing(capacity, decoder.channels, decoder.rate)
        self.taken = 0
        self.ended = False

    def fill(self, decoder: Decoder) -> None:
        while not self.ended and self.ring.written - self.taken < _AHEAD_S * self.ring.sample_rate:
            self.ring.write(decoder.read(_PIECE_S))
            self.ended = decoder.ended

    @property
    def waiting(self) -> int:
        return self.ring.written - self.taken

    def take(self, out: Floats) -> int:
        count = min(len(out), self.waiting)
        self.ring.read_into(self.taken, out[:count])
        self.taken += count
        return count


class FileSource:
    """Plays `path`. `output` is the id of a device it is heard on ("default" too), or None for silence.

    `loop`, `volume` (0..1) and `muted` may be set at any time. With an output, the ring is filled by the
    output's callback with exactly the samples it hands over; without one, or when the output has gone, by
    the wall clock. The constructor reads the file's head and raises AudioError for a file that cannot be
    played.
    """

    kind: Kind = "file"

    def __init__(self, path: Path, loop: bool = True, output: str | None = None) -> None:
        self.path = Path(path)
        self.name = self.path.name
        self.volume = 1.0
        self.muted = False
        self._loop = loop
        self._outlet = Outlet(self._fill)
        self._outlet.wanted = output
        self._decoder = Decoder(self.path, loop=loop)
        self.duration = self._decoder.duration
        self.sample_rate = self._decoder.rate
        self.channels = self._decoder.channels
        self._ahead = _Ahead(self._decoder, 0.0)
        self._paused = False
        self._seek_to: float | None = None
        self._due_from = (0.0, 0)  # (time, ring position) the wall clock counts from
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._block: Floats = np.zeros((_MOST_BLOCK, self.channels), np.float32)
        self.ring = SampleRing(1, self.channels, self.sample_rate)
        self._log = BlockLog(self.sample_rate, 0.0)
        self._decoder.close()

    @property
    def position(self) -> float:
        """Seconds into the file of what is played now."""
        ahead = self._ahead
        at = ahead.begin_s + ahead.taken / ahead.ring.sample_rate
        return at % self.duration if self.duration and at >= self.duration and self._loop else at

    def seek(self, seconds: float) -> None:
        """Go to a time, from any thread; it is held within the file."""
        self._seek_to = min(max(0.0, seconds), self.duration)

    @property
    def loop(self) -> bool:
        """Whether it begins again at its end."""
        return self._loop

    @loop.setter
    def loop(self, value: bool) -> None:
        self._loop = self._decoder.loop = value

    def pause(self) -> None:
        """Hold; the programme goes on with silence."""
        self._paused = True

    def resume(self) -> None:
        """Go on after `pause`."""
        self._paused = False

    @property
    def output(self) -> str | None:
        """Id of the device it is to be heard on, or None."""
        return self._outlet.wanted

    @output.setter
    def output(self, device_id: str | None) -> None:
        self._outlet.wanted = device_id

    @property
    def audible(self) -> bool:
        """Whether that output is open."""
        return self._outlet.live is not None

    def start(self) -> None:
        """Begin where `seek` last pointed, else at the beginning. Raises AudioError if the file has no
        sound.
        """
        self.stop()
        self._stop.clear()
        self._reopen(self.sample_rate, self._seek_to or 0.0)
        self._seek_to = None
        if not self._ahead.waiting:
            self._decoder.close()
            raise AudioError(f"{self.name} holds no sound.", "The file may be damaged: choose another one.")
        self._thread = threading.Thread(target=self._run, name="s2s-file", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and give the output back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(1.0)
            self._thread = None

    def status(self, now: float) -> SourceStatus:  # noqa: ARG002 - the contract has it
        """Running, paused, or ended; never lost, as it goes on without its output."""
        state: State = "running"
        if self._thread is None or self._stop.is_set() or (self._ahead.ended and not self._ahead.waiting):
            state = "ended"
        elif self._paused:
            state = "paused"
        return self._log.status(state, self._message())

    def _message(self) -> str:
        if self._outlet.error:
            return f"{self.name} plays on without being heard. {self._outlet.error}"
        damaged = self._decoder.damaged_at
        if damaged is not None:
            return f"{self.name} is damaged: it can be read up to {damaged:.1f} s only."
        return ""

    def capture_time(self, position: int) -> float:
        """When that sample was handed to the output (or was due, without one), to about a block."""
        return self._log.capture_time(position)

    def _reopen(self, rate: int, begin_s: float) -> None:
        """A fresh decoder, ring and clock; the ring's rate may have changed."""
        self._decoder.close()
        self._decoder = Decoder(self.path, rate, self._loop)
        self._ahead = _Ahead(self._decoder, self._decoder.seek(begin_s) if begin_s else 0.0)
        self._ahead.fill(self._decoder)
        self.sample_rate = rate
        self._log = BlockLog(rate, time.monotonic())
        self.ring = SampleRing(int(_RING_S * rate), self.channels, rate)
        self._due_from = (time.monotonic(), 0)

    def _run(self) -> None:
        try:
            self._tend_outlet(_FIRST_OUTPUT_S)  # so that the beginning is heard
            self._due_from = (time.monotonic(), self.ring.written)
            while not self._stop.is_set():
                self._tend_outlet()
                if self._seek_to is not None:
                    self._jump()
                self._ahead.fill(self._decoder)
                if self._outlet.live is None:
                    self._pace(time.monotonic())
                time.sleep(_LOOK_S)
        except Exception:  # the outermost frame of this thread
            log.exception("playing %s failed", self.path)
            self._ahead.ended = True
        finally:
            self._outlet.close()
            self._decoder.close()

    def _jump(self) -> None:
        wanted, self._seek_to = self._seek_to or 0.0, None
        # A new object, complete before it is seen: the callback takes from the old or from the new one.
        ahead = _Ahead(self._decoder, self._decoder.seek(wanted))
        ahead.fill(self._decoder)
        self._ahead = ahead

    def _pace(self, now: float) -> None:
        """Without an output: hand over what is due by the wall clock."""
        since, begin = self._due_from
        due = begin + int((now - since) * self.sample_rate) - self.ring.written
        if (
            self._paused or due > self.sample_rate
        ):  # after a pause, or the machine's sleep, time starts afresh
            self._due_from = (now, self.ring.written)
            return
        while due > 0 and (count := self._ahead.take(self._block[:due])):
            self._hand_over(count, now)
            due -= count

    def _hand_over(self, count: int, now: float) -> None:
        self.ring.write(self._block[:count])
        self._log.note(self.ring.written, now)

    def _fill(self, outdata: Any, now: float) -> None:
        """From the output's callback: the next samples, to the ring and, with the volume, to the output."""
        count = 0
        if not self._paused:
            count = self._ahead.take(self._block[: min(len(outdata), _MOST_BLOCK)])
        if count:
            self._hand_over(count, now)
            right = 1 if self.channels > 1 else 0
            volume = 0.0 if self.muted else self.volume
            np.multiply(self._block[:count, 0], volume, out=outdata[:count, 0])
            np.multiply(self._block[:count, right], volume, out=outdata[:count, 1])
            # What the feed counts and silences must not reach a loudspeaker either.
            np.nan_to_num(outdata[:count], copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        outdata[count:] = 0.0

    def _tend_outlet(self, wait_s: float = 0.0) -> None:
        was_live = self._outlet.live is not None
        if rate := self._outlet.tend(time.monotonic(), self.sample_rate, wait_s):
            if rate != self.sample_rate:
                self._reopen(rate, self.position)
            self._outlet.go()
        elif was_live and self._outlet.live is None:
            self._due_from = (time.monotonic(), self.ring.written)
