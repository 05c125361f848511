"""The level meter: RMS as a bar, peak as a tick that falls slowly, a lamp for clipping."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from s2s_live.ui.style import ACCENT, DIM, GOOD, HOVER, PANEL, RECORD, TEXT, number_font

FLOOR_DB = -60.0
_FALL_DB_S = 20.0
_HOLD_S = 1.0
_LAMP = 12.0
_MARKS = (-48, -36, -24, -12, 0)


class Meter(QWidget):
    """Shows dBFS from -60 to 0. `show_level` may come at any rate."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Input level")
        self.setToolTip("Input level after gain, in dB below full scale. The lamp lights when it clips.")
        self.rms_db = FLOOR_DB
        self.peak_db = FLOOR_DB
        self.held_db = FLOOR_DB
        self.clipped = False
        self._scale = QPixmap()
        self._held_at = 0.0
        self._now = 0.0

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for the marks."""
        return QSize(220, 34)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Readable down to here."""
        return QSize(120, 34)

    def show_level(self, rms_db: float, peak_db: float, clipped: bool, now: float) -> None:
        """Take the newest levels, dBFS, and the monotonic time; repaints only if something moved."""
        before = (round(self.rms_db, 1), round(self.held_db, 1), self.clipped)
        fallen = self.held_db
        if now - self._held_at > _HOLD_S:
            fallen -= _FALL_DB_S * (now - self._now)
        if peak_db >= fallen:
            self.held_db, self._held_at = peak_db, now
        else:
            self.held_db = fallen
        self.held_db = max(self.held_db, FLOOR_DB)
        self.rms_db, self.peak_db, self.clipped, self._now = max(rms_db, FLOOR_DB), peak_db, clipped, now
        if (round(self.rms_db, 1), round(self.held_db, 1), self.clipped) != before:
            self.update()
        if clipped != before[2]:
            self.setAccessibleDescription("clipping" if clipped else "")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002, N802
        """A click lets the peak go."""
        self.held_db = FLOOR_DB
        self.update()

    def _x(self, db: float, width: float) -> float:
        return width * min(max((db - FLOOR_DB) / -FLOOR_DB, 0.0), 1.0)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Copy the empty scale, draw bar, tick and lamp."""
        ratio = self.devicePixelRatioF()
        if self._scale.isNull() or self._scale.size() != self.size() * ratio:
            self._scale = self._draw_scale(ratio)
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._scale)
        bar = self._bar()
        filled = QRectF(bar.x(), bar.y(), self._x(self.rms_db, bar.width()), bar.height())
        painter.setPen(Qt.PenStyle.NoPen)
        if filled.width() >= 1:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(self._gradient(bar))
            painter.drawRoundedRect(filled, 3, 3)
        if self.held_db > FLOOR_DB:
            x = self._x(self.held_db, bar.width())
            painter.fillRect(QRectF(x - 1, bar.y() - 2, 2, bar.height() + 4), QColor(TEXT))
        if self.clipped:
            painter.setBrush(QColor(RECORD))
            painter.drawRoundedRect(self._lamp(), 3, 3)

    def _bar(self) -> QRectF:
        return QRectF(0, 8, self.width() - _LAMP - 6, 8)

    def _lamp(self) -> QRectF:
        return QRectF(self.width() - _LAMP, 8, _LAMP, 8)

    def _gradient(self, bar: QRectF) -> QLinearGradient:
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        gradient.setColorAt(0.0, QColor(GOOD))
        gradient.setColorAt(0.70, QColor(GOOD))
        gradient.setColorAt(0.86, QColor(ACCENT))
        gradient.setColorAt(1.0, QColor(RECORD))
        return gradient

    def _draw_scale(self, ratio: float) -> QPixmap:
        """What does not move, drawn once per size: text costs more than all the rest."""
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(PANEL))
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(HOVER))
        bar = self._bar()
        painter.drawRoundedRect(bar, 3, 3)
        painter.drawRoundedRect(self._lamp(), 3, 3)
        painter.setFont(number_font(10))
        painter.setPen(QColor(DIM))
        for mark in _MARKS:
            x = self._x(mark, bar.width())
            width = 32.0
            left = min(max(x - width / 2, 0.0), bar.width() - width)
            flag = Qt.AlignmentFlag.AlignRight if mark == 0 else Qt.AlignmentFlag.AlignHCenter
            text = str(mark).replace("-", "\u2212")
            painter.drawText(QRectF(left, 18, width, 14), int(flag | Qt.AlignmentFlag.AlignVCenter), text)
        painter.end()
        return pixmap
