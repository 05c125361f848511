"""Record and snapshot: one red button, elapsed time, size, space left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from s2s_live.ui.style import RECORD, UNIT, icon, number_font
from s2s_live.ui.widgets import Button, Label

if TYPE_CHECKING:  # the record room loads codecs: not before the window shows
    from s2s_live.record.settings import RecorderStatus


_GAP = "  \u00b7  "


def clock(seconds: float) -> str:
    """Elapsed time: 0:07, 12:34, 1:02:03."""
    whole = max(int(seconds), 0)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"


def amount(count: float) -> str:
    """Bytes in decimal units, three figures at most."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f}\u00a0{unit}" if count >= 100 or unit == "B" else f"{count:.1f}\u00a0{unit}"
        count /= 1000
    return f"{count:.1f}\u00a0TB"


class RecordBar(QWidget):
    """Emits wishes; shows what the recorder reports."""

    record_wished = Signal()
    snapshot_wished = Signal()
    settings_wished = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.button = Button("Record", kind="record", tip="Record picture and sound (R)")
        self.button.setCheckable(True)
        self.button.setIconSize(QSize(20, 20))
        self.button.clicked.connect(lambda _on: self.record_wished.emit())
        self.snapshot = Button("", "camera", "Save a still picture (S)", "icon")
        self.snapshot.clicked.connect(lambda _on: self.snapshot_wished.emit())
        self.settings = Button("", "settings", "Recording settings", "icon")
        self.settings.clicked.connect(lambda _on: self.settings_wished.emit())
        self.elapsed = Label("0:00", "clock")
        self.elapsed.setFont(number_font(15, bold=True))
        self.detail = Label("", "small", elide=True)
        top = QHBoxLayout()
        top.setSpacing(2 * UNIT)
        top.addWidget(self.button)
        top.addWidget(self.elapsed)
        top.addStretch(1)
        top.addWidget(self.snapshot)
        top.addWidget(self.settings)
        box = QVBoxLayout(self)
        box.setContentsMargins(4 * UNIT, 3 * UNIT, 4 * UNIT, 3 * UNIT)
        box.setSpacing(2 * UNIT)
        box.addLayout(top)
        box.addWidget(self.detail)
        self.show_idle(None)

    def show_idle(self, free: int | None, doing: str = "") -> None:
        """Not recording; `free` bytes are left where recordings go, `doing` is what is still being done."""
        self.show_recording(False)
        self.elapsed.setText("0:00")
        parts = [doing] if doing else []
        if free is not None:
            parts.append(f"{amount(free)} free")
        self.detail.setText(_GAP.join(parts) or "Ready")

    def show_status(self, status: RecorderStatus) -> None:
        """Follow a running recording."""
        self.show_recording(True)
        self.elapsed.setText(clock(status.seconds))
        parts = [amount(status.bytes)]
        if status.free_bytes >= 0:
            parts.append(f"{amount(status.free_bytes)} free")
        if status.dropped:
            parts.append(f"{status.dropped} dropped")
        self.detail.setText(_GAP.join(parts))

    def show_recording(self, recording: bool) -> None:
        """Show the button as a start or a stop."""
        if self.button.isChecked() != recording or self.button.icon().isNull():
            self.button.setChecked(recording)
        text = "Stop" if recording else "Record"
        if self.button.text() != text or self.button.icon().isNull():
            self.button.setText(text)
            self.button.setAccessibleName(text)
            self.button.setIcon(icon("stop" if recording else "record", RECORD, "#ffffff"))
