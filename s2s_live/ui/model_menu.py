"""The menu of models: those found, and any folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal

from s2s_live.ui.style import DIM, icon
from s2s_live.ui.widgets import Choice

_OPEN = "open-folder"


class ModelMenu(Choice):
    """`chosen` carries a model's name or folder; `folder_wished` asks for one."""

    chosen = Signal(str)
    folder_wished = Signal()

    def __init__(self) -> None:
        super().__init__("Model", "What paints the scene")
        self._names: tuple[str, ...] = ()
        self._current = ""
        self._rebuild()
        self.activated.connect(self._pick)

    def show_models(self, names: Sequence[str], current: str) -> None:
        """Offer these; `current` may also be a folder."""
        if (tuple(names), current) != (self._names, self._current):
            self._names, self._current = tuple(names), current
            self._rebuild()

    def _rebuild(self) -> None:
        self.clear()
        names = list(self._names)
        if self._current and self._current not in names:
            names.append(self._current)
        for name in names:
            self.addItem(icon("model", DIM), Path(name).name, name)
        self.addItem(icon("folder", DIM), "Model folder\u2026", _OPEN)
        self.setCurrentIndex(self.findData(self._current) if self._current else -1)

    def _pick(self, index: int) -> None:
        data = str(self.itemData(index))
        self.setCurrentIndex(self.findData(self._current))
        if data == _OPEN:
            self.folder_wished.emit()
        elif data != self._current:
            self.chosen.emit(data)
