"""Every key of the show in one table: the actions and the sheet under `?` are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from s2s_live.live.memory import SLOTS
from s2s_live.logs import log_path
from s2s_live.ui.style import UNIT
from s2s_live.ui.widgets import Button, Label, line


@dataclass(frozen=True)
class Shortcut:
    """One key and what it does."""

    name: str
    keys: tuple[str, ...]
    title: str
    group: str
    each_slot: bool = False
    """One action for every slot of the memory, `name_1` and so on; `keys` lack their digit."""

    @property
    def shown(self) -> str:
        """The key as the sheet shows it."""
        return f"{self.keys[0]}1\u2026{SLOTS}" if self.each_slot else self.keys[0]


SHORTCUTS: tuple[Shortcut, ...] = (
    Shortcut("variation", ("N",), "New variation", "Scene"),
    Shortcut("hold", ("Space",), "Hold the scene", "Scene"),
    Shortcut("freeze", ("F",), "Freeze the picture", "Scene"),
    Shortcut("blackout", ("B",), "Blackout", "Scene"),
    Shortcut("recall", ("Alt+",), "Recall a pin, return to the sound", "Memory", each_slot=True),
    Shortcut("pin", ("Ctrl+Alt+",), "Pin the scene", "Memory", each_slot=True),
    Shortcut("memory", ("P",), "Show or hide the memory", "Memory"),
    Shortcut("open", ("Ctrl+O",), "Play an audio file", "Sound"),
    Shortcut("mute", ("M",), "Mute the audio file", "Sound"),
    Shortcut("record", ("R",), "Record, stop recording", "Recording"),
    Shortcut("snapshot", ("S",), "Save a still picture", "Recording"),
    Shortcut("output", ("F11",), "Output window on or off", "Window"),
    Shortcut("leave", ("Esc",), "Leave the output window", "Window"),
    Shortcut("hud", ("H",), "Show or hide the figures", "Window"),
    Shortcut("help", ("?", "F1"), "This sheet", "Window"),
    Shortcut("quit", ("Ctrl+Q",), "Quit", "Window"),
)


_KEY_WIDTH = 119


def make_actions(parent: QWidget) -> dict[str, QAction]:
    """An action for each shortcut (and slot), by name; add them to every window they should work in."""
    actions = {}
    for shortcut in SHORTCUTS:
        for digit in map(str, range(1, SLOTS + 1)) if shortcut.each_slot else ("",):
            action = QAction(f"{shortcut.title} {digit}".strip(), parent)
            action.setShortcuts([QKeySequence(key + digit) for key in shortcut.keys])
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.setAutoRepeat(False)
            actions[f"{shortcut.name}_{digit}" if digit else shortcut.name] = action
    return actions


class ShortcutSheet(QDialog):
    """The keys, by group. Closes with Esc or `?`."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Shortcuts")
        self.setModal(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(6 * UNIT, 5 * UNIT, 6 * UNIT, 5 * UNIT)
        box.setSpacing(4 * UNIT)
        box.addWidget(Label("Shortcuts", "title"))
        columns = QHBoxLayout()
        columns.setSpacing(10 * UNIT)
        groups = list(dict.fromkeys(shortcut.group for shortcut in SHORTCUTS))
        for names in (groups[:2], groups[2:]):
            column = QVBoxLayout()
            column.setSpacing(4 * UNIT)
            for name in names:
                column.addLayout(self._group(name))
            column.addStretch(1)
            columns.addLayout(column)
        box.addLayout(columns)
        box.addWidget(line())
        box.addLayout(self._foot())
        closing = QAction(self)
        closing.setShortcuts([QKeySequence("?"), QKeySequence("F1")])
        closing.triggered.connect(self.close)
        self.addAction(closing)

    def _foot(self) -> QHBoxLayout:
        place = Label(f"Log file: {log_path()}", "small")
        place.setWordWrap(True)
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        done = Button("Close", kind="primary")
        done.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.setSpacing(4 * UNIT)
        foot.addWidget(place, 1)
        foot.addWidget(done)
        return foot

    def _group(self, name: str) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * UNIT)
        grid.setVerticalSpacing(2 * UNIT)
        grid.addWidget(Label(name.upper(), "heading"), 0, 0, 1, 2)
        for row, shortcut in enumerate((s for s in SHORTCUTS if s.group == name), start=1):
            key = Label(shortcut.shown, "key")
            key.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(key, row, 0, Qt.AlignmentFlag.AlignLeft)
            grid.addWidget(Label(shortcut.title), row, 1)
        grid.setColumnMinimumWidth(0, _KEY_WIDTH)
        grid.setColumnStretch(1, 1)
        return grid
