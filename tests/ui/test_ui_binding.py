"""The Qt binding must not eat references.

PySide6 6.12.0 does on Python 3.11, and ends a show after a minute.
"""

from __future__ import annotations

import sys

import pytest
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

CALLS = 500


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_painting_leaves_the_count_of_none_alone():
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        painter.setOpacity(1.0)
        painter.fillRect(QRect(0, 0, 1, 1), QColor("red"))
        painter.drawImage(QRectF(0, 0, 1, 1), image, QRectF(0, 0, 1, 1))
    after = sys.getrefcount(None)
    painter.end()
    assert after > before - CALLS / 2
