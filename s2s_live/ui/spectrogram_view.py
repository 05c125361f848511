"""The scrolling spectrogram: pyqtgraph's axes round an image ring that is painted, never moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QLinearGradient, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from s2s_live.ui.colour_map import packed_ramp, ramp
from s2s_live.ui.plots import pyqtgraph as pg
from s2s_live.ui.style import DIM, GROUND, LINE, number_font

SPAN_S = 10.0
LOW_DB, HIGH_DB = -90.0, -10.0
_AXIS = 44
_HERTZ = (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000)


class ImageRing:
    """A QImage whose columns are written round and round; drawn as two pieces, newest at the right."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self._ramp = packed_ramp()
        self._words = np.full((rows, columns), self._ramp[0], dtype=np.uint32)
        self.image = QImage(self._words.data, columns, rows, 4 * columns, QImage.Format.Format_RGB32)
        self.head = 0
        """Column that is written next: the oldest."""

    def write(self, decibels: NDArray[np.float32]) -> None:
        """Append columns `[k, rows]`, lowest frequency first."""
        decibels = decibels[-self.columns :]
        shares = (decibels - LOW_DB) / (HIGH_DB - LOW_DB)
        levels = (np.clip(np.nan_to_num(shares), 0.0, 1.0) * (len(self._ramp) - 1)).astype(np.uint8)
        words = self._ramp[levels[:, ::-1]].T
        fits = min(words.shape[1], self.columns - self.head)
        self._words[:, self.head : self.head + fits] = words[:, :fits]
        if fits < words.shape[1]:
            self._words[:, : words.shape[1] - fits] = words[:, fits:]
        self.head = (self.head + words.shape[1]) % self.columns

    def clear(self) -> None:
        """Forget everything."""
        self._words[:] = self._ramp[0]

    def paint(self, painter: QPainter, target: QRectF) -> None:
        """Draw oldest to newest from left to right."""
        old = self.columns - self.head
        split = target.left() + target.width() * old / self.columns
        painter.drawImage(
            QRectF(target.left(), target.top(), split - target.left(), target.height()),
            self.image,
            QRectF(self.head, 0, old, self.rows),
        )
        if self.head:
            painter.drawImage(
                QRectF(split, target.top(), target.right() - split, target.height()),
                self.image,
                QRectF(0, 0, self.head, self.rows),
            )


class _RingPane(QWidget):
    """The image over the plot's view box.

    A widget of its own, because repainting an item of a graphics view costs ten times as much.
    """

    def __init__(self, ring: ImageRing, plot: pg.PlotWidget) -> None:
        super().__init__(plot.viewport())
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._ring = ring
        self._box = plot.getPlotItem().getViewBox()
        self._box.sigResized.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.setGeometry(self._box.mapRectToScene(self._box.rect()).toAlignedRect())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        self._ring.paint(QPainter(self), QRectF(self.rect()))


class _Legend(QWidget):
    """The dB colour scale."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(f"Colours from {LOW_DB:.0f} to {HIGH_DB:.0f} dB")

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(54, 80)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        painter = QPainter(self)
        bar = QRectF(8, 8, 8, max(self.height() - 8 - 26, 1))
        gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
        colours = ramp(17)
        for index, (red, green, blue) in enumerate(colours.tolist()):
            gradient.setColorAt(index / (len(colours) - 1), QColor(red, green, blue))
        painter.fillRect(bar, gradient)
        painter.setFont(number_font(10))
        painter.setPen(QColor(DIM))
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for mark in (HIGH_DB, (LOW_DB + HIGH_DB) / 2, LOW_DB):
            y = bar.bottom() - (mark - LOW_DB) / (HIGH_DB - LOW_DB) * bar.height()
            text = f"{mark:.0f}".replace("-", "\u2212")
            painter.drawText(QRectF(20, y - 7, 34, 14), flags, text)
        painter.drawText(QRectF(6, bar.bottom() + 8, 34, 14), flags, "dB")


def _named(hertz: float) -> str:
    return f"{hertz / 1000:g}k" if hertz >= 1000 else f"{hertz:g}"


def _ago(seconds: int) -> str:
    return f"\u2212{-seconds} s" if seconds else "now"


class SpectrogramView(QWidget):
    """About ten seconds of sound, newest at the right; frequency in Hz on a logarithmic axis."""

    def __init__(self, rows: int, low_hz: float, high_hz: float, columns_per_second: float) -> None:
        """Rows are spaced evenly in log frequency from `low_hz` to `high_hz`."""
        super().__init__()
        self.setAccessibleName("Spectrogram of the last ten seconds")
        self.ring = ImageRing(round(SPAN_S * columns_per_second), rows)
        self.plot = self._make_plot(low_hz, high_hz)
        self._pane = _RingPane(self.ring, self.plot)
        self._unit = QLabel("Hz", self.plot)
        self._unit.setProperty("role", "axis")
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.plot, 1)
        box.addWidget(_Legend())
        self.setMinimumHeight(90)

    def _make_plot(self, low_hz: float, high_hz: float) -> pg.PlotWidget:
        plot = pg.PlotWidget(background=GROUND)
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.hideButtons()
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        plot.setXRange(-SPAN_S, 0.0, padding=0)
        plot.setYRange(0.0, 1.0, padding=0)
        plot.getPlotItem().setContentsMargins(0, 8, 16, 0)  # room for half of the last label
        octaves = np.log(high_hz / low_hz)
        left, bottom = plot.getAxis("left"), plot.getAxis("bottom")
        hertz = [value for value in _HERTZ if low_hz <= value <= high_hz]
        left.setTicks([[(float(np.log(value / low_hz) / octaves), _named(value)) for value in hertz], []])
        bottom.setTicks([[(float(s), _ago(s)) for s in range(-int(SPAN_S), 1, 2)], []])
        for axis in (left, bottom):
            axis.setPen(LINE)
            axis.setTextPen(DIM)
            axis.setStyle(tickFont=number_font(10), tickLength=-3, autoExpandTextSpace=False)
        bottom.setStyle(hideOverlappingLabels=16)
        left.setWidth(_AXIS)
        bottom.setHeight(22)
        return plot

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the unit in the corner of the axes."""
        super().resizeEvent(event)
        self._unit.adjustSize()
        self._unit.move(8, self.plot.height() - self._unit.height() - 4)

    def sizeHint(self) -> QSize:  # noqa: N802
        """A strip under the scene."""
        return QSize(600, 170)

    def add(self, decibels: NDArray[np.float32]) -> None:
        """Append dB columns `[k, rows]` and repaint the image, not the axes."""
        if len(decibels):
            self.ring.write(decibels)
            self._pane.update()

    def clear(self) -> None:
        """Forget the past."""
        self.ring.clear()
        self._pane.update()
