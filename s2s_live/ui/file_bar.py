"""Transport of an audio file: play, position, loop, volume, mute."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from s2s_live.engines.base import Control
from s2s_live.ui.record_bar import clock
from s2s_live.ui.slider import ControlSlider
from s2s_live.ui.style import UNIT, number_font
from s2s_live.ui.widgets import Button, Choice, Label

_POSITION = Control("position", "Position", "Where in the file", 0.0, 0.0, 1.0)
_VOLUME = Control(
    "volume", "Volume", "How loud the file is played here; the scene hears it all the same", 1.0, 0.0, 1.0
)


class FileBar(QWidget):
    """Emits wishes; shows what the file reports."""

    pause_wished = Signal(bool)
    seek_wished = Signal(float)
    loop_wished = Signal(bool)
    mute_wished = Signal(bool)
    volume_wished = Signal(float)
    output_wished = Signal(str)
    file_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.which = Choice("File of the mix", "Which of the two files the transport serves")
        self.which.hide()
        self.play = Button("", "hold", "Pause or play the file", "icon")
        self.play.setCheckable(True)
        self.loop = Button("", "loop", "Play the file again and again", "icon")
        self.loop.setCheckable(True)
        self.mute = Button("", "speaker", "Mute the file here (M)", "icon")
        self.mute.setCheckable(True)
        self.position = ControlSlider(_POSITION)
        self.position.setToolTip("Where in the file")
        self.volume = ControlSlider(_VOLUME)
        self.output = Choice("Played on", "Where the file is heard")
        self.time = Label("0:00 / 0:00", "value")
        self.time.setFont(number_font(12))
        self._duration = 0.0
        self._names: list[str] = []
        self._build()
        self.play.clicked.connect(self.pause_wished)
        self.loop.clicked.connect(self.loop_wished)
        self.mute.clicked.connect(self.mute_wished)
        self.volume.changed.connect(self.volume_wished)
        self.position.changed.connect(lambda share: self.seek_wished.emit(share * self._duration))
        self.which.activated.connect(self.file_chosen)
        self.output.activated.connect(lambda index: self.output_wished.emit(str(self.output.itemData(index))))

    def _build(self) -> None:
        top, bottom = QHBoxLayout(), QHBoxLayout()
        for row in (top, bottom):
            row.setSpacing(2 * UNIT)
        top.addWidget(self.play)
        top.addWidget(self.position, 1)
        top.addWidget(self.time)
        bottom.addWidget(self.loop)
        bottom.addWidget(self.mute)
        bottom.addWidget(self.volume, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2 * UNIT)
        box.addWidget(self.which)
        box.addLayout(top)
        box.addLayout(bottom)
        box.addWidget(self.output)

    def show_outputs(self, outputs: list[tuple[str, str]], current: str) -> None:
        """Offer these places to hear the file, as (id, name)."""
        self.output.clear()
        for identity, name in outputs:
            self.output.addItem(name, identity)
        self.output.setCurrentIndex(max(self.output.findData(current), 0))

    def show_files(self, names: list[str], current: int) -> None:
        """Let the person choose between two files; a single one needs no choice."""
        if names != self._names:
            self._names = names
            self.which.clear()
            self.which.addItems(names)
        self.which.setCurrentIndex(current)
        self.which.setVisible(len(names) > 1)

    def show_state(
        self, position: float, duration: float, *, paused: bool, loop: bool, muted: bool, volume: float
    ) -> None:
        """Follow the file: seconds, and its switches."""
        self._duration = duration
        if not self.position.isSliderDown() and duration > 0:
            self.position.show_value(position / duration)
        self.time.setText(f"{clock(position)} / {clock(duration)}")
        if self.play.isChecked() != paused or self.play.property("shown") != paused:
            self.play.setProperty("shown", paused)
            self.play.setChecked(paused)
            self.play.show_icon("play" if paused else "hold")
        self.loop.setChecked(loop)
        if self.mute.isChecked() != muted:
            self.mute.setChecked(muted)
            self.mute.show_icon("muted" if muted else "speaker")
        if not self.volume.isSliderDown():
            self.volume.show_value(volume)
