"""Files dropped on the control window: pictures go into the memory, sound plays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPointF
from PySide6.QtGui import QDropEvent

from s2s_live.live.pictures import is_picture

if TYPE_CHECKING:
    from s2s_live.ui.main_window import MainWindow


class Drops:
    """What the window does with its drag events."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def hover(self, event: QDropEvent) -> None:
        """Take what can be used, and show the slot that a picture would go into."""
        pictures, sound = _sorted(event.mimeData())
        if pictures or sound is not None:
            event.acceptProposedAction()
        else:
            event.ignore()
        slot = self._slot_at(event.position()) or self._window.controller.memory.first_empty()
        self._window.memory.show_drop(slot if pictures else 0)

    def leave(self) -> None:
        """It was taken away again."""
        self._window.memory.show_drop(0)

    def drop(self, event: QDropEvent) -> None:
        """Put pictures into the memory, the first into the slot it was dropped on; play one sound file."""
        self.leave()
        pictures, sound = _sorted(event.mimeData())
        if pictures or sound is not None:
            event.acceptProposedAction()
        if pictures:
            self._window.controller.pictures.add(pictures, self._slot_at(event.position()))
        if sound is not None:
            self._window.controller.sound.play(f"file:{sound}")

    def _slot_at(self, position: QPointF) -> int:
        strip = self._window.memory
        return strip.slot_at(strip.mapFrom(self._window, position.toPoint())) if strip.isVisible() else 0


def _sorted(data: QMimeData) -> tuple[list[Path], Path | None]:
    """The pictures among the local files, and the other one where there is just one."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    pictures = [path for path in paths if is_picture(path) and not path.is_dir()]
    others = [path for path in paths if path not in pictures]
    return pictures, others[0] if len(others) == 1 and not others[0].is_dir() else None
