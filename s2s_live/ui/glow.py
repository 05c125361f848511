"""The bands beside the picture in its own dimmed colours, renewed a few times a second."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from s2s_live.ui.style import GROUND

EVERY_S = 0.25
_GRIDS = (10, 40, 160)
"""Down to the first, then up in steps: one big step would show its squares."""
_CUT = 16
"""Pixels of the last grid left out at each edge: enlarged, it looks like light, not like a picture."""
_SHADE = 0.72


def bands(view: QRect, picture: QRect) -> list[QRect]:
    """What of the view lies left and right of, above and below the picture."""
    right, bottom = picture.x() + picture.width(), picture.y() + picture.height()
    around = (
        QRect(0, 0, picture.x(), view.height()),
        QRect(right, 0, view.width() - right, view.height()),
        QRect(picture.x(), 0, picture.width(), picture.y()),
        QRect(picture.x(), bottom, picture.width(), view.height() - bottom),
    )
    return [band for band in around if not band.isEmpty()]


class Glow:
    """Caches what it drew for `EVERY_S` seconds."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._drawn_at = 0.0
        self._bands: list[QRect] = []

    def due(self, now: float) -> bool:
        """Whether it is time to draw it afresh."""
        return now - self._drawn_at >= EVERY_S

    def paint(self, painter: QPainter, size: QSize, around: list[QRect], image: QImage, now: float) -> None:
        """Fill the bands `around` of a view of `size` with the colours of `image`."""
        if self.due(now) or self._pixmap.size() != size or around != self._bands:
            self._drawn_at, self._bands = now, around
            self._draw(size, image)
        for band in around:
            painter.drawPixmap(band, self._pixmap, band)

    def _draw(self, size: QSize, image: QImage) -> None:
        for grid in _GRIDS:
            image = image.scaled(
                grid, grid, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        shade = QColor(GROUND)
        shade.setAlphaF(_SHADE)
        painter = QPainter(image)
        painter.fillRect(image.rect(), shade)
        painter.end()
        if self._pixmap.size() != size:
            self._pixmap = QPixmap(size)
        inner = image.width() - 2 * _CUT
        across, down = inner / size.width(), inner / size.height()
        painter = QPainter(self._pixmap)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for band in self._bands:
            source = QRectF(
                _CUT + band.x() * across, _CUT + band.y() * down, band.width() * across, band.height() * down
            )
            painter.drawImage(QRectF(band), image, source)
        painter.end()
