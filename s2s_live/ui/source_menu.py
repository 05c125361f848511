"""The menu of sound sources: the default, devices, the computer's own sound, a file, a test, nothing; and a
second one to mix with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QMenu

from s2s_live.audio.device import find_device
from s2s_live.errors import AudioError
from s2s_live.ui.style import DIM, icon
from s2s_live.ui.widgets import Choice

OPEN_FILE = "open-file"
"""Not a source: asks for one."""
PAIR_LETTERS = 34
"""Of both names together where the menu is narrowest."""
MIX_WITH = "mix-with"
"""Not a source: opens the menu of those that can be mixed in."""
STOP_MIXING = "stop-mixing"
"""Not a source: goes on with the first sound alone."""


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
    """`chosen` carries the text that opens the source; `file_wished` asks for an audio file.

    `mix_chosen`, `mix_file_wished` and `mix_ended` are about a second sound that is mixed with it.
    """

    chosen = Signal(str)
    file_wished = Signal()
    mix_chosen = Signal(str)
    mix_file_wished = Signal()
    mix_ended = Signal()

    def __init__(self) -> None:
        super().__init__("Sound source", "Where the sound comes from")
        self._current = "default"
        self._beside = ""
        self._devices: tuple[DeviceEntry, ...] = ()
        self._rebuild()
        self.activated.connect(self._pick)

    def show_devices(self, devices: Sequence[DeviceEntry]) -> None:
        """Offer these; the choice stays."""
        if tuple(devices) != self._devices:
            self._devices = tuple(devices)
            self._rebuild()

    def show_source(self, text: str, beside: str = "") -> None:
        """Mark the source that plays, and name what is mixed with it."""
        if (text, beside) != (self._current, self._beside):
            self._current, self._beside = text, beside
            self._rebuild()

    def _rebuild(self) -> None:
        self.clear()
        for title, data, icon_name in self._entries(self._current):
            self._add(title, data, icon_name)
        self._add("No input", "none", "silence")
        place = self.findData(self._meant(self._current))
        if place < 0:  # a device that is away: keep showing what was chosen
            self._add(self._title(self._current), self._current, "warning")
            place = self.count() - 1
        whole = self.itemText(place)
        if self._current != "none":
            self._add("Mix with\u2026" if not self._beside else "Mix with another\u2026", MIX_WITH, "mix")
        if self._beside:
            self._add("Stop mixing", STOP_MIXING, "close")
            self.setItemText(place, pair_title(whole, self._title(self._beside)))
            self.setItemIcon(place, icon("mix", DIM))
            whole = f"{whole} + {self._title(self._beside)}"
        self.setCurrentIndex(place)
        self.setToolTip(f"Where the sound comes from: {whole}")
        self.setAccessibleDescription(whole)

    def _entries(self, current: str) -> list[tuple[str, str, str]]:
        """Title, what opens it, icon: of everything that sounds; `current` is offered too if it is a file."""
        file = [(_file_name(current), current, "file")] if current.startswith("file:") else []
        return [
            ("System default", "default", "microphone"),
            *((device.name, device.id, "microphone") for device in self._inputs()),
            *((f"Sound of {device.name}", device.id, "speaker") for device in self._loopbacks()),
            *file,
            ("Audio file\u2026", OPEN_FILE, "folder"),
            ("Test sounds", "test", "wave"),
        ]

    def _inputs(self) -> list[DeviceEntry]:
        return [device for device in self._devices if device.kind == "input" and device.id != "default"]

    def _loopbacks(self) -> list[DeviceEntry]:
        return [device for device in self._devices if device.kind == "loopback"]

    def _meant(self, text: str) -> str:
        """The entry that a source stands for: a device may have been named in part."""
        if text in ("default", "test", "none") or text.startswith("file:"):
            return text
        try:
            return find_device(text, [*self._inputs(), *self._loopbacks()]).id
        except AudioError:
            return text

    def _title(self, text: str) -> str:
        """What people call the source that `text` opens."""
        meant = self._meant(text)
        titles = {data: title for title, data, _ in self._entries(text)}
        return titles.get(meant, f"{text} (not found)")

    def mix_menu(self) -> QMenu:
        """What can be mixed with the present source; the one that is has a tick."""
        menu = QMenu(self)
        menu.setAccessibleName("Mix with")
        here, beside = self._meant(self._current), self._meant(self._beside)
        for title, data, icon_name in self._entries(self._beside):
            if data == here:
                continue
            action = menu.addAction(icon(icon_name, DIM), title)
            action.setCheckable(data == beside)
            action.setChecked(data == beside)
            action.triggered.connect(lambda _on=False, data=data: self._mix(data))
        return menu

    def _mix(self, data: str) -> None:
        if data == OPEN_FILE:
            self.mix_file_wished.emit()
        elif data != self._meant(self._beside):
            self.mix_chosen.emit(data)

    def _show_mix_menu(self) -> None:
        menu = self.mix_menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.mapToGlobal(QPoint(0, self.height())))

    def _add(self, title: str, data: str, icon_name: str) -> None:
        self.addItem(icon(icon_name, DIM), title, data)

    def _pick(self, index: int) -> None:
        data = str(self.itemData(index))
        asks = {
            OPEN_FILE: self.file_wished.emit,
            MIX_WITH: self._show_mix_menu,
            STOP_MIXING: self.mix_ended.emit,
        }
        if data in asks:
            self.setCurrentIndex(max(self.findData(self._meant(self._current)), 0))
            asks[data]()
        elif data != self._current:
            self.chosen.emit(data)


def pair_title(first: str, second: str) -> str:
    """Both names in one line; where they are too long each is shortened, so that neither pushes the other
    out.
    """
    room = PAIR_LETTERS - len(" + ")
    shares = max(room // 2, room - len(second)), max(room // 2, room - len(first))
    return " + ".join(shortened(name, share) for name, share in zip((first, second), shares, strict=True))


def shortened(name: str, letters: int) -> str:
    """`name` in at most so many letters."""
    return name if len(name) <= letters else name[: letters - 1].rstrip() + "\u2026"


def _file_name(text: str) -> str:
    return Path(text.removeprefix("file:")).name
