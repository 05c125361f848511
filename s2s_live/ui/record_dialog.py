"""Settings of the next recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from s2s_live.ui.record_desk import TakeSettings
from s2s_live.ui.style import UNIT
from s2s_live.ui.widgets import Button, Choice, Label

_SIZES = (512, 720, 1080, 1440, 2160)
_RATES = (24, 25, 30, 50, 60)
_FORMATS = (("mp4", "Video (MP4, H.264 and AAC)"), ("png", "Pictures (PNG) and sound (WAV)"))


class RecordDialog(QDialog):
    """Not modal: the show goes on, and every change counts for the next take at once."""

    changed = Signal(object)

    def __init__(self, parent: QWidget, settings: TakeSettings) -> None:
        super().__init__(parent)
        self.setWindowTitle("Recording")
        self.setMinimumWidth(440)
        self.settings = settings
        self.folder = QLineEdit(str(settings.folder))
        self.folder.setReadOnly(True)
        self.folder.setAccessibleName("Folder")
        self.browse = Button("Choose\u2026", "folder", "Choose the folder for recordings and stills")
        self.size_menu = Choice("Size", "Height and width of the picture")
        self.rate = Choice("Frames per second")
        self.format = Choice("Format")
        self.sound = QCheckBox("Record the sound")
        self._fill()
        self._build()
        self.browse.clicked.connect(self._choose_folder)
        for menu in (self.size_menu, self.rate, self.format):
            menu.activated.connect(self._take)
        self.sound.toggled.connect(self._take)

    def _fill(self) -> None:
        for size in _SIZES:
            self.size_menu.addItem(f"{size} \u00d7 {size}", size)
        for rate in _RATES:
            self.rate.addItem(f"{rate} frames/s", rate)
        for kind, title in _FORMATS:
            self.format.addItem(title, kind)
        for menu, value in (
            (self.size_menu, self.settings.size),
            (self.rate, self.settings.fps),
            (self.format, self.settings.format),
        ):
            if menu.findData(value) < 0:
                menu.addItem(str(value), value)
            menu.setCurrentIndex(menu.findData(value))
        self.sound.setChecked(self.settings.sound)

    def _build(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(4 * UNIT)
        grid.setVerticalSpacing(3 * UNIT)
        place = QHBoxLayout()
        place.setSpacing(2 * UNIT)
        place.addWidget(self.folder, 1)
        place.addWidget(self.browse)
        grid.addWidget(Label("Folder", "dim"), 0, 0)
        grid.addLayout(place, 0, 1)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Format", self.format),
            ("Size", self.size_menu),
            ("Rate", self.rate),
            ("", self.sound),
        )
        for row, (title, widget) in enumerate(rows, start=1):
            grid.addWidget(Label(title, "dim"), row, 0)
            grid.addWidget(widget, row, 1)
        grid.setColumnStretch(1, 1)
        done = Button("Done", kind="primary")
        done.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(done)
        box = QVBoxLayout(self)
        box.setContentsMargins(6 * UNIT, 5 * UNIT, 6 * UNIT, 5 * UNIT)
        box.setSpacing(5 * UNIT)
        box.addWidget(Label("Recording", "title"))
        box.addLayout(grid)
        box.addLayout(foot)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for recordings", self.folder.text())
        if folder:
            self.folder.setText(folder)
            self._take()

    def _take(self) -> None:
        self.settings = replace(
            self.settings,
            folder=Path(self.folder.text()),
            size=int(self.size_menu.currentData()),
            fps=int(self.rate.currentData()),
            sound=self.sound.isChecked(),
            format="png" if self.format.currentData() == "png" else "mp4",
        )
        self.changed.emit(self.settings)
