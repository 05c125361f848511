"""The menu of sound sources: the default, devices, the computer's own sound, a file, a test, nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Signal

from s2s_live.audio.device import find_device
from s2s_live.errors import AudioError
from s2s_live.ui.style import DIM, icon
from s2s_live.ui.widgets import Choice

OPEN_FILE = "open-file"
"""Not a source: asks for one."""


class DeviceEntry(Protocol):
    """What the menu needs to know of a device."""

    @property
    def id(self) -> str:
        """What opens it."""

    @property
    def name(self) -> str:
        """What people call it."""

    @property
    def kind(self) -> str:
        """`input` or `loopback`."""


class SourceMenu(Choice):
    """`chosen` carries the text that opens the source; `file_wished` asks for an audio file."""

    chosen = Signal(str)
    file_wished = Signal()

    def __init__(self) -> None:
        super().__init__("Sound source", "Where the sound comes from")
        self._current = "default"
        self._devices: tuple[DeviceEntry, ...] = ()
        self._rebuild()
        self.activated.connect(self._pick)

    def show_devices(self, devices: Sequence[DeviceEntry]) -> None:
        """Offer these; the choice stays."""
        if tuple(devices) != self._devices:
            self._devices = tuple(devices)
            self._rebuild()

    def show_source(self, text: str) -> None:
        """Mark the source that plays."""
        if text != self._current:
            self._current = text
            self._rebuild()

    def _rebuild(self) -> None:
        self.clear()
        self._add("System default", "default", "microphone")
        inputs = [device for device in self._devices if device.kind == "input" and device.id != "default"]
        loopbacks = [device for device in self._devices if device.kind == "loopback"]
        for device in inputs:
            self._add(device.name, device.id, "microphone")
        for device in loopbacks:
            self._add(f"Sound of {device.name}", device.id, "speaker")
        if self._current.startswith("file:"):
            self._add(Path(self._current.removeprefix("file:")).name, self._current, "file")
        self._add("Audio file\u2026", OPEN_FILE, "folder")
        self._add("Test sounds", "test", "wave")
        self._add("No input", "none", "silence")
        place = self.findData(self._meant([*inputs, *loopbacks]))
        if place < 0:  # a device that is away: keep showing what was chosen
            self._add(f"{self._current} (not found)", self._current, "warning")
            place = self.count() - 1
        self.setCurrentIndex(place)
        self.setToolTip(f"Where the sound comes from: {self.currentText()}")

    def _meant(self, devices: Sequence[DeviceEntry]) -> str:
        """The entry that the current source stands for: a device may have been named in part."""
        if self._current in ("default", "test", "none") or self._current.startswith("file:"):
            return self._current
        try:
            return find_device(self._current, devices).id
        except AudioError:
            return self._current

    def _add(self, title: str, data: str, icon_name: str) -> None:
        self.addItem(icon(icon_name, DIM), title, data)

    def _pick(self, index: int) -> None:
        data = str(self.itemData(index))
        if data == OPEN_FILE:
            self.setCurrentIndex(max(self.findData(self._current), 0))
            self.file_wished.emit()
        elif data != self._current:
            self.chosen.emit(data)
