"""The slider of one control: its scale, its drawing, double-click for the default."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QSlider

from s2s_live.engines.base import Control
from s2s_live.ui.style import ACCENT, ACCENT_EDGE, ACCENT_LIGHT, EDGE, FAINT, PANEL, TEXT

STEPS = 1000
"""Positions of a slider of a continuous control."""
_LOG_RATIO = 20.0
_MARGIN = 9.0


class Scale:
    """Maps a control's values to whole slider positions and back.

    Ranges over more than a factor of 20 above zero (times, mostly) are logarithmic.
    """

    def __init__(self, control: Control) -> None:
        self.control = control
        self._whole = control.kind != "float"
        self._log = not self._whole and control.low > 0 and control.high / control.low >= _LOG_RATIO

    @property
    def range(self) -> tuple[int, int]:
        """First and last slider position."""
        return (round(self.control.low), round(self.control.high)) if self._whole else (0, STEPS)

    def position(self, value: float) -> int:
        """Slider position of a value."""
        value = self.control.clamp(value)
        low, high = self.control.low, self.control.high
        if self._whole:
            return round(value)
        if self._log:
            return round(STEPS * math.log(value / low) / math.log(high / low))
        return round(STEPS * (value - low) / (high - low)) if high > low else 0

    def value(self, position: int) -> float:
        """Value at a slider position."""
        low, high = self.control.low, self.control.high
        if self._whole:
            return float(position)
        share = position / STEPS
        value = low * (high / low) ** share if self._log else low + (high - low) * share
        return self.control.clamp(value)


def readout(control: Control, value: float) -> str:
    """The value as a person reads it: few digits, its unit, a sign where the range has both."""
    if control.kind != "float":
        return f"{round(value)}"
    digits = 1 if control.unit == "dB" or control.high - control.low > 20 else 2
    if value >= 10 and control.unit != "dB":
        digits = min(digits, 1)
    sign = "+" if control.low < 0 < control.high and round(value, digits) > 0 else ""
    text = f"{sign}{value:.{digits}f}".replace("-", "\u2212")
    gap = "" if not control.unit or control.unit.startswith("/") else "\u00a0"
    return f"{text}{gap}{control.unit}"


class ControlSlider(QSlider):
    """A thin slider. `changed` carries a value of the control; a double click returns to the default."""

    changed = Signal(float)

    def __init__(self, control: Control) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.scale = Scale(control)
        first, last = self.scale.range
        self.setRange(first, last)
        self.setSingleStep(max(1, (last - first) // 100))
        self.setPageStep(max(1, (last - first) // 10))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(control.title)
        self.setAccessibleDescription(control.help)
        self.setToolTip(f"{control.help}\nDouble-click: {readout(control, control.default)}")
        self.setMouseTracking(True)
        self.show_value(control.default)
        self.valueChanged.connect(self._emit)

    def show_value(self, value: float) -> None:
        """Move to a value without reporting a change."""
        position = self.scale.position(value)
        if position != self.value():
            blocked = self.blockSignals(True)
            self.setValue(position)
            self.blockSignals(blocked)
            self.update()

    def _emit(self, position: int) -> None:
        self.changed.emit(self.scale.value(position))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Thin, but easy to hit."""
        return QSize(120, 22)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Usable down to here."""
        return QSize(60, 22)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Jump to the pointer and drag from there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._follow(event.position().x())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Drag."""
        if self.isSliderDown():
            self._follow(event.position().x())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        self.setSliderDown(False)
        self.update()
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Back to the default."""
        self.setValue(self.scale.position(self.scale.control.default))
        event.accept()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Scroll the panel, not the value, unless the slider has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _follow(self, x: float) -> None:
        span = max(self.width() - 2 * _MARGIN, 1.0)
        share = min(max((x - _MARGIN) / span, 0.0), 1.0)
        self.setValue(self.minimum() + round(share * (self.maximum() - self.minimum())))
        self.update()

    def _x(self, position: float) -> float:
        span = max(self.maximum() - self.minimum(), 1)
        return _MARGIN + (position - self.minimum()) / span * (self.width() - 2 * _MARGIN)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Groove, filled part from zero or the left end, a notch at the default, the handle."""
        control = self.scale.control
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        origin = self._x(self.scale.position(0.0)) if control.low < 0 < control.high else _MARGIN
        here, usual = self._x(self.value()), self._x(self.scale.position(control.default))
        lively = self.isEnabled()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(EDGE))
        painter.drawRoundedRect(QRectF(_MARGIN, middle - 2, self.width() - 2 * _MARGIN, 4), 2, 2)
        painter.setBrush(QColor(ACCENT if lively else FAINT))
        painter.drawRoundedRect(QRectF(min(origin, here), middle - 2, abs(here - origin), 4), 2, 2)
        painter.setBrush(QColor(FAINT))
        painter.drawRect(QRectF(usual - 0.75, middle + 5, 1.5, 4))
        busy = self.isSliderDown() or self.hasFocus() or self.underMouse()
        if self.hasFocus():
            painter.setPen(QPen(QColor(ACCENT_EDGE), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(here, middle), 8.5, 8.5)
        painter.setPen(QPen(QColor(PANEL), 2))
        painter.setBrush(QColor(ACCENT_LIGHT if busy and lively else TEXT if lively else FAINT))
        painter.drawEllipse(QPointF(here, middle), 7.0, 7.0)
