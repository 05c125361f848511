"""A long job at the foot of the window: words, how far it is, and Cancel."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from s2s_live.ui.style import ACCENT, HOVER, UNIT, number_font
from s2s_live.ui.widgets import Button, Label

_LINES = 20
"""Pixels high, whether a job goes on or not: nothing jumps."""


class ProgressBar(QWidget):
    """0..1 as a thin bar."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Progress of the job")
        self.share = 0.0

    def sizeHint(self) -> QSize:  # noqa: N802
        """Short and thin."""
        return QSize(96, _LINES)

    def show_share(self, share: float) -> None:
        """Show how much is done."""
        if share != self.share:
            self.share = share
            self.setAccessibleDescription(f"{100 * share:.0f} %")
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        bar = QRectF(0, self.height() / 2 - 2, self.width(), 4)
        for colour, share in ((HOVER, 1.0), (ACCENT, self.share)):
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * share, 4), 2, 2)


class JobLine(QWidget):
    """Nothing where nothing goes on; bar and button only for what can be cancelled."""

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.text = Label("", "small")
        self.text.setFont(number_font(12))
        self.bar = ProgressBar()
        self.cancel = Button("Cancel", "", "Ends the search and keeps the best that was found", "small")
        self.cancel.setFixedHeight(_LINES)
        self.cancel.clicked.connect(self.cancelled)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2 * UNIT)
        for widget in (self.text, self.bar, self.cancel):
            box.addWidget(widget)
        self.setFixedHeight(_LINES)
        self.show_job("", None)

    def show_job(self, text: str, share: float | None) -> None:
        """Show what goes on; an empty text is nothing, no share is something short."""
        self.text.setText(text)
        for widget in (self.bar, self.cancel):
            widget.setVisible(share is not None)
        self.bar.show_share(share or 0.0)
