"""Connects the second sound of a mix: the menu, the file dialog, the faders, the transport of two files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

if TYPE_CHECKING:
    from s2s_live.ui.main_window import MainWindow


class MixWiring(QObject):
    """Lives as long as its window."""

    def __init__(self, window: MainWindow, audio_files: str) -> None:
        super().__init__(window)
        self._window = window
        self._audio_files = audio_files
        self._sound = sound = window.controller.sound
        menu = window.top_bar.source
        menu.mix_chosen.connect(sound.mix_with)
        menu.mix_file_wished.connect(self.choose_file)
        menu.mix_ended.connect(sound.stop_mixing)
        window.file_bar.file_chosen.connect(self._choose_shown)
        sound.source_changed.connect(self.show_mix)
        self.show_mix()

    def choose_file(self) -> None:
        """Ask for an audio file and mix it with what plays."""
        ui = self._window.controller.settings.ui
        folder = str(ui.get("audio_folder", ""))
        path, _ = QFileDialog.getOpenFileName(
            self._window, "Mix with an audio file", folder, self._audio_files
        )
        if path:
            ui["audio_folder"] = str(Path(path).parent)
            self._sound.mix_with(f"file:{path}")

    def show_mix(self) -> None:
        """Name both sounds in the menu, and show their faders while there are two."""
        sound = self._sound
        self._window.top_bar.source.show_source(sound.text, sound.beside)
        self._window.controls.show_mix(sound.names)

    def _choose_shown(self, which: int) -> None:
        self._sound.choose_file(which)
        self._window.show_file_state()
