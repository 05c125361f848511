"""The scene: the newest frame, smoothly scaled, under the curtain.

Control and output window use the same view.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QRect, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from s2s_live.engines.base import Picture
from s2s_live.live.frame import Frame
from s2s_live.milestones import mark
from s2s_live.tracing import span
from s2s_live.ui.curtain import Curtain
from s2s_live.ui.glow import Glow, bands
from s2s_live.ui.picture import FitMode, place, to_image
from s2s_live.ui.placeholder import Placeholder
from s2s_live.ui.upscale import doubled

_RATE_SPAN_S = 2.0


class SceneView(QWidget):
    """Shows frames. GUI thread only.

    `on_painted(index, now)` is called at the end of every paint event that drew a frame, with its index and
    the monotonic time: what the benchmark measures.
    """

    activated = Signal()
    """Double-clicked."""
    drawn = Signal()
    """A paint event has drawn a frame."""

    def __init__(
        self,
        curtain: Curtain,
        *,
        glow: bool = False,
        fine: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """
        Args:
            curtain: blackout and freeze, shared by all views.
            glow: fill the bands beside the picture with its dimmed colours instead of black.
            fine: enlarge small pictures with a finer filter first.
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
        self._fine = fine
        self._glow = Glow() if glow else None
        self._darkness_shown = 0.0
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
            self._image = self._to_image(self._frame.picture)
        self._still = QImage() if self._still.isNull() else self._image
        self.update()

    def set_mode(self, mode: FitMode) -> None:
        """Whole picture with bands, or whole view with cuts."""
        self.mode = mode
        self.update()

    def show_frame(self, frame: Frame | None) -> None:
        """Take the newest frame and repaint; None goes back to the placeholder.

        Only the picture is repainted at this rate: the bands change a few times a second.
        """
        all_of_it = self._image.isNull()
        if frame is None:
            self._frame, self._image, self._still = None, QImage(), QImage()
        elif frame is not self._frame:
            self._frame = frame
            self._image = self._to_image(frame.picture)
        if self._curtain.frozen and self._still.isNull():
            self._still = self._image
        elif not self._curtain.frozen and self._curtain.stillness == 0.0:
            self._still = QImage()
        darkness = self._curtain.darkness
        if all_of_it or darkness != self._darkness_shown or (self._glow and self._glow.due(self._clock())):
            self._darkness_shown = darkness
            self.update()
        else:
            self.update(self.picture_rect())

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

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw bands, picture, cross-fade and curtain."""
        with span("draw", frame=self._frame.index if self._frame else -1):
            self._draw(event)

    def _draw(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._image.isNull():
            self.placeholder.paint(painter, self.width(), self.height(), self.devicePixelRatioF())
            self._paint_darkness(painter)
            return
        stillness = self._curtain.stillness
        target, source = place(QSizeF(self._image.size()), QSizeF(self.size()), self.mode)
        if not target.toRect().contains(event.rect()):
            self._paint_bands(painter, target.toRect())
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

    def _to_image(self, picture: Picture) -> QImage:
        return to_image(doubled(picture) if self._fine else picture, mirror=self._mirror)

    def _paint_darkness(self, painter: QPainter) -> None:
        if self._curtain.darkness > 0:
            painter.fillRect(self.rect(), QColor.fromRgbF(0, 0, 0, self._curtain.darkness))

    def _paint_bands(self, painter: QPainter, target: QRect) -> None:
        around = bands(self.rect(), target)
        if self._glow is None:
            for band in around:
                painter.fillRect(band, Qt.GlobalColor.black)
        else:
            frozen = self._curtain.stillness > 0.5 and not self._still.isNull()
            self._glow.paint(
                painter, self.size(), around, self._still if frozen else self._image, self._clock()
            )

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
        self.drawn.emit()
