"""What can go wrong with a disk, said so that a person can mend it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av.error

from s2s_live.errors import RecordingError

_HINTS = {
    errno.ENOSPC: ("The disk is full", "Free some space or choose another folder."),
    errno.EDQUOT: ("Your share of the disk is used up", "Free some space or choose another folder."),
    errno.EFBIG: ("The file has reached the largest size allowed here", "Record in shorter takes."),
    errno.EACCES: ("Writing there is not permitted", "Choose a folder of your own."),
    errno.EPERM: ("Writing there is not permitted", "Choose a folder of your own."),
    errno.EROFS: ("That disk can only be read", "Choose a folder on another disk."),
    errno.ENOTDIR: ("A part of that path is a file, not a folder", "Choose another folder."),
    errno.EEXIST: ("There is a file where the folder should be", "Choose another folder."),
    errno.ENOENT: ("That folder does not exist and cannot be made", "Choose another folder."),
    errno.ENODEV: ("The disk has gone", "Plug it in again or choose another folder."),
    errno.EIO: ("The disk does not answer", "Check that it is still plugged in, or choose another folder."),
    errno.ENAMETOOLONG: ("That name is too long", "Choose a shorter one."),
}


def explain(error: BaseException, path: Path) -> RecordingError:
    """The named error for a failed file operation or encoder call on `path`."""
    number = getattr(error, "errno", None)
    said, hint = _HINTS.get(number or 0, (f"It cannot be written ({error})", "Choose another folder."))
    return RecordingError(f"{said}: {path}.", hint)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system and the encoder raise into RecordingError."""
    try:
        yield
    except (OSError, av.error.FFmpegError) as error:
        raise explain(error, path) from error


def free_bytes(folder: Path) -> int:
    """Bytes that can still be written in `folder`; -1 where the system does not say."""
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return -1
