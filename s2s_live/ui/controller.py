"""What the windows act on: sound, show and recording behind one object. Lives on the GUI thread."""

from __future__ import annotations

import logging
import random
import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from s2s_live.control.settings import Settings
from s2s_live.errors import PinError
from s2s_live.live.controls import MOMENTARY
from s2s_live.ui.curtain import Curtain
from s2s_live.ui.memory_desk import MemoryDesk
from s2s_live.ui.options import AppOptions
from s2s_live.ui.picture_desk import PictureDesk
from s2s_live.ui.record_desk import RecordDesk, TakeSettings, videos_folder
from s2s_live.ui.show_desk import ShowDesk
from s2s_live.ui.sound_desk import SoundDesk
from s2s_live.ui.worker import Worker

log = logging.getLogger(__name__)

_SAVE_EVERY_MS = 20_000
_VARIATIONS = 10_000


class Controller(QObject):
    """Owns the desks and the settings; the one place that knows them all."""

    message = Signal(str, str, str)
    """Text, hint, level."""
    models_found = Signal(object)
    stage_changed = Signal()
    """Hold, freeze or blackout."""

    def __init__(self, options: AppOptions, settings: Settings | None = None) -> None:
        super().__init__()
        self.options = options
        self.settings = settings if settings is not None else Settings.load()
        self.curtain = Curtain()
        self.models: list[str] = []
        self.jobs = Worker("s2s-ui-jobs")
        seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**31)
        self.sound = SoundDesk(self.jobs)
        feed = self.sound.feed
        self.show = ShowDesk(feed, seed, self.settings.controls | options.gains, self.settings.fine)
        self.memory = MemoryDesk(self.show, self.jobs)
        self.pictures = PictureDesk(self.show, self.memory, self.jobs)
        self.takes = RecordDesk(feed, self.jobs, self._take_settings())
        if self.settings.channel >= 0:
            self.sound.set_channel(self.settings.channel)
        self.sound.restore(self.settings.ui)
        self._closed = False
        self.ended = True
        """After `close`: whether every thread ended in time."""
        self._saver = QTimer(self)
        self._saver.timeout.connect(self._save_in_background)

    def open_model(self) -> None:
        """After the window shows: begin with what takes longest. A session needs a programme that runs."""
        self.sound.feed.start()
        self.show.open_model(self.options.model or self.settings.model)

    def begin(self) -> None:
        """Everything else that is to come after the window."""
        for note in self.settings.notes:
            self.message.emit(note, "", "warning")
        self.sound.begin(*self.options.sources(self.settings))
        self.jobs.submit(_model_names, self._found_models)
        self.takes.finish_earlier()
        if self.options.record is not None:
            self.show.opened.connect(self._record_as_asked)
        self._saver.start(_SAVE_EVERY_MS)

    def close(self) -> None:
        """End everything within two seconds."""
        if self._closed:
            return
        self._closed = True
        self._saver.stop()
        begun = time.monotonic()
        found = self.pictures.close()  # the best is saved with the rest
        self._save()  # first: what follows may be cut short
        self.takes.close(0.6)
        shown = self.show.close()
        self.sound.close()
        self.ended = self.jobs.stop(0.3) and shown and found
        log.info("closed in %.2f s", time.monotonic() - begun)

    def new_variation(self) -> None:
        """Another composition of the same sound."""
        now = int(self.show.control("variation"))
        self.show.set_control("variation", float((now + random.randrange(1, _VARIATIONS)) % _VARIATIONS))  # noqa: S311

    def set_frozen(self, on: bool) -> None:
        """Freeze the picture on all views, or let it go."""
        self.curtain.frozen = on
        self.stage_changed.emit()

    def set_black(self, on: bool) -> None:
        """Fade all views to black, or back."""
        self.curtain.black = on
        self.stage_changed.emit()

    def set_hold(self, on: bool) -> None:
        """Keep this scene, or follow the sound again."""
        self.show.set_control("hold", float(on))
        self.stage_changed.emit()

    def set_recording(self, on: bool) -> None:
        """Begin or end a take."""
        if not on:
            self.takes.stop()
        elif self.show.session is None:
            self.takes.changed.emit(False)
            self.message.emit("There is nothing to record yet.", "Wait until the model is open.", "info")
        else:
            self.takes.start(self.show.session)

    def save_still(self) -> None:
        """Write the picture on show."""
        frame = self.show.frame
        if frame is None:
            self.message.emit("There is no picture yet.", "Wait until the model is open.", "info")
        else:
            self.takes.save_still(frame)

    def set_take_settings(self, settings: TakeSettings) -> None:
        """For the next take."""
        self.takes.settings = settings
        self.takes.look_at_disk()

    def _record_as_asked(self) -> None:
        self.show.opened.disconnect(self._record_as_asked)
        if self.show.session is not None:
            self.takes.start(self.show.session, self.options.record)

    def _found_models(self, names: list[str]) -> None:
        self.models = names
        self.models_found.emit(names)

    def _take_settings(self) -> TakeSettings:
        known = self.settings
        return TakeSettings(
            folder=Path(known.recording_folder).expanduser() if known.recording_folder else videos_folder(),
            size=min(max(known.recording_size, 16), 2160),
            fps=min(max(known.recording_fps, 1), 120),
            sound=known.recording_sound,
            format="png" if known.recording_format == "png" else "mp4",
        )

    def _collect_settings(self) -> None:
        known, take, asked = self.settings, self.takes.settings, self.options.gains
        wanted = (self.sound.wanted, self.sound.wanted_beside)
        if not self.options.asks_for_sources or wanted != self.options.sources(known):
            known.source, known.beside = wanted
        if self.options.model is None or self.show.wanted != self.options.model:
            known.model = self.show.wanted or known.model
        known.channel = self.sound.channel
        known.fine = self.show.fine
        values = {name: value for name, value in self.show.values.items() if name not in MOMENTARY}
        for name, value in asked.items():  # of this start alone, unless it was turned
            if values.get(name) == value:
                values.pop(name)
                values |= {name: known.controls[name]} if name in known.controls else {}
        known.controls = values
        known.recording_folder = str(take.folder) if take.folder != videos_folder() else ""
        known.recording_size, known.recording_fps = take.size, take.fps
        known.recording_sound, known.recording_format = take.sound, take.format
        self.sound.remember(known.ui)

    def _save(self) -> None:
        self._collect_settings()
        try:
            self.settings.save()
        except OSError as error:
            log.warning("settings not saved: %s", error)
        try:
            self.memory.flush()
        except PinError as error:
            log.warning("memory not saved: %s", error)

    def _save_in_background(self) -> None:
        self._collect_settings()
        self.jobs.submit(self.settings.save)
        self.memory.save()


def _model_names() -> list[str]:
    from s2s_live.store.library import list_models

    return [path.name for path in list_models()]
