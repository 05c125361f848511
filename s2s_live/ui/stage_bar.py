"""The strip under the scene: what is heard, and the buttons of the performance."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from s2s_live.ui.heard_bar import HeardBar
from s2s_live.ui.style import UNIT
from s2s_live.ui.widgets import Button

_ROOMY = 940
_NARROW = 566


class StageBar(QWidget):
    """Buttons lose their words where the window is narrow; tips and names stay."""

    variation_wished = Signal()
    hold_wished = Signal()
    freeze_wished = Signal()
    blackout_wished = Signal()
    memory_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.heard = HeardBar()
        self.variation = Button("", "variation", "Another composition of the same sound (N)")
        self.hold = Button("", "hold", "Keep this scene whatever sounds (Space)")
        self.freeze = Button("", "freeze", "Freeze the picture (F)")
        self.blackout = Button("", "blackout", "Fade to black and back (B)")
        self.memory = Button("", "memory", "Show or hide the memory (P)")
        self._words = {
            self.variation: "New variation",
            self.hold: "Hold",
            self.freeze: "Freeze",
            self.blackout: "Blackout",
            self.memory: "Memory",
        }
        box = QHBoxLayout(self)
        box.setContentsMargins(4 * UNIT, 2 * UNIT, 4 * UNIT, 2 * UNIT)
        box.setSpacing(2 * UNIT)
        box.addWidget(self.heard, 1)
        box.addSpacing(2 * UNIT)
        for button, words in self._words.items():
            button.setAccessibleName(words)
            button.setCheckable(button is not self.variation)
            box.addWidget(button)
        for button, wish in (
            (self.variation, self.variation_wished),
            (self.hold, self.hold_wished),
            (self.freeze, self.freeze_wished),
            (self.blackout, self.blackout_wished),
            (self.memory, self.memory_wished),
        ):
            button.clicked.connect(lambda _on, wish=wish: wish.emit())

    def show_state(self, *, hold: bool, frozen: bool, black: bool) -> None:
        """Follow what was changed by key or from elsewhere."""
        for button, on in ((self.hold, hold), (self.freeze, frozen), (self.blackout, black)):
            if button.isChecked() != on:
                button.setChecked(on)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Without the buttons' words, or the window could not be made narrow again."""
        return QSize(_NARROW, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Words where there is room."""
        roomy = event.size().width() >= _ROOMY
        for button, words in self._words.items():
            wanted = words if roomy else ""
            if button.text() != wanted:
                button.setText(wanted)
        super().resizeEvent(event)
