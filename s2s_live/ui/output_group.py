"""Where and how the output window shows the scene."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from s2s_live.ui.displays import display_key, display_title
from s2s_live.ui.picture import FitMode
from s2s_live.ui.style import UNIT
from s2s_live.ui.widgets import Choice, Group, Label


class OutputGroup(Group):
    """Display, fit or fill, mirror."""

    display_chosen = Signal(str)
    """Key of a display."""
    mode_chosen = Signal(str)
    mirror_chosen = Signal(bool)

    def __init__(self) -> None:
        super().__init__("Output")
        self.display = Choice("Output display", "The display that the output window fills")
        self.mode = Choice("Picture", "Whole picture with bands, or the whole display with cuts")
        self.mode.addItem("Fit", "fit")
        self.mode.addItem("Fill", "fill")
        self.mirror = QCheckBox("Mirror")
        self.mirror.setToolTip("For projection from behind")
        self._keys: tuple[str, ...] = ()
        self._build()
        self.display.activated.connect(
            lambda index: self.display_chosen.emit(str(self.display.itemData(index)))
        )
        self.mode.activated.connect(lambda index: self.mode_chosen.emit(str(self.mode.itemData(index))))
        self.mirror.toggled.connect(self.mirror_chosen)

    def _build(self) -> None:
        row = QWidget()
        box = QHBoxLayout(row)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3 * UNIT)
        box.addWidget(self.mode, 1)
        box.addWidget(self.mirror)
        self.body.addWidget(Label("Display"))
        self.body.addWidget(self.display)
        self.body.addWidget(row)

    def show_displays(self, key: str) -> None:
        """Offer the displays of the moment; `key` is the chosen one, kept in the list while unplugged."""
        screens = QGuiApplication.screens()
        keys = tuple(display_key(screen) for screen in screens)
        if keys != self._keys or self.display.count() == 0:
            self._keys = keys
            self.display.clear()
            for index, screen in enumerate(screens):
                self.display.addItem(display_title(index, screen), keys[index])
        if key and self.display.findData(key) < 0:
            self.display.addItem(f"{key.split('|')[0]} (unplugged)", key)
        self.display.setCurrentIndex(max(self.display.findData(key), 0))

    def show_choice(self, mode: FitMode, *, mirror: bool) -> None:
        """Show these, without reporting them."""
        self.mode.setCurrentIndex(self.mode.findData(mode))
        blocked = self.mirror.blockSignals(True)
        self.mirror.setChecked(mirror)
        self.mirror.blockSignals(blocked)
