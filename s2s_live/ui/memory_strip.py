"""The memory strip under the scene: eight slots, and a menu for their file."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from s2s_live.live.memory import SLOTS, Pins
from s2s_live.ui.memory_slot import MemorySlot
from s2s_live.ui.style import UNIT
from s2s_live.ui.widgets import Button

_SHARE = 0.085
_LOWEST, _HIGHEST = 46, 92
"""Pixels high that slots are at least and at most."""


class MemoryStrip(QWidget):
    """Emits wishes with the slot's number, from 1; shows what it is told."""

    pressed = Signal(int)
    weighed = Signal(int, float)
    cleared = Signal(int)
    menu_wished = Signal(int, QPoint)
    """Slot and global position; slot 0 is the strip's own menu."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Memory")
        self.slots = tuple(MemorySlot(number) for number in range(1, SLOTS + 1))
        self.more = Button("", "more", "Add a picture, save the memory to a file, or open one", "icon")
        self.more.setAccessibleName("More of the memory")
        box = QHBoxLayout(self)
        box.setContentsMargins(4 * UNIT, 0, 4 * UNIT, 2 * UNIT)
        box.setSpacing(UNIT)
        for slot in self.slots:
            box.addWidget(slot, 1)
            self._connect(slot)
        box.addSpacing(UNIT)
        box.addWidget(self.more)
        self.more.clicked.connect(
            lambda _on: self.menu_wished.emit(0, self.more.mapToGlobal(self.more.rect().bottomLeft()))
        )

    def show_memory(self, pins: Pins, weights: Sequence[float], alone: Sequence[bool]) -> None:
        """Show the slots: what each holds, how much it counts, whether it is all of the scene."""
        for slot, pin, weight, all_of_it in zip(self.slots, pins, weights, alone, strict=True):
            slot.show_pin(pin, weight, alone=all_of_it)

    def show_drop(self, number: int) -> None:
        """Show which slot a picture that is dragged would go into; 0 for none."""
        for slot in self.slots:
            slot.show_drop(slot.number == number)

    def slot_at(self, position: QPoint) -> int:
        """The slot at a position within the strip; 0 for none."""
        return next((slot.number for slot in self.slots if slot.geometry().contains(position)), 0)

    def fit(self, window_height: int) -> None:
        """Take a twelfth of the window's height, within what can be read and what the scene can spare."""
        height = min(max(round(_SHARE * window_height), _LOWEST), _HIGHEST)
        self.setFixedHeight(height + 2 * UNIT)

    def _connect(self, slot: MemorySlot) -> None:
        number = slot.number
        slot.clicked.connect(lambda _on: self.pressed.emit(number))
        slot.weight_wished.connect(lambda weight: self.weighed.emit(number, weight))
        slot.clear_wished.connect(lambda: self.cleared.emit(number))
        slot.menu_wished.connect(lambda at: self.menu_wished.emit(number, at))
        slot.moved.connect(lambda step: self._move(number, step))

    def _move(self, number: int, step: int) -> None:
        index = number - 1 + step
        if 0 <= index < SLOTS:
            self.slots[index].setFocus()
