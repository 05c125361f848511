"""Connects the control window to the controller: every button, menu and key once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from s2s_live.errors import S2SError
from s2s_live.ui.displays import default_display, display_key, find_display
from s2s_live.ui.memory_wiring import MemoryWiring
from s2s_live.ui.messages import Level
from s2s_live.ui.mix_wiring import MixWiring
from s2s_live.ui.picture import FitMode
from s2s_live.ui.record_dialog import RecordDialog
from s2s_live.ui.shortcuts import ShortcutSheet

if TYPE_CHECKING:
    from s2s_live.record.settings import Recording
    from s2s_live.ui.main_window import MainWindow

AUDIO_FILES = "Audio (*.wav *.flac *.ogg *.oga *.opus *.mp3 *.aiff *.aif *.m4a);;All files (*)"


class Wiring(QObject):
    """Lives as long as its window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._controller = window.controller
        self._sheet: ShortcutSheet | None = None
        self._dialog: RecordDialog | None = None
        self._measure = QTimer(self)
        self._measure.setInterval(1000)
        self._measure_left = 0
        self._connect_show()
        self._connect_sound()
        self._connect_takes()
        self._connect_output()
        self._connect_actions()
        self.memory = MemoryWiring(window)
        self._controller.memory.failed.connect(self._say_error)
        self._show_controls()
        self._show_channels()
        self._show_progress("Starting")

    # --- the show

    def _connect_show(self) -> None:
        window, controller, show = self._window, self._controller, self._controller.show
        controller.message.connect(self._say)
        window.messages.changed.connect(window.place_message)
        show.progress.connect(self._show_progress)
        show.opened.connect(self._model_opened)
        show.failed.connect(self._model_failed)
        window.controls.changed.connect(show.set_control)
        window.top_bar.model.chosen.connect(show.open_model)
        window.top_bar.model.fine_chosen.connect(show.set_fine)
        window.top_bar.model.folder_wished.connect(self._choose_model_folder)
        controller.models_found.connect(lambda _names: self._show_models())
        window.stage.variation_wished.connect(controller.new_variation)
        window.stage.hold_wished.connect(self._toggle_hold)
        window.stage.freeze_wished.connect(self._toggle_freeze)
        window.stage.blackout_wished.connect(self._toggle_blackout)
        controller.stage_changed.connect(self.show_stage)

    def _show_controls(self) -> None:
        show = self._controller.show
        self._window.controls.set_controls(show.controls, show.current_values())
        self._window.order_focus()

    def show_stage(self) -> None:
        """Show what is held, frozen, black."""
        controller = self._controller
        self._window.stage.show_state(
            hold=controller.show.control("hold") >= 0.5,
            frozen=controller.curtain.frozen,
            black=controller.curtain.black,
        )

    def _toggle_hold(self) -> None:
        self._controller.set_hold(self._controller.show.control("hold") < 0.5)

    def _toggle_freeze(self) -> None:
        self._controller.set_frozen(not self._controller.curtain.frozen)

    def _toggle_blackout(self) -> None:
        self._controller.set_black(not self._controller.curtain.black)

    def _show_models(self) -> None:
        show = self._controller.show
        self._window.top_bar.model.show_models(self._controller.models, show.wanted or show.model)

    def _model_opened(self) -> None:
        self._show_controls()
        self._show_models()
        engine = self._controller.show.engine
        if engine is not None:
            spec = engine.spec
            self._window.top_bar.model.show_sizes(spec.picture_sizes, self._controller.show.fine)
            self._window.status.say(spec.summary)

    def _model_failed(self, error: Exception) -> None:
        self._show_models()
        self._say_error(error)
        if self._controller.show.session is None:
            self._set_placeholder("No model is open", "Choose another one in the menu above.")

    def _show_progress(self, text: str) -> None:
        self._show_models()
        self._window.busy_line.show_busy(text)
        self._window.status.say(f"{text}\u2026" if text else "")
        if text and self._controller.show.session is None:
            self._set_placeholder(f"{text}\u2026", "The show hears already; the scene appears in a moment.")

    def _set_placeholder(self, title: str, detail: str) -> None:
        for scene in (self._window.scene, self._window.output.scene):
            scene.placeholder.title, scene.placeholder.detail = title, detail
            scene.update()

    def _choose_model_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, "Model folder")
        if folder:
            self._controller.show.open_model(folder)

    # --- sound

    def _connect_sound(self) -> None:
        window, sound = self._window, self._controller.sound
        window.top_bar.source.chosen.connect(sound.play)
        window.top_bar.source.file_wished.connect(self.choose_file)
        sound.source_changed.connect(self._source_changed)
        sound.devices_changed.connect(self._devices_changed)
        sound.failed.connect(self._say_error)
        sound.level_found.connect(self._level_found)
        window.set_level.clicked.connect(self._begin_measure)
        self._measure.timeout.connect(self._go_on_measuring)
        window.channel.activated.connect(
            lambda index: sound.set_channel(cast("int", window.channel.itemData(index)))
        )
        bar = window.file_bar
        bar.pause_wished.connect(sound.pause)
        bar.seek_wished.connect(sound.seek)
        bar.loop_wished.connect(sound.set_loop)
        bar.mute_wished.connect(sound.set_muted)
        bar.volume_wished.connect(sound.set_volume)
        bar.output_wished.connect(sound.set_output)
        self.mix = MixWiring(window, AUDIO_FILES)

    def choose_file(self) -> None:
        """Ask for an audio file and play it."""
        folder = str(self._controller.settings.ui.get("audio_folder", ""))
        path, _ = QFileDialog.getOpenFileName(self._window, "Play an audio file", folder, AUDIO_FILES)
        if path:
            self._controller.settings.ui["audio_folder"] = str(Path(path).parent)
            self._controller.sound.play(f"file:{path}")

    def _source_changed(self) -> None:
        window, sound = self._window, self._controller.sound
        window.file_group.setVisible(sound.file is not None)
        self._show_channels()
        self.show_file_state()

    def _devices_changed(self) -> None:
        sound = self._controller.sound
        self._window.top_bar.source.show_devices(sound.inputs)
        self._window.file_bar.show_outputs([(d.id, d.name) for d in sound.outputs], sound.output_id)

    def _show_channels(self) -> None:
        menu, sound = self._window.channel, self._controller.sound
        menu.clear()
        menu.addItem("All", -1)
        for channel in range(sound.channels):
            menu.addItem(f"{channel + 1}", channel)
        menu.setCurrentIndex(max(menu.findData(sound.channel), 0))
        menu.setEnabled(sound.channels > 1)
        menu.setToolTip(f"Which channel of the {'first ' if sound.mixing else ''}input is heard")

    def show_file_state(self) -> None:
        """Position and switches of the file that plays."""
        sound = self._controller.sound
        if sound.file is not None:
            sound.show_file(self._window.file_bar, time.monotonic())

    def _begin_measure(self) -> None:
        self._measure_left = 5
        self._window.set_level.setEnabled(False)
        self._measure.start()
        self._show_countdown()

    def _go_on_measuring(self) -> None:
        self._measure_left -= 1
        if self._measure_left <= 0:
            self._measure.stop()
            self._controller.sound.measure()
            self._window.set_level.setEnabled(True)
            self._window.set_level.setText("Set level")
        else:
            self._show_countdown()

    def _show_countdown(self) -> None:
        self._window.set_level.setText(f"Listening\u2026 {self._measure_left} s")

    def _level_found(self, gain_db: float, gate_db: float, message: str) -> None:
        show = self._controller.show
        show.set_control("gain_db", gain_db)
        show.set_control("gate_db", gate_db)
        self._window.controls.show_values(show.current_values())
        self._say(message, "", "info")

    # --- recording

    def _connect_takes(self) -> None:
        window, takes = self._window, self._controller.takes
        window.record_bar.record_wished.connect(self._toggle_recording)
        takes.changed.connect(window.record_bar.show_recording)
        window.record_bar.snapshot_wished.connect(self._controller.save_still)
        window.record_bar.settings_wished.connect(self._show_record_settings)
        takes.failed.connect(self._say_error)
        takes.saved.connect(
            lambda path: self._say(f"Saved {Path(path).name}", str(Path(path).parent), "info")
        )
        takes.ended.connect(self._take_ended)

    def _toggle_recording(self) -> None:
        takes = self._controller.takes
        self._controller.set_recording(not takes.recording)
        self._window.record_bar.show_recording(takes.recording)  # the button follows once the file is open

    def _take_ended(self, recording: Recording) -> None:
        path, message = recording.path, recording.message
        if message:
            self._say(message, str(path), "warning")
        else:
            self._say(f"Recorded {path.name}", str(path.parent), "info")

    def _show_record_settings(self) -> None:
        if self._dialog is None:
            self._dialog = RecordDialog(self._window, self._controller.takes.settings)
            self._dialog.changed.connect(self._controller.set_take_settings)
        self._dialog.show()
        self._dialog.raise_()

    # --- output

    def _connect_output(self) -> None:
        window, ui = self._window, self._controller.settings.ui
        group, output = window.output_group, window.output
        mode: FitMode = "fill" if ui.get("mode") == "fill" else "fit"
        mirror = ui.get("mirror") is True
        output.scene.set_mode(mode)
        output.scene.set_mirror(mirror)
        group.show_choice(mode, mirror=mirror)
        group.show_displays(self.display_key())
        group.display_chosen.connect(self._choose_display)
        group.mode_chosen.connect(self._choose_mode)
        group.mirror_chosen.connect(self._choose_mirror)
        output.changed.connect(self._output_changed)
        output.noted.connect(lambda text: self._say(text, "", "info"))
        window.scene.activated.connect(self.toggle_output)
        window.top_bar.output.clicked.connect(lambda _on: self.toggle_output())
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.screenAdded.connect(lambda _screen: group.show_displays(self.display_key()))
            app.screenRemoved.connect(lambda _screen: group.show_displays(self.display_key()))

    def display_key(self) -> str:
        """Key of the display for the output."""
        remembered = self._controller.settings.ui.get("display")
        if isinstance(remembered, str) and find_display(remembered) is not None:
            return remembered
        return display_key(default_display(self._window.screen()))

    def _choose_display(self, key: str) -> None:
        self._controller.settings.ui["display"] = key
        screen = find_display(key)
        if screen is not None and self._window.output.wanted:
            self._window.output.present(screen)

    def _choose_mode(self, mode: str) -> None:
        self._controller.settings.ui["mode"] = mode
        self._window.output.scene.set_mode("fill" if mode == "fill" else "fit")

    def _choose_mirror(self, on: bool) -> None:
        self._controller.settings.ui["mirror"] = on
        self._window.output.scene.set_mirror(on)

    def toggle_output(self) -> None:
        """Show the output window on its display, or hide it."""
        output = self._window.output
        if output.wanted:
            output.leave()
        else:
            screen = find_display(self.display_key())
            output.present(screen or default_display(self._window.screen()))

    def present_on(self, number: int) -> None:
        """Show the output window on display `number`, 1 being the first."""
        screens = QGuiApplication.screens()
        if not 1 <= number <= len(screens):
            self._say(
                f"There is no display {number}.",
                f"There are {len(screens)}. The first one is used.",
                "warning",
            )
            number = 1
        self._window.output.present(screens[number - 1])

    def _output_changed(self) -> None:
        self._window.top_bar.output.setChecked(self._window.output.wanted)

    # --- keys

    def _connect_actions(self) -> None:
        window, controller = self._window, self._controller
        todo = {
            "variation": controller.new_variation,
            "hold": self._toggle_hold,
            "freeze": self._toggle_freeze,
            "blackout": self._toggle_blackout,
            "open": self.choose_file,
            "mute": controller.sound.toggle_mute,
            "record": self._toggle_recording,
            "snapshot": controller.save_still,
            "output": self.toggle_output,
            "leave": self._leave,
            "hud": self._toggle_hud,
            "help": self._show_sheet,
            "quit": window.close,
        }
        for name, call in todo.items():
            window.actions_by_name[name].triggered.connect(lambda _checked=False, call=call: call())
        window.top_bar.hud.clicked.connect(window.hud.setVisible)
        window.top_bar.help.clicked.connect(lambda _on: self._show_sheet())

    def _leave(self) -> None:
        if self._window.output.wanted:
            self._window.output.leave()
        else:
            self._window.messages.dismiss()

    def _toggle_hud(self) -> None:
        window = self._window
        if window.output.isActiveWindow():
            window.output.hud.setVisible(not window.output.hud.isVisible())
            return
        window.hud.setVisible(not window.hud.isVisible())
        window.top_bar.hud.setChecked(window.hud.isVisible())

    def _show_sheet(self) -> None:
        if self._sheet is None:
            self._sheet = ShortcutSheet(self._window)
        self._sheet.setVisible(not self._sheet.isVisible())
        if self._sheet.isVisible():
            self._sheet.activateWindow()

    # --- messages

    def _say(self, text: str, hint: str, level: str) -> None:
        if level != "info":
            self._window.messages.forget(text)  # it happened again: worth showing again
        self._window.messages.show_message(text, hint, cast("Level", level))

    def _say_error(self, error: Exception) -> None:
        if isinstance(error, S2SError):
            self._say(error.message, error.hint, "error")
        else:
            self._say(f"Something went wrong: {error}", "The log file has the details.", "error")
