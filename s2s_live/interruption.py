"""How the program is asked to end from outside: Ctrl+C and SIGTERM."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

AGAIN_S = 0.05
"""How soon a signal that came in the middle of an import is looked at again."""


def heed_interruptions() -> None:
    """SIGINT (unless it is ignored) and SIGTERM raise `KeyboardInterrupt`, so that everything open is closed.

    Never in the middle of an import: some native modules abort the process when Python raises in their
    initialisation. Then the interruption waits until the import is done.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


_waiting = threading.Event()
"""Whether an interruption will be looked at again: further ones until then are the same one."""


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    if not _importing(frame):
        raise KeyboardInterrupt
    if _waiting.is_set():
        return
    _waiting.set()
    again = threading.Timer(AGAIN_S, _send_again, (signal_number,))
    again.daemon = True
    again.start()


def _send_again(signal_number: int) -> None:
    """To the main thread, which wakes from what it waits for."""
    _waiting.clear()
    if sys.platform == "win32":
        signal.raise_signal(signal_number)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, signal_number)


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False
