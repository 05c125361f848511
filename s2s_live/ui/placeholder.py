"""What the scene view shows before there is a scene: a calm horizon under rings that follow the sound."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QLinearGradient, QPainter, QPen, QPixmap, QRadialGradient

from s2s_live.ui.style import ACCENT, DIM, TEXT, base_font

_RINGS = ((0.30, ACCENT, 0.85), (0.46, "#e4805a", 0.55), (0.62, "#9a5a8f", 0.4), (0.78, "#4f4170", 0.3))


class Placeholder:
    """Draws itself into a view. `loudness` 0..1 opens the rings; the backdrop is cached per size."""

    def __init__(self) -> None:
        self.title = ""
        self.detail = ""
        self.loudness = 0.0
        self._backdrop = QPixmap()

    def paint(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """Draw into `width` x `height` logical pixels."""
        if (
            self._backdrop.isNull()
            or self._backdrop.size() / ratio != QRectF(0, 0, width, height).size().toSize()
        ):
            self._backdrop = _backdrop(width, height, ratio)
        painter.drawPixmap(0, 0, self._backdrop)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        horizon = QPointF(width / 2, height * 0.56)
        reach = min(width, height) * 0.42
        painter.setClipRect(QRectF(0, 0, width, horizon.y()))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for index, (share, colour, strength) in enumerate(_RINGS):
            radius = reach * share * (1.0 + (0.10 + 0.10 * index) * self.loudness)
            tint = QColor(colour)
            tint.setAlphaF(strength * (0.45 + 0.55 * self.loudness))
            painter.setPen(QPen(tint, 2.0))
            painter.drawEllipse(horizon, radius, radius)
        painter.setClipping(False)
        painter.setPen(QPen(QColor(ACCENT).darker(160), 1.5))
        painter.drawLine(QPointF(width / 2 - reach, horizon.y()), QPointF(width / 2 + reach, horizon.y()))
        self._paint_words(painter, width, height)

    def _paint_words(self, painter: QPainter, width: int, height: int) -> None:
        title = QFont(base_font())
        title.setPixelSize(17)
        title.setWeight(QFont.Weight.DemiBold)
        painter.setFont(title)
        painter.setPen(QColor(TEXT))
        middle = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
        box = QRectF(24, height * 0.56 + 20, width - 48, 26)
        painter.drawText(box, middle, self.title)
        painter.setFont(base_font())
        painter.setPen(QColor(DIM))
        painter.drawText(
            QRectF(24, box.bottom() + 4, width - 48, height - box.bottom() - 8), middle, self.detail
        )


def _backdrop(width: int, height: int, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(width * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    painter = QPainter(pixmap)
    sky = QLinearGradient(0, 0, 0, height)
    sky.setColorAt(0.0, QColor("#0b0c12"))
    sky.setColorAt(0.45, QColor("#17131f"))
    sky.setColorAt(0.56, QColor("#2a1d24"))
    sky.setColorAt(0.561, QColor("#100f14"))
    sky.setColorAt(1.0, QColor("#0b0c10"))
    painter.fillRect(0, 0, width, height, sky)
    glow = QRadialGradient(QPointF(width / 2, height * 0.56), min(width, height) * 0.5)
    warm = QColor(ACCENT)
    warm.setAlphaF(0.16)
    glow.setColorAt(0.0, warm)
    warm.setAlphaF(0.0)
    glow.setColorAt(1.0, warm)
    painter.fillRect(0, 0, width, height, glow)
    painter.end()
    return pixmap
