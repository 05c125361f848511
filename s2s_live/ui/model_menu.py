"""The menu of models: those found, any folder, and the sizes of picture that the open one has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon

from s2s_live.ui.style import DIM, icon
from s2s_live.ui.widgets import Choice

_OPEN = "open-folder"
_FINE = "fine:"
Sizes = Sequence[tuple[int, int]]


class ModelMenu(Choice):
    """`chosen` carries a model's name or folder; `folder_wished` asks for one.

    `fine_chosen` carries `on`, `off` or `auto`: pictures of twice the lines.
    """

    chosen = Signal(str)
    fine_chosen = Signal(str)
    folder_wished = Signal()

    def __init__(self) -> None:
        super().__init__("Model", "What paints the scene")
        self._names: tuple[str, ...] = ()
        self._current = ""
        self._sizes: Sizes = ()
        self._fine = "auto"
        self._rebuild()
        self.activated.connect(self._pick)

    def show_models(self, names: Sequence[str], current: str) -> None:
        """Offer these; `current` may also be a folder."""
        if (tuple(names), current) != (self._names, self._current):
            self._names, self._current = tuple(names), current
            self._rebuild()

    def show_sizes(self, sizes: Sizes, fine: str) -> None:
        """Offer the picture sizes of the open model, if there are several; `fine` is the present wish."""
        if (tuple(sizes), fine) != (tuple(self._sizes), self._fine):
            self._sizes, self._fine = tuple(sizes), fine
            self._rebuild()

    def _rebuild(self) -> None:
        self.clear()
        names = list(self._names)
        if self._current and self._current not in names:
            names.append(self._current)
        for name in names:
            self.addItem(icon("model", DIM), Path(name).name, name)
        self.addItem(icon("folder", DIM), "Model folder\u2026", _OPEN)
        self._add_sizes()
        self.setCurrentIndex(self.findData(self._current) if self._current else -1)

    def _add_sizes(self) -> None:
        if len(self._sizes) < 2:
            return
        self.insertSeparator(self.count())
        (plain, _), (fine, _) = self._sizes[0], self._sizes[-1]
        for wish, text in (
            ("auto", "Picture size: automatic"),
            ("off", f"Picture size: {plain} \u00d7 {plain}"),
            ("on", f"Picture size: {fine} \u00d7 {fine}"),
        ):
            self.addItem(icon("check", DIM) if wish == self._fine else QIcon(), text, _FINE + wish)

    def _pick(self, index: int) -> None:
        data = str(self.itemData(index))
        self.setCurrentIndex(self.findData(self._current))
        if data == _OPEN:
            self.folder_wished.emit()
        elif data.startswith(_FINE):
            self.fine_chosen.emit(data.removeprefix(_FINE))
        elif data != self._current:
            self.chosen.emit(data)
