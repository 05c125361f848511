"""The recorder: what is painted and what is heard, into one file, on one clock.

One thread of its own, `s2s-recorder`. The painting thread offers frames and never waits; the sound is read
from the programme ring by position. The thread walks along the programme slot by slot (see SlotQueue), so
picture and sound cannot drift apart however irregularly frames are painted or however late the thread is.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from datetime import datetime
from pathlib import Path

import numpy as np

from s2s_live.audio.ring import SampleRing, SamplesLost
from s2s_live.engines.base import Floats
from s2s_live.errors import RecordingError
from s2s_live.live.frame import Frame
from s2s_live.record.faults import explained, free_bytes
from s2s_live.record.finishing import Finishing
from s2s_live.record.naming import claim, dated_stem
from s2s_live.record.sequence import SequenceWriter
from s2s_live.record.settings import MEGABYTE, RecorderStatus, Recording, RecordSettings, State
from s2s_live.record.slots import SlotQueue
from s2s_live.record.video import VideoWriter, Writer
from s2s_live.timeline import PROGRAM_RATE
from s2s_live.tracing import span

_log = logging.getLogger(__name__)

GRACE = PROGRAM_RATE // 4
"""Samples a slot waits for the painter before the last frame is shown again."""

_FIRST = 2 * PROGRAM_RATE
"""Samples that the first frame is waited for: what records from its start on has painted none yet."""

_THIN_S = 0.5
"""Behind by this much, every second frame is left out; by twice as much, two of three; and so on.

A repeated frame costs a third of a new one, so the recorder catches up, and motion stays even meanwhile.
"""

_QUEUE_FRAMES = 96
_QUEUE_BYTES = 128 * MEGABYTE
_POLL_S = 0.02
_BLOCK = PROGRAM_RATE // 2
"""Most samples of sound copied at once."""


class Recorder:
    """Records one take from programme position `position` on. `start` and `stop` once each.

    Everything that goes wrong while recording ends the take, never the show: the status says what happened
    and what was written plays.
    """

    def __init__(self, settings: RecordSettings, program: SampleRing, position: int) -> None:
        """`position`: usually `program.written`, so that the take begins now."""
        self._settings = settings
        self._program = program
        self._slots = SlotQueue(position, settings.fps, _QUEUE_FRAMES)
        self._slot = 0
        self._sound = position
        self._repeated = 0
        self._thinned = 0
        self._lost = 0
        self._seen = False
        self._end: int | None = None
        self._deadline = float("inf")
        self._wake = threading.Event()
        self._state: State = "idle"
        self._message = ""
        self._free = -1
        self._bytes = 0
        self._heartbeat = 0.0
        self._path: Path | None = None
        self._finishing = Finishing()
        # A daemon, so that a disk that hangs cannot keep the program from ending; the file bears it.
        self._thread = threading.Thread(target=self._run, name="s2s-recorder", daemon=True)

    def start(self, shown: Frame | None = None) -> None:
        """Claim the name and begin, with the frame that is `shown` already until there is a newer one.

        Raises RecordingError if the folder cannot be written or is full.
        """
        settings = self._settings
        stem = settings.stem or dated_stem(datetime.now().astimezone())
        with explained(settings.folder):
            settings.folder.mkdir(parents=True, exist_ok=True)
        self._free = free_bytes(settings.folder)
        if 0 <= self._free < settings.stop_below:
            raise RecordingError(
                f"Only {self._free // MEGABYTE} MB are free in {settings.folder}.",
                "Free some space or choose another folder.",
            )
        self._path = claim(settings.folder, stem, ".mp4" if settings.format == "mp4" else "")
        self._state = "recording"
        if shown is not None:
            self.offer(shown)
        self._thread.start()

    def offer(self, frame: Frame) -> None:
        """Take a frame from the painting thread: a few list operations, whatever the encoder is doing."""
        if self._state != "recording":
            return
        self._slots.capacity = max(4, min(_QUEUE_FRAMES, _QUEUE_BYTES // max(1, frame.picture.nbytes)))
        self._slots.offer(frame)

    def stop(self, timeout: float = 1.0, *, cut: bool = False) -> Recording:
        """End the take at the newest sample and wait at most `timeout` seconds for the file to be closed.

        A file that takes longer is closed in the background, and nothing is missing from it. A program that
        is closing says `cut`: what a late recorder has not written by then is left out, so that the file is
        complete before the program ends. May be called again, and after a failure.
        """
        if cut:
            self._deadline = time.monotonic() + 0.6 * timeout
        if self._end is None:
            self._end = self._program.written
            if self._state == "recording":
                self._state = "stopping"
            self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return self._recording()

    def status(self) -> RecorderStatus:
        """How it goes, from any thread."""
        state = self._state
        behind = 0.0
        if state == "recording":
            behind = max(0, self._program.written - self._slots.position(self._slot)) / PROGRAM_RATE
        return RecorderStatus(
            state=state,
            seconds=self._slot / self._settings.fps,
            bytes=self._bytes,
            free_bytes=self._free,
            frames=self._slot,
            repeated=self._repeated,
            dropped=self._slots.dropped + self._thinned,
            lost_samples=self._lost,
            behind_s=behind,
            converting=self._finishing.running(),
            message=self._message,
            path=self._path,
            heartbeat=self._heartbeat,
        )

    def _recording(self) -> Recording:
        message = self._message
        if self._thread.is_alive() and not message:
            message = "The recording is still being closed in the background."
        return Recording(
            path=self._path or self._settings.folder,
            seconds=self._slot / self._settings.fps,
            frames=self._slot,
            repeated=self._repeated,
            dropped=self._slots.dropped + self._thinned,
            lost_samples=self._lost,
            complete=self._state == "finished",
            message=message,
        )

    # What follows runs on the recorder's thread alone.

    def _run(self) -> None:
        try:
            self._record()
        except RecordingError as error:
            _log.warning("Recording ended: %s", error)
            self._fail(str(error))
        except Exception:  # noqa: BLE001 - the outermost frame of this thread
            _log.exception("The recorder failed")
            self._fail("The recording ended by an unexpected error; the log file has the details.")

    def _fail(self, message: str) -> None:
        self._message = message
        self._state = "failed"

    def _record(self) -> None:
        path = self._path
        if path is None:
            return
        if self._settings.format == "mp4":
            self._finishing.begin(path)
        try:
            writer = self._open(path)
            try:
                self._follow(writer)
            except BaseException:
                with contextlib.suppress(RecordingError):
                    writer.close()  # fails again on a full disk; the first error is the one to tell
                raise
            writer.close()
            self._bytes = writer.size_bytes()
        finally:
            self._finishing.hand_over(self._settings.remux)
        self._state = "finished"

    def _open(self, path: Path) -> Writer:
        settings = self._settings
        if settings.format == "png":
            return SequenceWriter(path, settings.size, settings.sound)
        return VideoWriter(path, settings.size, settings.fps, settings.sound, live=True)

    def _follow(self, writer: Writer) -> None:
        """Write the programme as it comes, and after `stop` what is left of it."""
        while self._end is None:
            self._heartbeat = time.monotonic()
            self._wake.wait(_POLL_S)
            self._advance(writer, self._program.written)
        self._advance(writer, self._end)
        self._write_sound(writer, self._end)

    def _advance(self, writer: Writer, written: int) -> None:
        """Write every slot that is settled by programme position `written`."""
        while (position := self._slots.position(self._slot)) < written:
            grace = _FIRST if not self._seen and self._slots.peek() is None else GRACE
            due = self._end is not None or written >= position + grace
            if not due and not self._slots.decided(self._slot):
                return
            if time.monotonic() > self._deadline:
                self._end = self._sound
                return
            self._write_slot(writer, late=(written - position) / PROGRAM_RATE)
            self._write_sound(writer, min(written, self._slots.position(self._slot)))
            self._heartbeat = time.monotonic()
            if self._slot % self._settings.fps == 0:
                self._look_at_disk(writer)

    def _write_slot(self, writer: Writer, late: float) -> None:
        frame = self._slots.take(self._slot)
        if frame is not None and self._seen and self._slot % (1 + int(late / _THIN_S)):
            frame = None
            self._thinned += 1
        if frame is None and not self._seen:
            frame = self._slots.peek()  # the very first frame may be a little later than the start
        if frame is None:
            with span("repeat", slot=self._slot):
                writer.repeat_frame()
            self._repeated += 1
        else:
            with span("encode", slot=self._slot, frame=frame.index):
                writer.write_frame(frame.picture)
            self._seen = True
        self._slot += 1

    def _write_sound(self, writer: Writer, stop: int) -> None:
        if not self._settings.sound:
            return
        while self._sound < stop:
            block = self._read(min(stop, self._sound + _BLOCK))
            with span("sound", position=self._sound, samples=len(block)):
                writer.write_sound(block)
            self._sound += len(block)

    def _read(self, stop: int) -> Floats:
        """Programme samples from `_sound` to at most `stop`; silence where they have been overwritten."""
        try:
            return self._program.read(self._sound, stop)
        except SamplesLost as error:
            lost = min(error.lost, stop - self._sound)
            self._lost += lost
            return np.zeros((lost, 2), np.float32)

    def _look_at_disk(self, writer: Writer) -> None:
        settings = self._settings
        self._bytes = writer.size_bytes()
        self._free = free_bytes(settings.folder)
        if self._free < 0:
            return
        megabytes = self._free // MEGABYTE
        if self._free < settings.stop_below:
            self._message = f"The recording was ended: only {megabytes} MB are free on the disk."
            self._end = self._sound
        elif self._free < settings.warn_below:
            self._message = f"Only {megabytes} MB are free on the disk."
        else:
            self._message = ""
