"""The memory as the window knows it: pinning, recalling, clearing, and its files. Lives on the GUI thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from s2s_live.engines.base import Composed
from s2s_live.errors import PinError
from s2s_live.live.memory import NO_PINS, WEIGHTS, Memory, Pin, Pins, recalled, released, thumbnail
from s2s_live.live.memory_file import NAME_LENGTH, SUFFIX, check_model, read_pins, write_pins
from s2s_live.live.pictures import Found
from s2s_live.ui.heard_bar import family_title
from s2s_live.ui.show_desk import ShowDesk
from s2s_live.ui.worker import Worker


def pin_title(pin: Pin, slot: int) -> str:
    """What a pin is called: its own name, that of its family, or its place."""
    return pin.name or family_title(pin.family) or f"Pin {slot}"


class MemoryDesk(QObject):
    """Slots count from 1. What is done to them is saved at once, on the jobs' thread."""

    changed = Signal()
    """Another pin, name or weight."""
    failed = Signal(object)
    noted = Signal(str, str)
    """Text and hint."""
    undoable = Signal(str)
    """What was done; `undo` takes it back."""

    def __init__(self, show: ShowDesk, jobs: Worker) -> None:
        super().__init__()
        self._show = show
        self._keeper = show.keeper
        self._jobs = jobs
        self._before: dict[int, Pin | None] = {}
        self._said = ""
        show.opened.connect(self._model_opened)

    @property
    def _memory(self) -> Memory | None:
        return self._show.session.memory if self._show.session is not None else None

    @property
    def pins(self) -> Pins:
        """What the slots hold."""
        memory = self._memory
        return memory.pins if memory is not None else NO_PINS

    @property
    def weights(self) -> tuple[float, ...]:
        """How much each slot counts, 0..1."""
        return tuple(self._show.control(name) for name in WEIGHTS)

    @property
    def can_undo(self) -> bool:
        """Whether something can be had back."""
        return bool(self._before)

    def shows(self, slot: int) -> bool:
        """Whether the scene is this pin's alone."""
        return all(self._show.control(name) == value for name, value in recalled(slot).items())

    def press(self, slot: int) -> None:
        """What a click does: pin into an empty slot, recall a pin, return from it to the sound."""
        if self.pins[slot - 1] is None:
            self.pin(slot)
        else:
            self.recall(slot)

    def pin(self, slot: int) -> None:
        """Keep the scene that is painted now; what the slot held can be had back."""
        session = self._show.session
        if session is None:
            self.noted.emit("There is no scene to pin yet.", "Wait until the model is open.")
            return
        try:
            pin = session.pin_now()
            old = session.memory.put(slot, pin)[slot - 1]
        except PinError as error:
            self.failed.emit(error)
            return
        self._done({slot: old}, f"Replaced {pin_title(old, slot)} in slot {slot}." if old else "")
        self._keep()

    def first_empty(self) -> int:
        """The first slot that holds nothing; 0 where all are full."""
        return next((slot for slot, pin in enumerate(self.pins, start=1) if pin is None), 0)

    def place(self, slot: int, pin: Pin) -> None:
        """Put a pin into a slot and blend it half with what is heard; what was there can be had back."""
        memory = self._memory
        if memory is None:
            return
        try:
            old = memory.put(slot, pin)[slot - 1]
        except PinError as error:
            self.failed.emit(error)
            return
        self._done({slot: old}, f"Replaced {pin_title(old, slot)} in slot {slot}." if old else "")
        self._turn({**released(), WEIGHTS[slot - 1]: 1.0})
        self._keep()

    def settle(self, memory: Memory, pin: Pin, found: Found, *, recall: bool) -> int:
        """Give a pin what was found for it; recall it, where its model is still open.

        Returns its slot, or 0 where it is there no more. Raises PinError where what was found is no scene.
        """
        held = ((slot, now) for slot, now in enumerate(memory.pins, start=1) if now is not None)
        # Also one that was renamed meanwhile: its picture is the same.
        slot, now = next(((slot, now) for slot, now in held if now.picture is pin.picture), (0, pin))
        if not slot:
            return 0
        if isinstance(found, Composed):
            memory.put(slot, replace(now, z=found.z, picture=thumbnail(found.picture)))
        else:
            memory.put(slot, replace(now, z=found.z, latent=found.latent))
        self._before.pop(slot, None)
        self._keeper.note(memory.spec, memory.pins)
        self.save()
        if recall and memory is self._memory:
            self._turn(recalled(slot))
        self.changed.emit()
        return slot

    def recall(self, slot: int) -> None:
        """Show a pin alone; return to what is heard if that is so already."""
        if self.pins[slot - 1] is None:
            self.noted.emit(f"Slot {slot} is empty.", f"Ctrl+Alt+{slot} pins the scene that is painted now.")
        else:
            self._turn(released() if self.shows(slot) else recalled(slot))

    def weigh(self, slot: int, weight: float) -> None:
        """Let a slot count this much, 0..1."""
        self._turn({WEIGHTS[slot - 1]: weight})

    def rename(self, slot: int, name: str) -> None:
        """Call a pin otherwise; an empty name gives it its family's."""
        pin, memory = self.pins[slot - 1], self._memory
        if pin is not None and memory is not None:
            memory.put(slot, replace(pin, name=name.strip()[:NAME_LENGTH]))
            self._before.pop(slot, None)
            self._keep()

    def clear(self, slot: int) -> None:
        """Empty a slot; what it held can be had back."""
        pin, memory = self.pins[slot - 1], self._memory
        if pin is None or memory is None:
            return
        memory.put(slot, None)
        self._done({slot: pin}, f"Cleared {pin_title(pin, slot)} from slot {slot}.")
        self._forget_weight(slot)
        self._keep()

    def undo(self) -> None:
        """Put back what was cleared or replaced last, where nothing else came in its place."""
        before, self._before = self._before, {}
        memory = self._memory
        if memory is not None and before:
            for slot, pin in before.items():
                memory.put(slot, pin)
            self._keep()

    def save_as(self, path: Path) -> None:
        """Write the pins to a file of the user's."""
        memory = self._memory
        if memory is None:
            self.noted.emit("There is nothing to save yet.", "Wait until the model is open.")
            return
        path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        spec, pins = memory.spec, memory.pins

        def done(_: None) -> None:
            self.noted.emit(f"Saved {path.name}", str(path.parent))

        self._jobs.submit(lambda: write_pins(path, spec.model, spec.model_hash, pins), done, self.failed.emit)

    def open(self, path: Path) -> None:
        """Take the pins of a file in place of those that are there, which can be had back."""
        memory = self._memory
        if memory is None:
            self.noted.emit("A memory belongs to a model.", "Wait until the model is open.")
            return
        self._jobs.submit(
            lambda: check_model(read_pins(path), memory.spec),
            lambda pins: self._take(memory, pins, path),
            self.failed.emit,
        )

    def save(self) -> None:
        """Write what could not be written before, in the background."""
        self._jobs.submit(self._keeper.save, self._saved, self._not_saved)

    def flush(self) -> None:
        """Write what is not written yet, before the end. Raises PinError."""
        self._keeper.save()

    def _take(self, memory: Memory, pins: Pins, path: Path) -> None:
        if memory is not self._memory:
            self.noted.emit(f"{path.name} was not opened.", "Another model was opened meanwhile.")
            return
        before = memory.put_all(pins)
        lost = any(pin is not None for pin in before)
        self._done(dict(enumerate(before, start=1)), f"Opened {path.name}." if lost else "")
        self._turn(released())
        self._keep()

    def _done(self, before: dict[int, Pin | None], text: str) -> None:
        """Something went that was there: offer it back. Nothing went where there is no text."""
        if text:
            self._before = before
            self.undoable.emit(text)
        else:
            for slot in before:
                self._before.pop(slot, None)

    def _forget_weight(self, slot: int) -> None:
        """An empty slot starts from nothing; without any pin the sound counts again."""
        left = zip(self.pins, self.weights, strict=True)
        alone = not any(pin is not None and weight > 0 for pin, weight in left)
        self._turn(released() if alone else {WEIGHTS[slot - 1]: 0.0})

    def _turn(self, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._show.set_control(name, value)
        self.changed.emit()

    def _keep(self) -> None:
        memory = self._memory
        if memory is not None:
            self._keeper.note(memory.spec, memory.pins)
            self.save()
        self.changed.emit()

    def _model_opened(self) -> None:
        self._before = {}
        self.changed.emit()

    def _saved(self, _: None) -> None:
        self._said = ""

    def _not_saved(self, error: Exception) -> None:
        if str(error) != self._said:  # it is tried again every few seconds: said once
            self._said = str(error)
            self.failed.emit(error)
