"""Rendering to a file that appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import Self

from s2s_live.engines.base import Floats, Picture
from s2s_live.errors import RecordingError
from s2s_live.record.faults import explained
from s2s_live.record.video import VideoWriter


class OfflineWriter:
    """A VideoWriter under a temporary name beside `path`; `close` renames it, `abort` removes it.

    As a context manager it closes after the block and aborts if the block raised. An existing `path` is
    replaced at the end, not before. Memory is constant as long as picture and sound are written in step.
    """

    def __init__(
        self, path: Path, size: int, fps: int, sound: bool = True, *, width: int | None = None
    ) -> None:
        self.path = path
        with explained(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._part = path.with_name(f".{path.name}.part")
        self._writer = VideoWriter(self._part, size, fps, sound, width=width)

    @property
    def frames(self) -> int:
        """Pictures written so far."""
        return self._writer.frames

    def write_frame(self, picture: Picture) -> None:
        """The next picture `[h, w, 3]` uint8 RGB. Raises RecordingError."""
        self._writer.write_frame(picture)

    def write_sound(self, samples: Floats) -> None:
        """The next samples `[n, 2]` float32 at 48 kHz. Raises RecordingError."""
        self._writer.write_sound(samples)

    def close(self) -> None:
        """Finish the file and give it its name. Raises RecordingError; the temporary file is then removed."""
        try:
            self._writer.close()
            with explained(self.path):
                self._part.replace(self.path)
        finally:
            self._part.unlink(missing_ok=True)

    def abort(self) -> None:
        """Throw away what was written; `path` is as it was."""
        with contextlib.suppress(RecordingError):
            self._writer.close()
        self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()
