"""The output window: the scene and nothing else, on a display of its own."""

from __future__ import annotations

import logging

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QScreen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from s2s_live.ui.curtain import Curtain
from s2s_live.ui.displays import display_key, find_display
from s2s_live.ui.hud import Hud
from s2s_live.ui.scene_view import SceneView
from s2s_live.ui.screen_saver import ScreenSaver

log = logging.getLogger(__name__)


class OutputWindow(QWidget):
    """Full screen without cursor. Its display may vanish: the window hides and returns with it."""

    changed = Signal()
    """It was shown, hidden, or moved to another display."""
    noted = Signal(str)
    """A sentence for the user about its display."""

    def __init__(self, curtain: Curtain) -> None:
        super().__init__(None, Qt.WindowType.Window | Qt.WindowType.FramelessWindowHint)
        self.setWindowTitle("s2s-live output")
        self.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
        self.setCursor(Qt.CursorShape.BlankCursor)
        self.scene = SceneView(curtain, fine=True)
        self.hud = Hud(self.scene)
        self._saver = ScreenSaver()
        self._key = ""
        self._wanted = False
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.scene)
        self.scene.activated.connect(self.leave)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.screenRemoved.connect(self._removed)
            app.screenAdded.connect(self._added)

    @property
    def wanted(self) -> bool:
        """Whether it is to be shown, even if its display is unplugged right now."""
        return self._wanted

    @property
    def key(self) -> str:
        """Identity of its display."""
        return self._key

    def present(self, screen: QScreen) -> None:
        """Fill this display."""
        self._key = display_key(screen)
        self._wanted = True
        self._fill(screen)
        self.changed.emit()

    def leave(self) -> None:
        """Hide it, by wish."""
        self._wanted = False
        self._saver.release()
        self.hide()
        self.changed.emit()

    def _fill(self, screen: QScreen) -> None:
        self.setScreen(screen)
        self.setGeometry(QRect(screen.geometry()))
        self.showFullScreen()
        self.raise_()
        self.activateWindow()
        self._saver.hold()

    def _removed(self, screen: QScreen) -> None:
        if not self._wanted or display_key(screen) != self._key:
            return
        log.warning("output display %s was unplugged", screen.name())
        self.hide()  # never let the scene cover the operator's display
        self.noted.emit("The output's display was unplugged. The output returns when it is back.")
        self.changed.emit()

    def _added(self, screen: QScreen) -> None:
        if not self._wanted or self.isVisible() or find_display(self._key, [screen]) is None:
            return
        log.info("output display %s is back", screen.name())
        self._fill(screen)
        self.noted.emit("The output is back on its display.")
        self.changed.emit()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """The window manager's close leaves full screen."""
        self.leave()
        event.accept()
