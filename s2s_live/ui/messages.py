"""Errors and notes without a dialog: one friendly bar, and what came often is shown once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from s2s_live.ui.style import ACCENT, ERROR, TEXT, UNIT, icon
from s2s_live.ui.widgets import Button

Level = Literal["info", "warning", "error"]
_ICONS = {"info": ("info", TEXT), "warning": ("warning", ACCENT), "error": ("warning", ERROR)}
_INFO_S = 6.0
_ACTION_S = 15.0
"""What can be done about it has to be read, found and pressed first."""
Action = tuple[str, Callable[[], None]]


class MessageBar(QFrame):
    """Shows one message at a time with its hint; the worst stays until it is dismissed."""

    changed = Signal()
    """Another message shows, or none: its place and height have to be found anew."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self._sign = QLabel()
        self._text, self._hint = QLabel(), QLabel()
        for label in (self._text, self._hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._hint.setProperty("role", "dim")
        self.close_button = Button("", "close", "Dismiss this message", "quiet")
        self.close_button.setProperty("kind", "icon")
        self.close_button.clicked.connect(self.dismiss)
        self.action_button = Button()
        self.action_button.clicked.connect(self._act)
        self._action: Action | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        self._seen: set[str] = set()
        self.text = ""
        self.level: Level = "info"
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._text)
        words.addWidget(self._hint)
        box = QHBoxLayout(self)
        box.setContentsMargins(3 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        box.setSpacing(3 * UNIT)
        box.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        box.addLayout(words, 1)
        box.addWidget(self.action_button, 0, Qt.AlignmentFlag.AlignTop)
        box.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_message(
        self, text: str, hint: str = "", level: Level = "info", action: Action | None = None
    ) -> bool:
        """Show a message; False if the same one was dismissed before and has not been `forget`-ed since.

        `action` puts a button beside it: its words, and what it does before the message goes.
        """
        if not text or text in self._seen:
            return False
        if text != self.text:
            name, colour = _ICONS[level]
            self._sign.setPixmap(icon(name, colour).pixmap(QSize(20, 20), self.devicePixelRatioF()))
            self._text.setText(text)
            self._hint.setText(hint)
            self._hint.setVisible(bool(hint))
            self._offer(action)
            self.setProperty("level", level)
            self.style().polish(self)
            self.setAccessibleName(f"{level}: {text} {hint}".strip())
            self.text, self.level = text, level
            self._timer.stop()
            if level == "info":
                self._timer.start(round((_ACTION_S if action else _INFO_S) * 1000))
            self.show()
            self.raise_()
            self.changed.emit()
        return True

    def dismiss(self) -> None:
        """Hide; the same text stays hidden until it is forgotten."""
        if self.text:
            self._seen.add(self.text)
            self.text = ""
            self._timer.stop()
            self.hide()
            self.changed.emit()

    @property
    def offers(self) -> bool:
        """Whether the message that shows has something to press: it is not to be replaced by less."""
        return bool(self.text) and self._action is not None

    def _offer(self, action: Action | None) -> None:
        self._action = action
        self.action_button.setVisible(action is not None)
        if action is not None:
            self.action_button.setText(action[0])
            self.action_button.setAccessibleName(action[0])

    def _act(self) -> None:
        if self._action is not None:
            self._action[1]()
        self.forget(self.text)

    def forget(self, text: str) -> None:
        """The cause is gone: hide the message if it shows, and show it again should it come back."""
        self._seen.discard(text)
        if text == self.text:
            self.text = ""
            self._timer.stop()
            self.hide()
            self.changed.emit()
