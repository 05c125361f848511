"""Connects the memory strip to the memory: clicks, keys, menus, files, and undoing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu

from s2s_live.live.memory import SLOTS
from s2s_live.live.memory_file import SUFFIX
from s2s_live.ui.memory_desk import pin_title
from s2s_live.ui.picture_wiring import PictureWiring

if TYPE_CHECKING:
    from s2s_live.ui.main_window import MainWindow

MEMORY_FILES = f"Memory (*{SUFFIX});;All files (*)"
ADD = "Add a picture\u2026"
EDIT = "Edit with sound (find this picture)\u2026"
COMPOSE = "Compose it better\u2026"
_DIALOG_WIDTH = 360


class MemoryWiring(QObject):
    """Lives as long as its window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._desk = desk = window.controller.memory
        self._undoable = ""
        self._pictures = PictureWiring(window)
        strip = window.memory
        strip.pressed.connect(desk.press)
        strip.weighed.connect(desk.weigh)
        strip.cleared.connect(desk.clear)
        strip.menu_wished.connect(self._show_menu)
        desk.changed.connect(self.show_memory)
        desk.undoable.connect(self._offer_undo)
        desk.noted.connect(self._note)
        for slot in range(1, SLOTS + 1):
            for name, call in (("recall", desk.recall), ("pin", desk.pin)):
                action = window.actions_by_name[f"{name}_{slot}"]
                action.triggered.connect(lambda _on=False, call=call, slot=slot: call(slot))
        window.actions_by_name["memory"].triggered.connect(self.toggle)
        window.stage.memory_wished.connect(self.toggle)
        self._show_strip(window.controller.settings.ui.get("memory") is not False)
        self.show_memory()

    def show_memory(self) -> None:
        """Show what the slots hold and how much each counts now."""
        desk = self._desk
        self._window.memory.show_memory(
            desk.pins, desk.weights, [desk.shows(slot) for slot in range(1, SLOTS + 1)]
        )
        if self._undoable and not desk.can_undo:
            self._window.messages.forget(self._undoable)
            self._undoable = ""

    def toggle(self) -> None:
        """Show or hide the strip; it stays so."""
        self._show_strip(self._window.memory.isHidden())

    def _show_strip(self, on: bool) -> None:
        self._window.memory.setVisible(on)
        self._window.stage.memory.setChecked(on)
        self._window.controller.settings.ui["memory"] = on

    def _offer_undo(self, text: str) -> None:
        self._undoable = text
        self._window.messages.forget(text)  # done before: worth showing again
        self._window.messages.show_message(text, "", "info", ("Undo", self._desk.undo))

    def _note(self, text: str, hint: str) -> None:
        self._window.messages.forget(text)
        self._window.messages.show_message(text, hint, "info")

    def _show_menu(self, slot: int, at: QPoint) -> None:
        menu = self.menu(slot)
        menu.popup(at)

    def menu(self, slot: int) -> QMenu:
        """What can be done to a slot, and to the memory's file; slot 0 has the file alone."""
        menu = QMenu(self._window)
        menu.aboutToHide.connect(menu.deleteLater)
        pin = self._desk.pins[slot - 1] if slot else None
        if pin is not None:
            menu.addAction("Rename\u2026", lambda: self._rename(slot))
            menu.addAction("Replace by what is painted now", lambda: self._desk.pin(slot))
            menu.addAction("Replace by a picture\u2026", lambda: self._pictures.choose(slot))
            if pin.original is not None or self._sees():
                words = COMPOSE if pin.original is None else EDIT
                menu.addAction(words, lambda: self._window.controller.pictures.find(slot))
            menu.addAction("Clear", lambda: self._desk.clear(slot))
            menu.addSeparator()
        elif slot:
            menu.addAction("Pin what is painted now", lambda: self._desk.pin(slot))
            menu.addAction(ADD, lambda: self._pictures.choose(slot))
            menu.addSeparator()
        else:
            menu.addAction(ADD, lambda: self._pictures.choose(0))
            menu.addSeparator()
        menu.addAction("Save memory\u2026", self._save)
        menu.addAction("Open memory\u2026", self._open)
        return menu

    def _sees(self) -> bool:
        engine = self._window.controller.show.engine
        return engine is not None and engine.spec.sees

    def _rename(self, slot: int) -> None:
        pin = self._desk.pins[slot - 1]
        if pin is None:
            return
        title = pin_title(pin, slot)

        def rename(name: str) -> None:
            if name != title:
                self._desk.rename(slot, name)

        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Rename a pin")
        dialog.setLabelText(f"Name of the pin in slot {slot}")
        dialog.setTextValue(title)
        dialog.textValueSelected.connect(rename)
        dialog.resize(_DIALOG_WIDTH, dialog.sizeHint().height())
        dialog.open()  # not `exec`: no loop of events within another

    def _save(self) -> None:
        place = str(Path(self._folder()) / f"memory{SUFFIX}")
        path, _ = QFileDialog.getSaveFileName(self._window, "Save memory", place, MEMORY_FILES)
        if path:
            self._remember(path)
            self._desk.save_as(Path(path))

    def _open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, "Open memory", self._folder(), MEMORY_FILES)
        if path:
            self._remember(path)
            self._desk.open(Path(path))

    def _folder(self) -> str:
        return str(self._window.controller.settings.ui.get("memory_folder", ""))

    def _remember(self, path: str) -> None:
        self._window.controller.settings.ui["memory_folder"] = str(Path(path).parent)
