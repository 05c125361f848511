"""Hold the screen saver off while the output window shows.

Linux: the desktop's `org.freedesktop.ScreenSaver` over D-Bus (GNOME, KDE, Xfce, Cinnamon answer it);
Windows: the thread's execution state; macOS: the system's `caffeinate`, tied to our process. Where none of
these is there, nothing happens and `held` stays False. QtDBus is imported only where it is used.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusPendingCallWatcher


log = logging.getLogger(__name__)

_SERVICE = "org.freedesktop.ScreenSaver"
_PATH = "/org/freedesktop/ScreenSaver"
_ES_CONTINUOUS, _ES_SYSTEM_REQUIRED, _ES_DISPLAY_REQUIRED = 0x80000000, 0x1, 0x2


class ScreenSaver:
    """`hold` and `release`, each safe to call twice; neither waits for anyone."""

    def __init__(self) -> None:
        self.held = False
        self._wanted = False
        self._cookie: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._watcher: QDBusPendingCallWatcher | None = None

    def hold(self) -> None:
        """Keep the screen on."""
        if self._wanted:
            return
        self._wanted = True
        if sys.platform == "win32":
            self._set_windows_state(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED | _ES_DISPLAY_REQUIRED)
            self.held = True
        elif sys.platform == "darwin":
            with contextlib.suppress(OSError):
                self._child = subprocess.Popen(["caffeinate", "-d", "-w", str(os.getpid())])
                self.held = True
        else:
            self._hold_linux()

    def release(self) -> None:
        """Let the screen saver come again."""
        if not self._wanted:
            return
        self._wanted = self.held = False
        if sys.platform == "win32":
            self._set_windows_state(_ES_CONTINUOUS)
        elif self._child is not None:
            self._child.terminate()
            self._child.wait(1.0)
            self._child = None
        elif self._cookie is not None:
            self._send("UnInhibit", self._cookie)
            self._cookie = None

    def _set_windows_state(self, state: int) -> None:
        if sys.platform == "win32":
            ctypes.windll.kernel32.SetThreadExecutionState(ctypes.c_uint(state))

    def _hold_linux(self) -> None:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            log.info("no session bus: the screen saver cannot be held off")
            return
        message = QDBusMessage.createMethodCall(_SERVICE, _PATH, _SERVICE, "Inhibit")
        message.setArguments(["s2s-live", "The scene is on show"])
        self._watcher = QDBusPendingCallWatcher(bus.asyncCall(message))
        self._watcher.finished.connect(self._answered)

    def _answered(self, watcher: QDBusPendingCallWatcher) -> None:
        from PySide6.QtDBus import QDBusMessage

        reply = watcher.reply()
        self._watcher = None
        if reply.type() != QDBusMessage.MessageType.ReplyMessage or not reply.arguments():
            log.info("the desktop does not hold the screen saver off: %s", reply.errorMessage())
            return
        self._cookie = int(reply.arguments()[0])
        self.held = self._wanted
        if not self._wanted:  # released before the desktop answered
            self._send("UnInhibit", self._cookie)
            self._cookie = None

    def _send(self, method: str, cookie: int) -> None:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage

        message = QDBusMessage.createMethodCall(_SERVICE, _PATH, _SERVICE, method)
        message.setArguments([ctypes.c_uint32(cookie).value])
        QDBusConnection.sessionBus().asyncCall(message)
