"""The bar at the top: name, source, model, level, output, help."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from s2s_live.ui.meter import Meter
from s2s_live.ui.model_menu import ModelMenu
from s2s_live.ui.source_menu import SourceMenu
from s2s_live.ui.style import DIM, UNIT, icon
from s2s_live.ui.widgets import Button, Label, line


class TopBar(QWidget):
    """Holds the widgets; the window connects them."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.source = SourceMenu()
        self.model = ModelMenu()
        self.meter = Meter()
        self.output = Button("Output", "fullscreen", "Scene alone, full screen on the chosen display (F11)")
        self.output.setCheckable(True)
        self.hud = Button("", "gauge", "Show the figures (H)", "icon")
        self.hud.setCheckable(True)
        self.help = Button("", "help", "Shortcuts (?)", "icon")
        self.source.setMaximumWidth(320)
        self.model.setMaximumWidth(220)
        self.meter.setMaximumWidth(320)
        for menu in (self.source, self.model):
            menu.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        box = QHBoxLayout(self)
        box.setContentsMargins(4 * UNIT, 2 * UNIT, 4 * UNIT, 2 * UNIT)
        box.setSpacing(2 * UNIT)
        box.addWidget(_mark())
        box.addWidget(Label("s2s\u2009live", "brand"))
        box.addSpacing(3 * UNIT)
        box.addWidget(self.source, 3)
        box.addWidget(self.model, 2)
        box.addSpacing(UNIT)
        box.addWidget(line(upright=True))
        box.addSpacing(UNIT)
        box.addWidget(self.meter, 3)
        box.addStretch(1)
        box.addWidget(self.output)
        box.addWidget(self.hud)
        box.addWidget(self.help)


def _mark() -> QLabel:
    label = QLabel()
    label.setPixmap(icon("s2s-live", DIM).pixmap(QSize(24, 24), label.devicePixelRatioF()))
    return label
