"""Opening the app: window first, then the model, then sound; and ending it in any state.

Qt is imported inside the functions: on Windows torch must come first (see `torch_before_qt`), and the
command line stays quick.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from s2s_live.errors import DisplayError
from s2s_live.milestones import mark
from s2s_live.ui.options import AppOptions
from s2s_live.ui.torch_before_qt import load_torch_first

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from s2s_live.ui.main_window import MainWindow

__all__ = ["AppOptions", "check_display", "make_application", "run_app"]

log = logging.getLogger(__name__)

_END_S = 1.9
"""A closing that hangs longer than this is cut short: what was recorded until then plays all the same."""


def check_display(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> None:
    """Raise DisplayError where Qt would abort the process: on Linux without any window system."""
    if not platform.startswith(("linux", "freebsd")):
        return
    if not any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        raise DisplayError(
            "There is no display to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set).",
            "Start s2s-live from a desktop session, or use `s2s-live run --headless`.",
        )


def make_application() -> QApplication:
    """The Qt application with its look; the one that exists already if there is one."""
    from PySide6.QtWidgets import QApplication

    from s2s_live.ui.style import apply_style

    app = QApplication.instance()
    if not isinstance(app, QApplication):
        QApplication.setApplicationName("s2s-live")
        QApplication.setApplicationDisplayName("s2s-live")
        QApplication.setDesktopFileName("s2s-live")
        app = QApplication(sys.argv[:1])
    apply_style(app)
    return app


def run_app(options: AppOptions, on_ready: Callable[[MainWindow], None] | None = None) -> int:
    """Open the app and run it to its end; returns the exit status.

    `on_ready` is called once the window shows, for those who measure it. Raises DisplayError without a
    display.
    """
    check_display()
    load_torch_first()
    app = make_application()
    from s2s_live.ui.controller import Controller
    from s2s_live.ui.main_window import MainWindow

    window = MainWindow(Controller(options))
    window.show()
    _close_on_signals(window)
    app.processEvents()  # the window is on the screen before anything slow begins
    mark("window")
    guard = threading.Timer(_END_S, _leave)
    guard.name, guard.daemon = "s2s-closing", True
    window.closing.connect(guard.start)
    _begin(window, options)
    if on_ready is not None:
        on_ready(window)
    try:
        status = int(app.exec())
    finally:
        guard.cancel()
    if not window.controller.ended:
        _leave()  # torch or a driver is in the middle of something: unloading it now would crash
    return status


def _begin(window: MainWindow, options: AppOptions) -> None:
    from PySide6.QtCore import QTimer

    window.begin()
    if options.fullscreen is not None:
        window.wiring.present_on(options.fullscreen)
    if options.seconds is not None:
        QTimer.singleShot(round(options.seconds * 1000), window.close)


def _close_on_signals(window: MainWindow) -> None:
    """SIGINT and SIGTERM close the window.

    Python runs the handler at the next tick of the GUI's timer, or in the middle of what it is doing now: so
    the closing itself waits for the event loop.
    """
    from PySide6.QtCore import QTimer

    def close(*_: object) -> None:
        QTimer.singleShot(0, window.close)

    signal.signal(signal.SIGINT, close)
    signal.signal(signal.SIGTERM, close)


def _leave() -> None:
    """A driver or a disk that hangs cannot keep the app open."""
    log.warning("a thread has not ended; leaving all the same")
    logging.shutdown()
    os._exit(0)
