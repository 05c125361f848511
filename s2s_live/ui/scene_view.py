"""The scene: the newest frame, smoothly scaled, under the curtain.

Control and output window use the same view.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from s2s_live.live.frame import Frame
from s2s_live.milestones import mark
from s2s_live.ui.curtain import Curtain
from s2s_live.ui.picture import FitMode, place, to_image
from s2s_live.ui.placeholder import Placeholder
from s2s_live.ui.style import GROUND

_GLOW_EVERY_S = 0.15
_GLOW_GRID = 10
_RATE_SPAN_S = 2.0


class SceneView(QWidget):
    """Shows frames. GUI thread only.

    `on_painted(index, now)` is called at the end of every paint event that drew a frame, with its index and
    the monotonic time: what the benchmark measures.
    """

    activated = Signal()
    """Double-clicked."""

    def __init__(
        self, curtain: Curtain, *, glow: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """
        Args:
            curtain: blackout and freeze, shared by all views.
            glow: fill the bands beside the picture with its dimmed colours instead of black.
            clock: monotonic seconds.
        """
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 160)
        self.setAccessibleName("Scene")
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.on_painted: Callable[[int, float], None] | None = None
        self.placeholder = Placeholder()
        self.mode: FitMode = "fit"
        self.shown = 0
        """Paint events that drew a frame."""
        self.unique = 0
        """Those whose frame differs from the one before."""
        self._curtain = curtain
        self._clock = clock
        self._mirror = False
        self._glow_wanted = glow
        self._glow = QPixmap()
        self._glow_at = 0.0
        self._frame: Frame | None = None
        self._image = QImage()
        self._still = QImage()
        self._painted_index = -1
        self._times: deque[float] = deque(maxlen=240)

    @property
    def frame(self) -> Frame | None:
        """The frame on show."""
        return self._frame

    def set_mirror(self, on: bool) -> None:
        """Show the scene as in a mirror, for projection from behind."""
        self._mirror = on
        if self._frame is not None:
            self._image = to_image(self._frame.picture, mirror=on)
        self._still = QImage() if self._still.isNull() else self._image
        self.update()

    def set_mode(self, mode: FitMode) -> None:
        """Whole picture with bands, or whole view with cuts."""
        self.mode = mode
        self.update()

    def show_frame(self, frame: Frame | None) -> None:
        """Take the newest frame and repaint; None goes back to the placeholder."""
        if frame is None:
            self._frame, self._image, self._still = None, QImage(), QImage()
        elif frame is not self._frame:
            self._frame = frame
            self._image = to_image(frame.picture, mirror=self._mirror)
        if self._curtain.frozen and self._still.isNull():
            self._still = self._image
        elif not self._curtain.frozen and self._curtain.stillness == 0.0:
            self._still = QImage()
        self.update()

    def shown_fps(self, now: float) -> float:
        """Paint events per second over the last two seconds."""
        return sum(1 for at in self._times if at > now - _RATE_SPAN_S) / _RATE_SPAN_S

    def picture_rect(self) -> QRect:
        """Where the picture stands in the view, logical pixels."""
        size = QSizeF(self._image.size()) if not self._image.isNull() else QSizeF(1, 1)
        return place(size, QSizeF(self.size()), self.mode)[0].toRect()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A double click asks for full screen."""
        self.activated.emit()
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Draw bands, picture, cross-fade and curtain."""
        painter = QPainter(self)
        if self._image.isNull():
            self.placeholder.paint(painter, self.width(), self.height(), self.devicePixelRatioF())
            self._paint_darkness(painter)
            return
        stillness = self._curtain.stillness
        target, source = place(QSizeF(self._image.size()), QSizeF(self.size()), self.mode)
        self._paint_bands(painter, target)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if stillness > 0 and not self._still.isNull():
            painter.drawImage(target, self._still, source)
            painter.setOpacity(1.0 - stillness)
        if stillness < 1:
            painter.drawImage(target, self._image, source)
        painter.setOpacity(1.0)
        self._paint_darkness(painter)
        painter.end()
        self._count()

    def _paint_darkness(self, painter: QPainter) -> None:
        if self._curtain.darkness > 0:
            painter.fillRect(self.rect(), QColor.fromRgbF(0, 0, 0, self._curtain.darkness))

    def _paint_bands(self, painter: QPainter, target: QRectF) -> None:
        if target.contains(QRectF(self.rect())):
            return
        if not self._glow_wanted:
            painter.fillRect(self.rect(), Qt.GlobalColor.black)
            return
        now = self._clock()
        if now - self._glow_at >= _GLOW_EVERY_S or self._glow.size() != self.size():
            self._glow_at = now
            self._glow = self._make_glow()
        for band in _bands(self.rect(), target.toRect()):
            if not band.isEmpty():
                painter.drawPixmap(band, self._glow, band)

    def _make_glow(self) -> QPixmap:
        image = self._still if self._curtain.stillness > 0.5 and not self._still.isNull() else self._image
        small = image
        for size in (
            _GLOW_GRID,
            4 * _GLOW_GRID,
            16 * _GLOW_GRID,
        ):  # in steps: one big one would show its squares
            small = small.scaled(
                size, size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        pixmap = QPixmap(self.size())
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(self.rect()), small, QRectF(small.rect()).adjusted(16, 16, -16, -16))
        shade = QColor(GROUND)
        shade.setAlphaF(0.72)
        painter.fillRect(self.rect(), shade)
        painter.end()
        return pixmap

    def _count(self) -> None:
        frame = self._frame
        if frame is None:
            return
        now = self._clock()
        self.shown += 1
        if self.shown == 1:
            mark("first_frame")
        self._times.append(now)
        if frame.index != self._painted_index:
            self.unique += 1
            self._painted_index = frame.index
        if self.on_painted is not None:
            self.on_painted(frame.index, now)


def _bands(view: QRect, picture: QRect) -> tuple[QRect, ...]:
    """What of the view lies left and right of, above and below the picture."""
    right, bottom = picture.x() + picture.width(), picture.y() + picture.height()
    return (
        QRect(0, 0, picture.x(), view.height()),
        QRect(right, 0, view.width() - right, view.height()),
        QRect(picture.x(), 0, picture.width(), picture.y()),
        QRect(picture.x(), bottom, picture.width(), view.height() - bottom),
    )
