"""From a painted picture to a QImage, and where in a view it belongs. Drawing only, no state."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QRectF, QSizeF, Qt
from PySide6.QtGui import QImage

from s2s_live.engines.base import Picture

FitMode = Literal["fit", "fill"]


def to_image(picture: Picture, *, mirror: bool = False) -> QImage:
    """An RGB32 copy of `[h, w, 3]` uint8 RGB: the format that Qt scales fastest, owned by Qt."""
    height, width = picture.shape[:2]
    borrowed = QImage(picture.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    image = borrowed.convertToFormat(QImage.Format.Format_RGB32)
    return image.flipped(Qt.Orientation.Horizontal) if mirror else image


def place(picture: QSizeF, view: QSizeF, mode: FitMode) -> tuple[QRectF, QRectF]:
    """(target in the view, source in the picture).

    `fit` shows all of the picture with bands, `fill` covers all of the view with cuts.
    """
    if picture.isEmpty() or view.isEmpty():
        return QRectF(), QRectF()
    across, down = view.width() / picture.width(), view.height() / picture.height()
    if mode == "fit":
        scale = min(across, down)
        width, height = round(picture.width() * scale), round(picture.height() * scale)
        # Whole pixels: a picture between two pixels gets a seam beside its bands.
        left, top = int(view.width() - width) // 2, int(view.height() - height) // 2
        return QRectF(left, top, width, height), QRectF(0, 0, picture.width(), picture.height())
    seen = view / max(across, down)
    corner = (picture - seen) / 2
    return QRectF(0, 0, view.width(), view.height()), QRectF(
        corner.width(), corner.height(), seen.width(), seen.height()
    )
