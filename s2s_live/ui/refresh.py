"""The GUI's clock: takes every new frame at once, sound about 30 times a second, figures four times."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from s2s_live.tracing import span
from s2s_live.ui.messages import MessageBar
from s2s_live.ui.show_pace import USUAL_HZ, ShowPace, painting_hz

if TYPE_CHECKING:
    from s2s_live.live.frame import Frame
    from s2s_live.live.session import Session, SessionStatus
    from s2s_live.ui.main_window import MainWindow

TICK_MS = 4
"""A look whether a frame is due costs next to nothing; everything else keeps a slower rhythm of its own."""
CALM_MS = 24
"""While there are no frames: importing and opening a model need the interpreter more than the window does."""
_SOUND_EVERY_S, _SOUND_LATEST_S = 0.024, 0.045
"""Between two pictures of the sound. It is drawn after a frame, where frames come: the network rests then."""
_FIGURES_EVERY_S = 0.24
_DISK_EVERY_S = 5.0


class Refresh(QObject):
    """Owns the timer. Does nothing slow: everything it shows was computed elsewhere."""

    _painted = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._controller = window.controller
        self._pace = ShowPace()
        self._screen_hz = USUAL_HZ
        self._shown: Frame | None = None
        self._sound_at = self._figures_at = self._disk_at = 0.0
        self._said = ""
        self._session: Session | None = None
        self._woken = self._over = False
        self._painted.connect(self._take_painted, Qt.ConnectionType.QueuedConnection)
        self._controller.show.opened.connect(self._follow_session)
        window.scene.drawn.connect(self._follow_drawing, Qt.ConnectionType.QueuedConnection)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)

    def start(self) -> None:
        """Begin."""
        self._timer.start(CALM_MS if self._shown is None else TICK_MS)

    def stop(self) -> None:
        """End. What was called for before does nothing then."""
        self._over = True
        self._timer.stop()
        if self._session is not None:
            self._session.remove_sink(self._wake)

    def tick(self) -> None:
        """One round."""
        now = time.monotonic()
        frame = self._controller.show.frame
        if frame is not None and self._shown is None:
            self._timer.setInterval(TICK_MS)
        due = frame is not None and self._pace.due(now, fresh=frame is not self._shown)
        if frame is not None and due:
            self._shown = frame
            self._controller.curtain.advance(now)
            with span("take", frame=frame.index):
                self._show_frame(frame)
        if not due and now - self._sound_at >= _SOUND_LATEST_S:
            self._show_sound(now)
            if frame is None:
                self._controller.curtain.advance(now)
                self._show_placeholder(now)
        elif now - self._figures_at >= _FIGURES_EVERY_S:  # not in the same round: each stays short
            self._figures_at = now
            self._show_figures(now)

    def _follow_session(self) -> None:
        """Be woken by its frames; it stays the same where the model changes."""
        if self._session is None and self._controller.show.session is not None:
            self._session = self._controller.show.session
            self._session.add_sink(self._wake)

    def _wake(self, frame: Frame) -> None:
        """On a painting thread. One wake at a time: a window that is held up finds no queue of them."""
        if not (self._woken or self._over or self._pace.too_soon(frame.painted)):
            self._woken = True
            self._painted.emit()

    def _take_painted(self) -> None:
        self._woken = False
        if not self._over:
            self.tick()

    def _show_frame(self, frame: Frame | None) -> None:
        window = self._window
        window.scene.show_frame(frame)
        if window.output.isVisible():
            window.output.scene.show_frame(frame)

    def _show_placeholder(self, now: float) -> None:
        loudness = self._controller.sound.loudness(now)
        for scene in (self._window.scene, self._window.output.scene):
            scene.placeholder.loudness = loudness
        self._show_frame(None)

    def _follow_drawing(self) -> None:
        now = time.monotonic()
        if not self._over and now - self._sound_at >= _SOUND_EVERY_S:
            self._show_sound(now)

    def _show_sound(self, now: float) -> None:
        self._sound_at = now
        window, sound = self._window, self._controller.sound
        with span("spectrogram"):
            columns = sound.spectrum.take()
            if columns is not None and window.spectrogram is not None:
                window.spectrogram.add(columns)
            level = sound.feed.status(now)
            window.top_bar.meter.show_level(level.rms_db, level.peak_db, level.clipped, now)
            window.busy_line.advance(now)

    def _show_figures(self, now: float) -> None:
        window, controller = self._window, self._controller
        status = controller.show.status(now)
        window.stage.heard.show_target(controller.show.heard, sounding=controller.show.sounding)
        window.wiring.show_stage()
        window.wiring.memory.show_memory()
        if status is not None:
            window.controls.show_values(controller.show.current_values())
        self._show_take(now)
        self._show_messages(now, status)
        window.show_file_state()
        self._show_hud(now, status)
        self._follow_screens()

    def _follow_screens(self) -> None:
        """Paint at the rate of the screen that shows the scene, the audience's where there is one.

        Screens are changed and plugged in meanwhile.
        """
        window, session = self._window, self._controller.show.session
        if session is None:
            return
        shown = window.output if window.output.isVisible() else window
        hz = painting_hz(shown.screen().refreshRate())
        if hz != self._screen_hz:
            self._screen_hz = hz
            session.set_pace(hz)
        self._pace.hz = session.pace or hz

    def _show_take(self, now: float) -> None:
        window, takes = self._window, self._controller.takes
        status = takes.status()
        if status is not None:
            window.record_bar.show_status(status)
        else:
            window.record_bar.show_idle(takes.free, takes.doing)
        if now - self._disk_at > _DISK_EVERY_S:
            self._disk_at = now
            takes.look_at_disk()

    def _show_messages(self, now: float, status: SessionStatus | None) -> None:
        """The sentence that matters most goes to the bar; when its cause is gone it goes too."""
        window, sound = self._window, self._controller.sound
        feed = sound.feed.status(now)
        take = self._controller.takes.status()
        said = (
            (take.message if take is not None else "")
            or (status.message if status is not None else "")
            or sound.complaint(feed)
        )
        bar: MessageBar = window.messages
        if said != self._said:
            if self._said:
                bar.forget(self._said)
            self._said = said
        if said and not (bar.isVisible() and (bar.level == "error" or bar.offers)):  # what was just tried
            bar.show_message(said, "", "warning")
        fps = f"{window.scene.shown_fps(now):.0f} frames/s" if status is not None else ""
        window.status.show_facts(sound.facts(feed), fps)

    def _show_hud(self, now: float, status: SessionStatus | None) -> None:
        window = self._window
        for hud, scene in ((window.hud, window.scene), (window.output.hud, window.output.scene)):
            if hud.isVisible():
                hud.show_rows(self._rows(now, status, scene.shown_fps(now)))

    def _rows(self, now: float, status: SessionStatus | None, shown: float) -> list[tuple[str, str]]:
        feed = self._controller.sound.feed.status(now)
        take = self._controller.takes.status()
        rows = [("Shown", f"{shown:.0f} /s")]
        if status is not None:
            semantic = f"{status.semantic_ms:.0f} ms" if status.semantic_ms is not None else "\u2013"
            rows = [
                ("Generated", f"{status.paint_fps:.0f} /s"),
                *rows,
                ("Heard", f"{status.hear_hz:.1f} /s"),
                ("Level to picture", f"{status.fast_ms:.0f} ms"),
                ("Sound to scene", semantic),
                ("Painting", f"{status.paint_ms.p50:.1f} ms" if status.paint_ms else "\u2013"),
                ("Hearing", f"{status.hear_ms.p50:.1f} ms" if status.hear_ms else "\u2013"),
                ("Hops skipped", f"{status.skipped_hops}"),
            ]
        lost = feed.lost_samples + (status.lost_samples if status is not None else 0)
        rows.append(("Samples lost", f"{lost}"))
        rows.append(("Frames dropped", f"{take.dropped if take is not None else 0}"))
        if self._controller.show.engine is not None:
            spec = self._controller.show.engine.spec
            rows.append(("Runtime", spec.runtime))
            if spec.runtime_hearing not in ("", spec.runtime):
                rows.append(("Hears with", spec.runtime_hearing))
        return rows
