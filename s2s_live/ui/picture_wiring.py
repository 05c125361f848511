"""Connects pictures to the control window: what goes on with them, Cancel, and the file dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from s2s_live.live.pictures import SUFFIXES
from s2s_live.ui.picture_desk import Doing

if TYPE_CHECKING:
    from s2s_live.ui.main_window import MainWindow

PICTURE_FILES = f"Pictures ({' '.join(f'*{suffix}' for suffix in SUFFIXES)});;All files (*)"


class PictureWiring(QObject):
    """Lives as long as its window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._desk = window.controller.pictures
        self._desk.doing.connect(self._show)
        window.status.job.cancelled.connect(self._desk.cancel)

    def choose(self, slot: int) -> None:
        """Ask for a picture for this slot, or with 0 for some that go into the empty ones."""
        ui = self._window.controller.settings.ui
        place = self._window, "Add a picture", str(ui.get("picture_folder", "")), PICTURE_FILES
        if slot:
            path, _ = QFileDialog.getOpenFileName(*place)
            paths = [path] if path else []
        else:
            paths, _ = QFileDialog.getOpenFileNames(*place)
        if paths:
            ui["picture_folder"] = str(Path(paths[0]).parent)
            self._desk.add([Path(path) for path in paths], slot)

    def _show(self, doing: Doing | None) -> None:
        text, share = (doing.text, doing.share) if doing is not None else ("", None)
        self._window.status.job.show_job(text, share)
