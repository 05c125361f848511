"""Pictures as the window knows them: adding, finding and composing them. Lives on the GUI thread."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from s2s_live.engines.base import Composed, Engine
from s2s_live.errors import ModelError, PinError, S2SError
from s2s_live.live.memory import Memory, Pin
from s2s_live.live.pictures import Finder, Found, pin_of_picture
from s2s_live.ui.memory_desk import MemoryDesk, pin_title
from s2s_live.ui.show_desk import ShowDesk
from s2s_live.ui.worker import Worker

log = logging.getLogger(__name__)

_LOOK_EVERY_MS = 100
_NAMED = 3
"""So many files that did not work are named, more are counted."""
_CLOSE_S = 0.6
_LETTERS = 32
"""Of a name in the line at the foot, whose width is the window's least."""


@dataclass(frozen=True)
class Doing:
    """What is going on with pictures."""

    text: str
    share: float | None = None
    """0..1 of a job that can be cancelled; None for what is done in a moment."""


@dataclass(frozen=True)
class _Job:
    """A picture that is being found, or a scene that is being composed."""

    finder: Finder
    memory: Memory
    """That its pin is in, should another model be opened meanwhile."""
    pin: Pin
    title: str


class PictureDesk(QObject):
    """Slots count from 1. Errors and notes go out as the memory's."""

    doing = Signal(object)
    """A `Doing`, or None when nothing goes on any more."""

    def __init__(self, show: ShowDesk, memory: MemoryDesk, jobs: Worker) -> None:
        super().__init__()
        self._show, self._desk, self._jobs = show, memory, jobs
        self._waiting: deque[tuple[Path, int]] = deque()
        self._looking = ""
        self._refused: list[tuple[Path, S2SError]] = []
        self._job: _Job | None = None
        self._cancelled = False
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)
        show.progress.connect(self._model_changes)

    # --- adding

    def add(self, paths: Sequence[Path], slot: int = 0) -> None:
        """Look at pictures one after the other and put each into the first empty slot; the first one into
        `slot`, where that is given."""
        self._waiting.extend((path, slot if number == 0 else 0) for number, path in enumerate(paths))
        if not self._looking:
            self._next()

    def _next(self) -> None:
        while self._waiting:
            path, slot = self._waiting.popleft()
            session, engine = self._show.session, self._show.engine
            if session is None or engine is None:
                self._refuse(path, PinError("No model is open yet.", "Wait until one is, then add it again."))
            elif not (slot or self._desk.first_empty()):
                self._refuse(path, _full(path))
            else:
                self._look_at(engine, path, slot, session.memory)
                return
        self._looking = ""
        self._tell()
        refused, self._refused = self._refused, []
        if refused:
            self._desk.failed.emit(_together(refused))

    def _look_at(self, engine: Engine, path: Path, slot: int, memory: Memory) -> None:
        self._looking = path.name
        self._tell()

        def failed(error: Exception) -> None:
            known = error if isinstance(error, S2SError) else S2SError(f"{path.name} cannot be used: {error}")
            self._refuse(path, known)
            if isinstance(error, ModelError):  # it cannot look at the others either
                self._waiting.clear()
            self._next()

        def done(pin: Pin) -> None:
            self._place(path, slot, memory, pin)
            self._next()

        self._jobs.submit(lambda: pin_of_picture(engine, path), done, failed)

    def _place(self, path: Path, slot: int, memory: Memory, pin: Pin) -> None:
        there = slot or self._desk.first_empty()  # another may have been pinned meanwhile
        session = self._show.session
        if session is None or memory is not session.memory:
            hint = "Add it again, for the model that is open now."
            self._refuse(path, PinError(f"{path.name} was not added: the model was changed.", hint))
        elif not there:
            self._refuse(path, _full(path))
        else:
            replaces = self._desk.pins[there - 1] is not None
            self._desk.place(there, pin)
            if not replaces:  # else it says so, and offers to undo it
                hint = "Drag its slot to let it count more or less; right-click it to edit it with sound."
                self._desk.noted.emit(f"Added {pin.name} to slot {there}, half with what is heard.", hint)

    def _refuse(self, path: Path, error: S2SError) -> None:
        log.info("%s was not added: %s", path, error)
        self._refused.append((path, error))

    # --- finding

    def find(self, slot: int) -> None:
        """Find the z and embedding with which the model comes closest to the picture of a slot's pin; for the
        pin of a scene the z that shows it best."""
        session, engine, pin = self._show.session, self._show.engine, self._desk.pins[slot - 1]
        if session is None or engine is None or pin is None:
            return
        if self._job is not None:
            doing = "composed" if self._job.pin.original is None else "found"
            self._desk.noted.emit(f"{self._job.title} is being {doing}.", "Wait until it is, or cancel it.")
            return
        try:
            finder = Finder(engine, pin, session.seed)
        except S2SError as error:
            self._desk.failed.emit(error)
            return
        self._job, self._cancelled = _Job(finder, session.memory, pin, pin_title(pin, slot)), False
        finder.start()
        self._timer.start()
        self._tell()

    def cancel(self) -> None:
        """End the search; the best that was found so far is kept."""
        if self._job is not None:
            self._cancelled = True
            self._job.finder.stop()

    def close(self) -> bool:
        """End the search and keep the best, before the memory is saved; False if it did not end in time."""
        self._timer.stop()
        self._waiting.clear()
        job = self._job
        if job is None:
            return True
        self.cancel()
        ended = job.finder.join(_CLOSE_S)
        self._end(job)
        return ended

    def _look(self) -> None:
        if self._job is not None and self._job.finder.ended:
            self._end(self._job)
        self._tell()

    def _end(self, job: _Job) -> None:
        self._job = None
        self._timer.stop()
        found = job.finder.best
        if job.finder.failure is not None:
            self._desk.failed.emit(job.finder.failure)
        elif found is None:
            what = "composed" if job.pin.original is None else "looked for"
            self._desk.noted.emit(f"{job.title} was not {what} long enough to find anything.", "")
        else:
            try:
                slot = self._desk.settle(job.memory, job.pin, found, recall=not self._cancelled)
            except PinError as error:
                self._desk.failed.emit(error)
                return
            self._desk.noted.emit(*_result(job.title, slot, found, kept=self._cancelled))

    def _model_changes(self, text: str) -> None:
        if text:
            self.cancel()

    def _tell(self) -> None:
        if self._job is not None:
            found = self._job.finder.best
            words = f", {_off(found)}" if found is not None else ""
            share = found.share if found is not None else 0.0
            verb = "Composing" if self._job.pin.original is None else "Finding"
            self.doing.emit(Doing(f"{verb} {_short(self._job.title)}: {100 * share:.0f} %{words}", share))
        else:
            self.doing.emit(Doing(f"Looking at {_short(self._looking)}\u2026") if self._looking else None)


def _short(name: str) -> str:
    """A name that leaves room beside it."""
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}\u2026"


def _full(path: Path) -> PinError:
    hint = "Clear a slot, or drop the picture on the slot that it is to replace."
    return PinError(f"The memory is full: {path.name} was not added.", hint)


def _together(refused: Sequence[tuple[Path, S2SError]]) -> S2SError:
    """One error for several: the bar shows one at a time."""
    first = refused[0][1]
    if len(refused) == 1:
        return first
    names = ", ".join(path.name for path, _ in refused[:_NAMED])
    more = f" and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    return PinError(f"{len(refused)} pictures were not added: {names}{more}.", str(first))


def _off(found: Found) -> str:
    """How far it is from what it should be."""
    if isinstance(found, Composed):
        return f"{found.distance:.2f} from the sound"
    return f"off by {found.error:.0f} of 255 levels"


def _result(title: str, slot: int, found: Found, *, kept: bool) -> tuple[str, str]:
    """What is said at the end, and what can be done next."""
    if not slot:
        return f"{title} was cleared or replaced meanwhile.", "What was found for it is not kept."
    if kept:
        return f"Kept what was found of {title} so far, {_off(found)}.", f"Click slot {slot} to see it."
    if isinstance(found, Composed):
        return (
            f"Composed {title} anew, {_off(found)}.",
            f"Compose it once more to look further; click slot {slot} to return to the sound alone.",
        )
    return (
        f"Found {title}, {_off(found)}.",
        f"Turn Heard up to edit it with sound; click slot {slot} to return to the sound alone.",
    )
