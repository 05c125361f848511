"""One slot of the memory strip: the pin's picture, its name, how much it counts."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QKeyEvent,
    QLinearGradient,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from s2s_live.live.memory import Pin
from s2s_live.ui.memory_desk import pin_title
from s2s_live.ui.picture import to_image
from s2s_live.ui.style import (
    ACCENT,
    ACCENT_EDGE,
    ACCENT_LIGHT,
    DIM,
    EDGE,
    FAINT,
    HOVER,
    PANEL,
    RAISED,
    TEXT,
    base_font,
    number_font,
)
from s2s_live.ui.widgets import keeps_key

_RADIUS = 6.0
_BAR = 5.0
_DRAG_FROM = 5
"""Pixels up or down that make a drag of a press."""
_DRAG_SPAN = 140
"""Pixels from nothing to all."""
_STEP = 0.05
_NOTCH = 120.0
_WORDS_FROM = 86
"""Width from which an empty slot says in words how it is filled."""
_NAME_AND_FIGURE_FROM = 64
"""Narrower slots that count show how much in the place of the name."""


class MemorySlot(QAbstractButton):
    """A click is `clicked`; a drag, the wheel or the arrow keys wish for another weight."""

    weight_wished = Signal(float)
    clear_wished = Signal()
    menu_wished = Signal(QPoint)
    """Global position."""
    moved = Signal(int)
    """Left and right go to a neighbour: -1 or 1."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number
        self.pin: Pin | None = None
        self.weight = 0.0
        self.alone = False
        self._drawn = QPixmap()
        self._pressed_at = 0.0
        self._pressed_weight = 0.0
        self._dragging = False
        self._awaits = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self._describe()

    def show_pin(self, pin: Pin | None, weight: float, *, alone: bool) -> None:
        """Show what the slot holds, how much it counts, and whether it is all of the scene."""
        if pin is not self.pin:
            self.pin, self._drawn = pin, QPixmap()
        elif (weight, alone) == (self.weight, self.alone):
            return
        self.weight, self.alone = weight, alone
        self._describe()
        self.update()

    def show_drop(self, on: bool) -> None:
        """Show that a picture that is dragged would go into this slot."""
        if on != self._awaits:
            self._awaits = on
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for a picture and its name."""
        return QSize(112, 72)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """A picture can be told from another down to here."""
        return QSize(40, 40)

    def _describe(self) -> None:
        """Words for those who hear the window, and tips."""
        keys = f"Ctrl+Alt+{self.number}"
        if self.pin is None:
            self.setAccessibleName(f"Memory slot {self.number}: empty")
            self.setAccessibleDescription("Press to pin the scene that is painted now")
            self.setToolTip(f"Click to pin the scene that is painted now ({keys})")
            return
        title = pin_title(self.pin, self.number)
        state = "recalled" if self.alone else f"counts {100 * self.weight:.0f} %"
        self.setAccessibleName(f"Memory slot {self.number}: {title}")
        self.setAccessibleDescription(
            f"{state}; press to {'return to the sound' if self.alone else 'recall'}"
        )
        self.setToolTip(
            f"{title}\nClick to recall it, again to return to the sound (Alt+{self.number}).\n"
            f"Drag up or down, or turn the wheel, to mix it in. Right-click for more."
        )

    # --- hands

    def _wish(self, weight: float) -> None:
        weight = round(min(max(weight, 0.0), 1.0), 2)
        if self.pin is not None and weight != self.weight:
            self.weight_wished.emit(weight)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin a click or a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at, self._pressed_weight = event.position().y(), self.weight
            self._dragging = False
            self.setDown(True)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Upwards counts more."""
        up = self._pressed_at - event.position().y()
        if self.isDown() and (self._dragging or abs(up) >= _DRAG_FROM):
            self._dragging = self.pin is not None
            self._wish(self._pressed_weight + up / _DRAG_SPAN)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """A press without a drag is a click."""
        if self.isDown() and event.button() == Qt.MouseButton.LeftButton:
            self.setDown(False)
            if not self._dragging and self.rect().contains(event.position().toPoint()):
                self.click()
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """A notch is five percent."""
        self._wish(self.weight + _STEP * event.angleDelta().y() / _NOTCH)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Right click, or the menu key."""
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            at = self.mapToGlobal(self.rect().center())
        self.menu_wished.emit(at)
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Claim Space and Return while focused."""
        if keeps_key(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows weigh and move, Delete clears, Return clicks as Space does."""
        key = event.key()
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._wish(self.weight + (_STEP if key == Qt.Key.Key_Up else -_STEP))
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.moved.emit(-1 if key == Qt.Key.Key_Left else 1)
        elif key == Qt.Key.Key_Delete:
            self.clear_wished.emit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    # --- eyes

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Picture, words, bar, edge."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.pin is None:
            self._paint_empty(painter, frame)
        else:
            self._paint_pin(painter, frame, self.pin)
        self._paint_number(painter, frame)
        self._paint_edge(painter, frame)

    def _paint_empty(self, painter: QPainter, frame: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(HOVER if self.underMouse() or self.isDown() else PANEL))
        painter.drawRoundedRect(frame, _RADIUS, _RADIUS)
        words = self.width() >= _WORDS_FROM
        painter.setFont(_small() if words else number_font(18))
        painter.setPen(QColor(DIM if words or self.underMouse() else FAINT))
        painter.drawText(frame, int(Qt.AlignmentFlag.AlignCenter), "Click to pin" if words else "+")

    def _paint_pin(self, painter: QPainter, frame: QRectF, pin: Pin) -> None:
        painter.save()
        path = QPainterPath()
        path.addRoundedRect(frame, _RADIUS, _RADIUS)
        painter.setClipPath(path)
        painter.fillRect(frame, QColor(RAISED))
        painter.setOpacity(1.0 if self.weight > 0 or self.underMouse() else 0.72)
        painter.drawPixmap(0, 0, self._picture(pin))
        painter.setOpacity(1.0)
        shade = QLinearGradient(frame.topLeft(), frame.bottomLeft())
        for at, darkness in ((0.0, 150), (0.34, 20), (0.5, 20), (1.0, 215)):
            shade.setColorAt(at, QColor(8, 9, 12, darkness))
        painter.fillRect(frame, shade)
        if self.weight > 0:
            painter.fillRect(QRectF(frame.left(), frame.top(), _BAR, frame.height()), QColor(8, 9, 12, 170))
            full = frame.height() * self.weight
            painter.fillRect(QRectF(frame.left(), frame.bottom() - full, _BAR, full), QColor(ACCENT))
        painter.restore()
        self._paint_words(painter, frame, pin)

    def _paint_words(self, painter: QPainter, frame: QRectF, pin: Pin) -> None:
        inner = frame.adjusted(_BAR + 4, 3, -5, -3)
        narrow = self.width() < _NAME_AND_FIGURE_FROM
        if not (narrow and self.weight > 0):
            painter.setFont(_small())
            painter.setPen(QColor(TEXT))
            title = painter.fontMetrics().elidedText(
                pin_title(pin, self.number), Qt.TextElideMode.ElideRight, int(inner.width())
            )
            painter.drawText(inner, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom), title)
        if self.weight > 0:
            painter.setFont(number_font(11, bold=True))
            painter.setPen(QColor(ACCENT_LIGHT))
            edge = Qt.AlignmentFlag.AlignBottom if narrow else Qt.AlignmentFlag.AlignTop
            figure = f"{100 * self.weight:.0f}\u202f%"
            painter.drawText(inner, int(Qt.AlignmentFlag.AlignRight | edge), figure)

    def _paint_number(self, painter: QPainter, frame: QRectF) -> None:
        painter.setFont(number_font(11, bold=True))
        painter.setPen(QColor(TEXT if self.pin is not None else DIM))
        inner = frame.adjusted(_BAR + 4, 3, -5, -3)
        painter.drawText(inner, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop), f"{self.number}")

    def _paint_edge(self, painter: QPainter, frame: QRectF) -> None:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        edge, width = (ACCENT, 2.0) if self.alone else (ACCENT_EDGE if self.weight > 0 else EDGE, 1.0)
        pen = QPen(QColor(edge if self.pin is not None else EDGE), width)
        if self.pin is None:
            pen.setStyle(Qt.PenStyle.DashLine)
        painter.setPen(pen)
        painter.drawRoundedRect(frame, _RADIUS, _RADIUS)
        if self.hasFocus() or self._awaits:
            painter.setPen(QPen(QColor(ACCENT_LIGHT), 2.0))
            painter.drawRoundedRect(frame.adjusted(2, 2, -2, -2), _RADIUS - 2, _RADIUS - 2)

    def _picture(self, pin: Pin) -> QPixmap:
        """The pin's picture, filling the slot; scaled once for each size."""
        ratio = self.devicePixelRatioF()
        wanted = self.size() * ratio
        if self._drawn.size() != wanted:
            image = to_image(pin.picture).scaled(
                wanted,
                Qt.AspectRatioMode.KeepAspectRatioByExpanding,
                Qt.TransformationMode.SmoothTransformation,
            )
            left = (image.width() - wanted.width()) // 2
            top = (image.height() - wanted.height()) // 2
            self._drawn = QPixmap.fromImage(image.copy(left, top, wanted.width(), wanted.height()))
            self._drawn.setDevicePixelRatio(ratio)
        return self._drawn


def _small() -> QFont:
    font = QFont(base_font())
    font.setPixelSize(12)
    return font
