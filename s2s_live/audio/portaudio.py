"""PortAudio, shared: one lock, one count of open streams, and a device list that can be renewed.

PortAudio freezes its device list when it is initialised, and a new initialisation invalidates every open
stream. So it happens here alone, under the lock, and only while no stream is open.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from s2s_live.errors import AudioError

log = logging.getLogger(__name__)

_FRESH_S = 0.2  # a list this young need not be renewed
_CLOSE_S = 0.8  # some drivers never come back from closing a device that was pulled out

_lock = threading.RLock()
_open: set[int] = set()
_state = {"listed_at": 0.0}


def _library() -> Any:
    try:
        with quiet():
            import sounddevice
    except OSError as error:
        raise AudioError(
            "The audio library PortAudio is not installed.",
            "Install it (Debian, Ubuntu: apt install libportaudio2; Fedora: dnf install portaudio), "
            "or use a file.",
        ) from error
    if not _state["listed_at"]:
        # At the end of the process PortAudio would be closed under streams whose drivers have not yet given
        # them back, and crash. The system frees all of it anyway.
        atexit.unregister(sounddevice._exit_handler)  # noqa: SLF001
        _state["listed_at"] = time.monotonic()
    return sounddevice


@contextmanager
def quiet() -> Iterator[None]:
    """Keep what PortAudio, ALSA and JACK print about every device they try out of the terminal.

    They write to the file descriptor itself. Call inside `portaudio()`, for moments only: others' messages
    of these moments are lost too. With the log at DEBUG everything is shown.
    """
    if not sys.platform.startswith("linux") or log.isEnabledFor(logging.DEBUG):
        yield
        return
    try:
        saved = os.dup(2)
    except OSError:  # there is no standard error
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a path
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)


@contextmanager
def portaudio(fresh: bool = False) -> Iterator[Any]:
    """The module `sounddevice`, for one thread at a time; `fresh` renews the device list where that is
    possible.

    Raises AudioError if PortAudio is not installed.
    """
    with _lock:
        sd = _library()
        if fresh and not _open and time.monotonic() - _state["listed_at"] > _FRESH_S:
            # sounddevice has no public name for this; the device list changes in no other way.
            with quiet():
                sd._terminate()  # noqa: SLF001
                sd._initialize()  # noqa: SLF001
            _state["listed_at"] = time.monotonic()
        yield sd


def keep(stream: Any) -> None:
    """Count an opened stream: while it is open the list stays as it is. Call inside `portaudio()`."""
    with _lock:
        _open.add(id(stream))


def close(stream: Any) -> None:
    """End a stream within a second. One whose driver hangs is left behind on a thread of its own."""

    def work() -> None:
        # Not under the lock: a driver that hangs here must not keep others from opening another device. Until
        # the stream is closed it counts as open, so nobody initialises PortAudio anew under it.
        try:
            stream.abort(ignore_errors=True)
            stream.close(ignore_errors=True)
        finally:
            with _lock:
                _open.discard(id(stream))

    closer = threading.Thread(target=work, name="s2s-close-stream", daemon=True)
    closer.start()
    closer.join(_CLOSE_S)
    if closer.is_alive():
        log.warning("the driver does not give the audio device back; going on without")
