"""What the show hears now: the family's name, a confidence bar, the figure."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from s2s_live.engines.base import Target
from s2s_live.ui.style import ACCENT, FAINT, HOVER, UNIT, number_font
from s2s_live.ui.widgets import Label

_FAMILY = 148
"""Pixels; fixed, so that the bar stands still while names change."""


def family_title(family: str) -> str:
    """A family's id as people read it: `night_insects` -> Night insects."""
    return family.replace("_", " ").capitalize()


class ConfidenceBar(QWidget):
    """0..1 as a thin bar."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMaximumWidth(220)
        self.setAccessibleName("Confidence")
        self.share = 0.0
        self.lively = True

    def sizeHint(self) -> QSize:  # noqa: N802
        """Thin."""
        return QSize(120, 16)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Readable down to here."""
        return QSize(40, 16)

    def show_share(self, share: float, *, lively: bool) -> None:
        """Show a confidence; dimmed while it is only remembered."""
        share = round(share, 2)
        if (share, lively) != (self.share, self.lively):
            self.share, self.lively = share, lively
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(HOVER))
        bar = QRectF(0, self.height() / 2 - 3, self.width(), 6)
        painter.drawRoundedRect(bar, 3, 3)
        bar.setWidth(bar.width() * self.share)
        painter.setBrush(QColor(ACCENT if self.lively else FAINT))
        if bar.width() > 1:
            painter.drawRoundedRect(bar, 3, 3)


class HeardBar(QWidget):
    """`hears  Rain  [======  ]  82 %`."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("What is heard")
        self.family = Label("", "family", elide=True)
        self.family.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.family.setFixedWidth(_FAMILY)
        self.bar = ConfidenceBar()
        self.figure = Label("", "value")
        self.figure.setFont(number_font(13))
        self.figure.setMinimumWidth(self.figure.fontMetrics().horizontalAdvance("100\u00a0%") + 4)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(3 * UNIT)
        self._lead = Label("Hears", "dim")
        box.addWidget(self._lead)
        box.addWidget(self.family)
        box.addWidget(self.bar, 1)
        box.addWidget(self.figure)
        box.addStretch(1)
        self.show_target(None, sounding=False)

    def show_target(self, target: Target | None, *, sounding: bool) -> None:
        """Show the newest hearing; `sounding` is False while the silence gate is closed."""
        if target is None:
            self._show("nothing yet", 0.0, "", lively=False)
        elif not sounding:
            self._show("Silence", 0.0, "", lively=False)
        elif not target.family:
            self._show("a sound", 0.0, "", lively=False)
        else:
            figure = f"{100 * target.confidence:.0f}\u00a0%"
            self._show(family_title(target.family), target.confidence, figure, lively=True)

    def _show(self, family: str, share: float, figure: str, *, lively: bool) -> None:
        self.family.setText(family)
        self.figure.setText(figure)
        self.bar.show_share(share, lively=lively)
        self.setAccessibleDescription(f"{family} {figure}".strip())
