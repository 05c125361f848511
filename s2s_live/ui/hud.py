"""Figures over the scene: frames, hearing, latency of both paths, losses."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from s2s_live.ui.style import DIM, TEXT, number_font

_ROW = 18
_WIDTH = 232


class Hud(QWidget):
    """A quiet table in the corner of a scene view; drawn once per change, not once per frame."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Figures")
        self._rows: tuple[tuple[str, str], ...] = ()
        self._drawn = QPixmap()
        self.hide()

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """(name, figure) as shown."""
        return self._rows

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Show these lines."""
        if tuple(rows) == self._rows:
            return
        self._rows = tuple(rows)
        self.setGeometry(12, 12, _WIDTH, _ROW * len(rows) + 16)
        self.setAccessibleDescription(", ".join(f"{name} {figure}" for name, figure in rows))
        self._drawn = self._draw()
        self.update()

    def _draw(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(11, 12, 16, 190))
        painter.drawRoundedRect(QRectF(self.rect()), 8, 8)
        painter.setFont(number_font(12))
        for index, (name, figure) in enumerate(self._rows):
            line = QRectF(12, 8 + index * _ROW, _WIDTH - 24, _ROW)
            painter.setPen(QColor(DIM))
            painter.drawText(line, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), name)
            painter.setPen(QColor(TEXT))
            painter.drawText(line, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), figure)
        painter.end()
        return pixmap

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Copy what was drawn."""
        QPainter(self).drawPixmap(0, 0, self._drawn)
