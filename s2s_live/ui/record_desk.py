"""Recording and stills as the window knows them. The record room is imported when it is first needed."""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QObject, QStandardPaths, Signal

from s2s_live.audio.feed import Feed
from s2s_live.live.frame import Frame
from s2s_live.ui.worker import Worker

if TYPE_CHECKING:
    from s2s_live.live.session import Session
    from s2s_live.record.recorder import Recorder
    from s2s_live.record.settings import RecorderStatus, Recording

log = logging.getLogger(__name__)


_CLOSING_S = 10.0
"""A slow disk may take this long to close a take; meanwhile the show goes on."""


@dataclass
class TakeSettings:
    """What the next take shall be, as the window's dialog sets it."""

    folder: Path
    size: int = 1080
    fps: int = 30
    sound: bool = True
    format: Literal["mp4", "png"] = "mp4"


def videos_folder() -> Path:
    """The user's folder for videos, with a folder of our own in it."""
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    return Path(place or Path.home()) / "s2s-live"


class RecordDesk(QObject):
    """Starts and stops takes on the jobs' thread; the recorder itself has its own."""

    changed = Signal(bool)
    """A take has begun or ended."""
    ended = Signal(object)
    """The `Recording` of a take that ended."""
    saved = Signal(object)
    """Path of a still."""
    failed = Signal(object)

    def __init__(self, feed: Feed, jobs: Worker, settings: TakeSettings) -> None:
        super().__init__()
        self.settings = settings
        self.free: int | None = None
        self._feed = feed
        self._jobs = jobs
        self._recorder: Recorder | None = None
        self._last: Recorder | None = None
        self._session: Session | None = None
        self._busy = False

    @property
    def recording(self) -> bool:
        """Whether a take runs."""
        return self._recorder is not None

    @property
    def busy(self) -> bool:
        """Whether a take is being opened or closed."""
        return self._busy

    @property
    def doing(self) -> str:
        """What is still being done for a take that is not running: a word for the user, or nothing."""
        if self._busy:
            return "Saving\u2026" if self._recorder is not None else "Opening\u2026"
        if self._last is not None and self._last.status().converting:
            return "Converting\u2026"
        return ""

    def status(self) -> RecorderStatus | None:
        """The running take's figures. A take that ended by itself is wound up here."""
        if self._recorder is None:
            return None
        status = self._recorder.status()
        if status.state in ("failed", "finished") and not self._busy:
            self.stop()
        return status

    def start(self, session: Session, target: Path | None = None) -> None:
        """Begin a take now; `target` names the file (or, without `.mp4`, the folder of pictures)."""
        if self._recorder is not None or self._busy:
            return
        self._busy = True
        self._session = session
        self._jobs.submit(lambda: self._open(session, target), self._opened, self._not_opened)

    def stop(self) -> None:
        """End the take."""
        recorder, session = self._recorder, self._session
        if recorder is None or self._busy:
            return
        self._busy = True
        if session is not None:
            session.remove_sink(recorder.offer)
        self._jobs.submit(lambda: recorder.stop(_CLOSING_S), self._closed, self._not_closed)

    def save_still(self, frame: Frame) -> None:
        """Write the frame as a PNG beside the recordings."""
        folder, size = self.settings.folder, self.settings.size

        def save() -> Path:
            from s2s_live.record.still import save_still

            return save_still(frame, folder, size)

        self._jobs.submit(save, self.saved.emit, self.failed.emit)

    def look_at_disk(self) -> None:
        """Find out how much space is left where recordings go."""
        if not self._jobs.busy:
            self._jobs.submit(lambda: _free(self.settings.folder), self._found_free)

    def finish_earlier(self) -> None:
        """Take up what an earlier run left unfinished."""

        def finish() -> list[Path]:
            from s2s_live.record.detached import finish_pending

            return finish_pending(self.settings.folder)

        self._jobs.submit(finish)

    def close(self, timeout: float) -> None:
        """End a running take at once, waiting at most `timeout` seconds for its file to be closed."""
        if self._recorder is not None:
            if self._session is not None:
                self._session.remove_sink(self._recorder.offer)
            self._recorder.stop(timeout, cut=True)
            self._recorder = None

    def _open(self, session: Session, target: Path | None) -> Recorder:
        from s2s_live.record.recorder import Recorder
        from s2s_live.record.settings import RecordSettings

        wish = self.settings
        folder, stem, kind = wish.folder, None, wish.format
        if target is not None:
            kind = "mp4" if target.suffix.lower() == ".mp4" else "png"
            folder, stem = target.parent, target.stem if kind == "mp4" else target.name
        settings = RecordSettings(
            folder, size=wish.size, fps=wish.fps, sound=wish.sound, format=kind, stem=stem
        )
        recorder = Recorder(settings, self._feed.program, self._feed.program.written)
        recorder.start(session.frame)
        session.add_sink(recorder.offer)
        return recorder

    def _opened(self, recorder: Recorder) -> None:
        self._recorder, self._busy = recorder, False
        self.changed.emit(True)

    def _not_opened(self, error: Exception) -> None:
        self._busy = False
        self.changed.emit(False)
        self.failed.emit(error)

    def _closed(self, recording: Recording) -> None:
        self._last, self._recorder, self._busy = self._recorder, None, False
        self.changed.emit(False)
        self.ended.emit(recording)

    def _not_closed(self, error: Exception) -> None:
        self._recorder, self._busy = None, False
        self.changed.emit(False)
        self.failed.emit(error)

    def _found_free(self, free: int | None) -> None:
        self.free = free


def _free(folder: Path) -> int | None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
