"""A thin line that moves while something long is being done."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from s2s_live.ui.style import ACCENT, GROUND

_ROUND_S = 1.6
_SHARE = 0.22


class BusyLine(QWidget):
    """Takes its 3 pixels always, so nothing jumps; draws only while busy."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Progress")
        self.busy = False
        self._phase = 0.0

    def sizeHint(self) -> QSize:  # noqa: N802
        """Three pixels high."""
        return QSize(100, 3)

    def show_busy(self, text: str) -> None:
        """Start or, with an empty text, stop."""
        self.busy = bool(text)
        self.setAccessibleDescription(text)
        self.update()

    def advance(self, now: float) -> None:
        """Move to monotonic time `now`."""
        if self.busy:
            self._phase = now / _ROUND_S % 1.0
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Draw the moving piece."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(GROUND))
        if self.busy:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(ACCENT))
            length = self.width() * _SHARE
            left = -length + self._phase * (self.width() + length)
            painter.drawRoundedRect(QRectF(left, 0, length, self.height()), 1.5, 1.5)
