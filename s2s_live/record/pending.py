"""Marks beside videos that are not yet plain MP4s, so that a later start can finish them.

The mark of `take.mp4` is `.take.mp4.pending`. Whoever works on the video (the recorder, later the process
that rewrites it) holds a lock on the mark, which the system releases when that process ends however it
ends: an unlocked mark means unfinished business, whatever happened.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from s2s_live.record.faults import explained

_PREFIX, _SUFFIX = ".", ".pending"


def mark_path(video: Path) -> Path:
    """Where the mark of a video lies."""
    return video.with_name(f"{_PREFIX}{video.name}{_SUFFIX}")


def unfinished(folder: Path) -> list[Path]:
    """The videos in `folder` that have a mark, oldest name first; also those being worked on right now."""
    if not folder.is_dir():
        return []
    marks = sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))
    return [mark.with_name(mark.name[len(_PREFIX) : -len(_SUFFIX)]) for mark in marks]


class Mark:
    """A held mark. Make it with `hold`."""

    def __init__(self, video: Path, file: IO[bytes]) -> None:
        self.video = video
        self._file = file

    def release(self, *, done: bool) -> None:
        """Let go; `done` removes the mark: the video needs nothing more. May be called twice."""
        if self._file.closed:
            return
        if done and sys.platform != "win32":
            # While it is locked, so that nobody can take up work that is over.
            mark_path(self.video).unlink(missing_ok=True)
        self._file.close()
        if done and sys.platform == "win32":
            mark_path(self.video).unlink(missing_ok=True)


def hold(video: Path) -> Mark | None:
    """Make the mark of a video if need be and lock it; None if another process holds it.

    Raises RecordingError where the folder cannot be written.
    """
    with explained(video.parent):
        file = mark_path(video).open("ab")
    if not _lock(file):
        file.close()
        return None
    return Mark(video, file)


def _lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(file.fileno(), 0, os.SEEK_SET)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
