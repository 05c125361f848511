"""The control window: scene, spectrogram, and everything that a performer turns."""

from __future__ import annotations

import itertools
import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QScrollArea, QSplitter, QVBoxLayout, QWidget

from s2s_live.ui.busy_line import BusyLine
from s2s_live.ui.controller import Controller
from s2s_live.ui.controls_panel import ControlsPanel
from s2s_live.ui.dropping import Drops
from s2s_live.ui.file_bar import FileBar
from s2s_live.ui.hud import Hud
from s2s_live.ui.memory_strip import MemoryStrip
from s2s_live.ui.messages import MessageBar
from s2s_live.ui.output_group import OutputGroup
from s2s_live.ui.output_window import OutputWindow
from s2s_live.ui.record_bar import RecordBar
from s2s_live.ui.refresh import Refresh
from s2s_live.ui.scene_view import SceneView
from s2s_live.ui.shortcuts import make_actions
from s2s_live.ui.stage_bar import StageBar
from s2s_live.ui.status_line import StatusLine
from s2s_live.ui.style import UNIT
from s2s_live.ui.top_bar import TopBar
from s2s_live.ui.widgets import Button, Choice, Group, Label, focus_order, line
from s2s_live.ui.wiring import Wiring

if TYPE_CHECKING:  # pyqtgraph takes a third of a second
    from s2s_live.ui.spectrogram_view import SpectrogramView

log = logging.getLogger(__name__)

_COLUMN = 308
_MESSAGE = 640
_STRIP = 90


class MainWindow(QMainWindow):
    """Layout only; `Wiring` connects it to the controller, `Refresh` keeps it moving."""

    closing = Signal()
    """The person or a signal has asked for the end."""

    def __init__(self, controller: Controller) -> None:
        super().__init__()
        self.controller = controller
        self.setWindowTitle("s2s-live")
        self.setAcceptDrops(True)
        self.actions_by_name: dict[str, QAction] = make_actions(self)
        self.scene = SceneView(controller.curtain, glow=True)
        self.hud = Hud(self.scene)
        self.output = OutputWindow(controller.curtain)
        self.top_bar = TopBar()
        self.busy_line = BusyLine()
        self.stage = StageBar()
        self.memory = MemoryStrip()
        self.spectrogram: SpectrogramView | None = None
        self._strip = QWidget()
        self.controls = ControlsPanel()
        self.file_bar = FileBar()
        self.set_level = Button(
            "Set level", "level", "Listens for five seconds and sets gain and silence gate once"
        )
        self.channel = Choice("Channel", "Which channel of the input is heard")
        self.output_group = OutputGroup()
        self.record_bar = RecordBar()
        self.status = StatusLine()
        self._build()
        self.messages = MessageBar(self.page)
        for action in self.actions_by_name.values():
            self.addAction(action)
            self.output.addAction(action)
        self.wiring = Wiring(self)
        self.drops = Drops(self)
        self.refresh = Refresh(self)
        self._restore()
        self.scene.setFocus()

    def _build(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.top_bar)
        box.addWidget(self.busy_line)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self._left(), 1)
        middle.addWidget(self._right())
        box.addLayout(middle, 1)
        box.addWidget(line())
        box.addWidget(self.status)
        self.setCentralWidget(page)
        self.page = page

    def _left(self) -> QWidget:
        stage = QWidget()
        box = QVBoxLayout(stage)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.scene, 1)
        box.addWidget(self.stage)
        box.addWidget(self.memory)
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        self.splitter.setHandleWidth(5)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(stage)
        self._strip.setMinimumHeight(_STRIP)
        QVBoxLayout(self._strip).setContentsMargins(0, 0, 0, 0)
        self.splitter.addWidget(self._strip)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        return self.splitter

    def _right(self) -> QWidget:
        column = QWidget()
        column.setObjectName("controls")
        column.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column.setFixedWidth(_COLUMN)
        listening = self.controls.group("Listening")
        channel = QHBoxLayout()
        channel.addWidget(Label("Channel"), 1)
        channel.addWidget(self.channel, 1)
        listening.body.addWidget(self.set_level)
        listening.body.addLayout(channel)
        self.file_group = Group("File")
        self.file_group.body.addWidget(self.file_bar)
        self.file_group.hide()
        inner = QWidget()
        stack = QVBoxLayout(inner)
        stack.setContentsMargins(0, 0, 0, 2 * UNIT)
        stack.setSpacing(UNIT)
        stack.addWidget(self.file_group)
        stack.addWidget(self.controls)
        stack.addWidget(self.output_group)
        stack.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(inner)
        self._column = inner
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        box = QVBoxLayout(column)
        box.setContentsMargins(1, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(scroll, 1)
        box.addWidget(line())
        box.addWidget(self.record_bar)
        return column

    def begin(self) -> None:
        """Once the window shows: the model on its own thread, what is slow to load, then the sound."""
        self.controller.open_model()
        from s2s_live.ui.spectrogram_view import SpectrogramView

        self.spectrogram = SpectrogramView(*self.controller.sound.spectrum_format)
        layout = self._strip.layout()
        if layout is not None:
            layout.addWidget(self.spectrogram)
        self.controller.begin()

    def order_focus(self) -> None:
        """Let Tab go as the eye does: top bar, stage, memory, the column, recording, the foot."""
        places = (self.top_bar, self.stage, self.memory, self._column, self.record_bar, self.status)
        chain = [widget for place in places for widget in focus_order(place)]
        for before, after in itertools.pairwise(chain):
            QWidget.setTabOrder(before, after)

    def show_file_state(self) -> None:
        """Transport of the file, while one is the source."""
        self.wiring.show_file_state()

    def _restore(self) -> None:
        remembered = self.controller.settings.ui
        geometry = remembered.get("geometry")
        if not isinstance(geometry, str) or not self.restoreGeometry(
            QByteArray.fromBase64(geometry.encode())
        ):
            available = self.screen().availableSize()
            self.resize(min(1440, available.width() - 40), min(900, available.height() - 60))
        sizes = remembered.get("splitter")
        if isinstance(sizes, list) and len(sizes) == 2 and all(isinstance(size, int) for size in sizes):
            self.splitter.setSizes(sizes)
        else:
            self.splitter.setSizes([1000, 150])

    def remember(self) -> None:
        """Put the window's own state into the settings."""
        ui = self.controller.settings.ui
        ui["geometry"] = bytes(self.saveGeometry().toBase64().data()).decode()
        ui["splitter"] = self.splitter.sizes()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Start the clock."""
        self.refresh.start()
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Give the memory its share, and keep the message over the scene's foot."""
        super().resizeEvent(event)
        self.memory.fit(event.size().height())
        self.place_message()

    def place_message(self) -> None:
        """Put the message bar over the foot of the scene, centred."""
        width = min(_MESSAGE, self.scene.width() - 8 * UNIT)
        height = self.messages.heightForWidth(width)
        corner = self.scene.mapTo(self.page, self.scene.rect().bottomLeft())
        left = corner.x() + (self.scene.width() - width) // 2
        self.messages.setGeometry(left, corner.y() - height - 3 * UNIT, width, height)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take pictures and sound."""
        self.drops.hover(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802
        """Show where they go."""
        self.drops.hover(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: ARG002, N802
        """They go nowhere."""
        self.drops.leave()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Add the pictures, play the sound."""
        self.drops.drop(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """End everything, in any state."""
        self.closing.emit()
        self.refresh.stop()
        self.remember()
        self.output.leave()
        self.output.deleteLater()
        self.controller.close()
        event.accept()
