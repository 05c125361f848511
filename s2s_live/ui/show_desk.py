"""The show as the window knows it: opening models, the running session, controls before and after."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from s2s_live.audio.feed import Feed
from s2s_live.control.settings import FINE
from s2s_live.engines.base import Control, Engine, Target
from s2s_live.errors import PinError
from s2s_live.live.controls import FEED_GAINS, SESSION_CONTROLS
from s2s_live.live.frame import Frame
from s2s_live.live.memory import released
from s2s_live.live.memory_keeper import MemoryKeeper
from s2s_live.live.threads import engine_threads, threads_alone
from s2s_live.ui.worker import Worker

if TYPE_CHECKING:  # not before the window shows: they take a moment to import
    from s2s_live.live.session import Session, SessionStatus

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Opened:
    """What the worker has opened."""

    name: str
    session: Session
    trouble: PinError | None
    """Why the model's memory begins empty, if it should not."""


class ShowDesk(QObject):
    """Owns engine and session.

    `values` holds every control that was ever turned, also while no model is open.
    """

    opened = Signal()
    """Another model is open: its name is `model`."""
    failed = Signal(object)
    progress = Signal(str)
    """What is being done; empty when done."""

    def __init__(self, feed: Feed, seed: int, values: dict[str, float], fine: str = "auto") -> None:
        super().__init__()
        self.fine = fine
        """Wish for twice the lines, as the setting of that name."""
        self.session: Session | None = None
        self.model = ""
        self._model_hash = ""
        self.wanted = ""
        self.values = dict(values)
        self.keeper = MemoryKeeper()
        self._feed = feed
        self._seed = seed
        self._engine: Engine | None = None
        self._running: Session | None = None
        self._closing = threading.Event()
        self._worker = Worker("s2s-ui-model")
        for name in FEED_GAINS:
            setattr(feed, name, self.control(name))

    @property
    def engine(self) -> Engine | None:
        """The open engine."""
        return self._engine

    @property
    def frame(self) -> Frame | None:
        """The newest frame."""
        return self.session.frame if self.session is not None else None

    @property
    def heard(self) -> Target | None:
        """What the scene moves towards."""
        return self.session.heard if self.session is not None else None

    @property
    def sounding(self) -> bool:
        """Whether it is louder than the silence gate."""
        return self.session.gate_open if self.session is not None else False

    @property
    def controls(self) -> tuple[Control, ...]:
        """The session's controls and, once a model is open, its engine's."""
        return self.session.controls if self.session is not None else SESSION_CONTROLS

    def control(self, name: str) -> float:
        """The value of a control."""
        if self.session is not None and any(control.name == name for control in self.session.controls):
            return self.session.control(name)
        default = next((control.default for control in self.controls if control.name == name), 0.0)
        return self.values.get(name, default)

    def set_control(self, name: str, value: float) -> None:
        """Turn a control; before a model is open it is remembered."""
        control = next((control for control in self.controls if control.name == name), None)
        if control is None:
            return
        self.values[name] = control.clamp(value)
        if self.session is not None:
            self.session.set_control(name, value)
        elif name in FEED_GAINS:
            setattr(self._feed, name, self.values[name])

    def current_values(self) -> dict[str, float]:
        """Every control's value by name."""
        return {control.name: self.control(control.name) for control in self.controls}

    def status(self, now: float) -> SessionStatus | None:
        """Figures of the session at `now`."""
        return self.session.status(now) if self.session is not None else None

    def open_model(self, name: str) -> None:
        """Open a model by name or folder and go on with it; the old one paints until then."""
        self.wanted = name
        values = dict(self.values)
        self.progress.emit("Opening the model" if self.session is None else "Changing the model")
        self._worker.submit(lambda: self._open(name, values), self._opened, self._failed)

    def set_fine(self, wish: str) -> None:
        """Ask for twice the lines or not: `on`, `off`, `auto`. Opens the model again."""
        if wish != self.fine:
            self.fine = wish
            if self.wanted:
                self.open_model(self.wanted)

    def close(self) -> bool:
        """Stop the session; False if a thread did not end in time."""
        self._closing.set()
        free = self._worker.stop(0.5)
        # Not `session`: one that was started a moment ago has not been handed over yet.
        ended = self._running.stop() if self._running is not None else True
        if free and self._engine is not None:
            self._engine.close()
        return ended and free

    def _open(self, name: str, values: dict[str, float]) -> _Opened | None:
        """On the worker: import the heavy libraries, open the engine, start or change the session."""
        from s2s_live.engines.registry import open_engine
        from s2s_live.live.session import Session
        from s2s_live.store.library import find_model

        if self._closing.is_set():
            return None
        fine = FINE.get(self.fine)
        engine = open_engine(find_model(name), threads=engine_threads(), alone=threads_alone(), fine=fine)
        if self._closing.is_set() or name != self.wanted:  # something newer was asked for meanwhile
            engine.close()
            return None
        session, old = self._running, self._engine
        pins, trouble = self.keeper.open(engine.spec)
        if session is None:
            session = self._running = Session(engine, self._feed, seed=self._seed, values=values, pins=pins)
            session.start()
            if self._closing.is_set():
                session.stop()
        else:
            session.swap_engine(engine, pins)
        self._engine = engine
        if old is not None:
            old.close()
        return _Opened(name, session, trouble)

    def _opened(self, result: _Opened | None) -> None:
        if result is None:
            return
        model_hash = result.session.memory.spec.model_hash
        if self._model_hash not in ("", model_hash):  # its slots hold other scenes
            self.values.update(released())
        self.model, self._model_hash, self.session = result.name, model_hash, result.session
        for name, value in self.values.items():  # turned while the model was loading
            if any(control.name == name for control in self.session.controls):
                self.session.set_control(name, value)
        self.progress.emit("")
        self.opened.emit()
        if result.trouble is not None:
            self.failed.emit(result.trouble)

    def _failed(self, error: Exception) -> None:
        self.wanted = self.model
        self.progress.emit("")
        self.failed.emit(error)
