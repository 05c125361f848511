"""The real window with a real feed, session and recorder over a tiny model; clicked, typed at and closed."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from shiboken6 import isValid

from s2s_live.control.settings import Settings
from s2s_live.engines.sound2scene.tiny import write_tiny_model
from s2s_live.ui.controller import Controller
from s2s_live.ui.main_window import MainWindow
from s2s_live.ui.options import AppOptions
from s2s_live.ui.slider import ControlSlider
from s2s_live.ui.widgets import Label

LONG = 30_000
"""Milliseconds to wait on a busy machine."""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


def build(folder, **options):
    options = {"source": "test", "seed": 1} | options
    settings = Settings.load()
    settings.recording_folder = settings.recording_folder or str(folder / "takes")
    window = MainWindow(Controller(AppOptions(**options), settings))
    window.resize(1366, 720)
    window.show()
    window.begin()
    return window


def close(window):
    begun = time.monotonic()
    window.close()
    assert time.monotonic() - begun < 2.0
    window.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def open_window(model, tmp_path):
    """Opens windows; each is closed at the end, within two seconds."""
    windows = []

    def open_one(**options):
        windows.append(build(tmp_path, **{"model": str(model)} | options))
        return windows[-1]

    yield open_one
    for window in windows:
        if isValid(window):
            close(window)


@pytest.fixture(scope="module")
def shared_window(model, qapp, tmp_path_factory):
    """Opening a model takes a second or more: most tests share one window."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("S2S_LIVE_CONFIG", str(folder / "config"))
        window = build(folder, model=str(model))
        yield window
        close(window)


@pytest.fixture
def window(shared_window, qtbot):
    window = shared_window
    qtbot.waitUntil(lambda: window.scene.shown > 2, timeout=LONG)
    yield window
    window.controller.set_black(False)
    window.controller.set_frozen(False)
    window.controller.set_hold(False)
    window.output.leave()
    window.messages.dismiss()
    if window.controller.sound.text != "test":
        window.controller.sound.play("test")
        qtbot.waitUntil(lambda: window.controller.sound.text == "test", timeout=LONG)


def press(qtbot, window, key, modifier=Qt.KeyboardModifier.NoModifier):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=LONG)
    qtbot.keyClick(window, key, modifier)


def drop(window, path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(50, 50),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    window.dropEvent(event)
    return event.isAccepted()


@pytest.fixture
def tone(tmp_path):
    path = tmp_path / "tone.wav"
    sound = 0.3 * np.sin(2 * np.pi * 440 * np.arange(4 * 16_000) / 16_000)
    soundfile.write(path, sound.astype(np.float32), 16_000)
    return path


# --- the show


def test_it_shows_a_scene_names_the_sound_and_draws_the_spectrogram(window, qtbot):
    assert window.controller.show.session is not None
    assert not window.busy_line.busy
    qtbot.waitUntil(lambda: window.stage.heard.figure.text().endswith("%"), timeout=LONG)
    qtbot.waitUntil(lambda: window.spectrogram.ring.head > 20, timeout=LONG)
    assert window.scene.unique > 1
    assert "tiny" in window.top_bar.model.currentText()
    assert window.top_bar.source.currentText() == "Test sounds"
    qtbot.waitUntil(lambda: "48 kHz" in window.status.input.text(), timeout=LONG)


def test_sliders_turn_the_session(window):
    session = window.controller.show.session
    for control in session.controls:
        if control.kind != "float":
            continue
        slider = window.controls.row(control.name).findChild(ControlSlider)
        slider.setValue(slider.maximum())
        assert session.control(control.name) == pytest.approx(control.high)
    window.controller.show.set_control("attack", 0.5)  # from elsewhere, as OSC would
    slider = window.controls.row("attack").findChild(ControlSlider)
    window.refresh._show_figures(time.monotonic())
    assert slider.scale.value(slider.value()) == pytest.approx(0.5, rel=0.02)


def test_keys_steer_the_show(window, qtbot):
    show, curtain = window.controller.show, window.controller.curtain
    before = show.control("variation")
    press(qtbot, window, Qt.Key.Key_N)
    assert show.control("variation") != before
    press(qtbot, window, Qt.Key.Key_Space)
    assert show.control("hold") == 1.0
    press(qtbot, window, Qt.Key.Key_Space)
    assert show.control("hold") == 0.0
    press(qtbot, window, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: curtain.darkness == 1.0, timeout=LONG)
    assert window.scene.grab().toImage().pixelColor(300, 100).lightness() == 0
    press(qtbot, window, Qt.Key.Key_B)
    press(qtbot, window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: curtain.stillness == 1.0 and curtain.darkness == 0.0, timeout=LONG)
    qtbot.waitUntil(window.stage.freeze.isChecked, timeout=LONG)
    press(qtbot, window, Qt.Key.Key_H)
    qtbot.waitUntil(lambda: len(window.hud.rows) > 5, timeout=LONG)
    assert {"Generated", "Shown", "Heard", "Samples lost", "Frames dropped"} <= {
        name for name, _ in window.hud.rows
    }
    press(qtbot, window, Qt.Key.Key_Question)
    assert window.wiring._sheet.isVisible()
    qtbot.waitUntil(window.wiring._sheet.isActiveWindow, timeout=LONG)
    qtbot.keyClick(window.wiring._sheet, Qt.Key.Key_Escape)
    assert not window.wiring._sheet.isVisible()


def test_buttons_steer_the_show(window, qtbot):
    show, curtain, stage = window.controller.show, window.controller.curtain, window.stage
    qtbot.mouseClick(stage.hold, Qt.MouseButton.LeftButton)
    assert show.control("hold") == 1.0
    qtbot.mouseClick(stage.blackout, Qt.MouseButton.LeftButton)
    assert curtain.black
    qtbot.mouseClick(stage.freeze, Qt.MouseButton.LeftButton)
    assert curtain.frozen
    qtbot.mouseClick(stage.variation, Qt.MouseButton.LeftButton)
    assert show.control("variation") != 0.0


def test_another_model_takes_over_and_a_bad_one_does_not(window, qtbot, model, tmp_path):
    show = window.controller.show
    with qtbot.waitSignal(show.opened, timeout=LONG):
        window.top_bar.model.chosen.emit(str(model))
    index = show.frame.index
    qtbot.waitUntil(lambda: show.frame.index > index + 2, timeout=LONG)
    with qtbot.waitSignal(show.failed, timeout=LONG):
        window.top_bar.model.chosen.emit(str(tmp_path / "nothing"))
    assert window.messages.isVisible()
    assert "nothing" in window.messages.text
    assert show.model == str(model)
    index = show.frame.index
    qtbot.waitUntil(lambda: show.frame.index > index + 2, timeout=LONG)


def test_without_a_model_the_window_opens_all_the_same(open_window, qtbot, tmp_path):
    window = open_window(model=str(tmp_path / "nothing"))
    qtbot.waitUntil(window.messages.isVisible, timeout=LONG)
    assert window.scene.placeholder.title == "No model is open"
    qtbot.waitUntil(lambda: window.top_bar.meter.held_db > -60, timeout=LONG)
    qtbot.mouseClick(window.record_bar.button, Qt.MouseButton.LeftButton)
    assert not window.record_bar.button.isChecked()
    press(qtbot, window, Qt.Key.Key_S)


def test_closing_while_the_model_loads(open_window, qtbot):
    window = open_window()
    qtbot.wait(5)
    close(window)


# --- sound


def test_a_dropped_file_plays_with_its_transport(window, qtbot, tone):
    sound, bar = window.controller.sound, window.file_bar
    with qtbot.waitSignal(sound.source_changed, timeout=LONG):
        assert drop(window, tone)
    assert sound.file is not None
    assert window.file_group.isVisible()
    assert window.top_bar.source.currentText() == "tone.wav"
    qtbot.waitUntil(lambda: bar.time.text().endswith("/ 0:04"), timeout=LONG)
    qtbot.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: sound.file.status(time.monotonic()).state == "paused", timeout=LONG)
    bar.position.setValue(500)
    qtbot.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: 2.0 <= sound.file.position < 4.0, timeout=LONG)
    press(qtbot, window, Qt.Key.Key_M)
    assert sound.file.muted
    qtbot.mouseClick(bar.loop, Qt.MouseButton.LeftButton)
    assert sound.file.loop is False
    bar.volume.setValue(250)
    assert sound.file.volume == pytest.approx(0.25)
    window.top_bar.source.chosen.emit("test")
    qtbot.waitUntil(lambda: not window.file_group.isVisible(), timeout=LONG)


def test_a_file_that_is_no_sound_gets_a_clear_error_and_the_old_source_goes_on(window, qtbot, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"")
    with qtbot.waitSignal(window.controller.sound.failed, timeout=LONG):
        drop(window, broken)
    assert window.messages.isVisible()
    assert window.top_bar.source.currentText() == "Test sounds"
    assert window.controller.sound.feed.source is not None
    qtbot.mouseClick(window.messages.close_button, Qt.MouseButton.LeftButton)
    assert not window.messages.isVisible()


def test_no_input_is_a_choice(window, qtbot):
    with qtbot.waitSignal(window.controller.sound.source_changed, timeout=LONG):
        window.top_bar.source.chosen.emit("none")
    assert window.controller.sound.feed.source is None
    index = window.controller.show.frame.index
    qtbot.waitUntil(lambda: window.controller.show.frame.index > index + 2, timeout=LONG)


def test_set_level_listens_and_sets_gain_and_gate_once(window, qtbot):
    window.wiring._measure.setInterval(20)
    with qtbot.waitSignal(window.controller.sound.level_found, timeout=LONG) as found:
        qtbot.mouseClick(window.set_level, Qt.MouseButton.LeftButton)
        assert not window.set_level.isEnabled()
    gain, gate, _ = found.args
    assert window.controller.show.control("gain_db") == pytest.approx(gain)
    assert window.controller.show.control("gate_db") == pytest.approx(gate)
    assert window.set_level.isEnabled()


# --- recording


def test_a_take_and_a_still(window, qtbot):
    takes = window.controller.takes
    with qtbot.waitSignal(takes.changed, timeout=LONG):
        press(qtbot, window, Qt.Key.Key_R)
    qtbot.waitUntil(lambda: takes.status() is not None and takes.status().frames > 20, timeout=LONG)
    qtbot.waitUntil(lambda: window.record_bar.button.text() == "Stop", timeout=LONG)
    with qtbot.waitSignal(takes.ended, timeout=LONG) as ended:
        qtbot.mouseClick(window.record_bar.button, Qt.MouseButton.LeftButton)
    recording = ended.args[0]
    assert recording.complete
    assert recording.path.parent == takes.settings.folder
    assert recording.path.stat().st_size > 10_000
    with qtbot.waitSignal(takes.saved, timeout=LONG) as saved:
        qtbot.mouseClick(window.record_bar.snapshot, Qt.MouseButton.LeftButton)
    still = QImage(str(saved.args[0]))
    assert still.height() == 1080
    assert Path(saved.args[0]).name in window.messages.text


def test_a_folder_that_cannot_be_written_is_said_and_the_show_goes_on(window, qtbot, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    takes = window.controller.takes
    monkeypatch.setattr(takes.settings, "folder", blocked)
    with qtbot.waitSignal(takes.failed, timeout=LONG):
        qtbot.mouseClick(window.record_bar.button, Qt.MouseButton.LeftButton)
    assert window.messages.isVisible()
    assert not window.record_bar.button.isChecked()
    index = window.controller.show.frame.index
    qtbot.waitUntil(lambda: window.controller.show.frame.index > index + 2, timeout=LONG)


def test_closing_while_recording_is_quick_and_keeps_the_take(open_window, qtbot, tmp_path):
    window = open_window(record=tmp_path / "out" / "show.mp4")
    takes = window.controller.takes
    qtbot.waitUntil(lambda: takes.status() is not None and takes.status().frames > 5, timeout=LONG)
    close(window)
    assert (tmp_path / "out" / "show.mp4").stat().st_size > 1000


def test_the_recording_settings_count_for_the_next_take(window, qtbot):
    qtbot.mouseClick(window.record_bar.settings, Qt.MouseButton.LeftButton)
    dialog = window.wiring._dialog
    dialog.size_menu.setCurrentIndex(dialog.size_menu.findData(720))
    dialog.size_menu.activated.emit(dialog.size_menu.currentIndex())
    dialog.sound.click()
    assert (window.controller.takes.settings.size, window.controller.takes.settings.sound) == (720, False)
    dialog.close()


# --- the output window


def test_the_output_window_fills_its_display_without_a_cursor(window, qtbot):
    output = window.output
    press(qtbot, window, Qt.Key.Key_F11)
    assert output.isFullScreen()
    assert output.cursor().shape() == Qt.CursorShape.BlankCursor
    qtbot.waitUntil(lambda: output.scene.shown > 2, timeout=LONG)
    press(qtbot, output, Qt.Key.Key_B)
    assert window.controller.curtain.black, "keys work in both windows"
    press(qtbot, output, Qt.Key.Key_Escape)
    assert not output.isVisible()
    qtbot.mouseDClick(window.scene, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert output.isVisible()
    qtbot.mouseDClick(output.scene, Qt.MouseButton.LeftButton, pos=QPoint(50, 50))
    assert not output.isVisible()


def test_an_unplugged_display_gets_its_output_back(window, qtbot):
    output = window.output
    qtbot.mouseClick(window.top_bar.output, Qt.MouseButton.LeftButton)
    assert output.isVisible()
    screen = QGuiApplication.primaryScreen()
    output._removed(screen)
    assert not output.isVisible()
    assert output.wanted
    assert "unplugged" in window.messages.text
    output._added(screen)
    assert output.isVisible()
    qtbot.mouseClick(window.top_bar.output, Qt.MouseButton.LeftButton)
    output._added(screen)
    assert not output.isVisible(), "nobody wants it any more"


def test_the_output_can_open_at_once(open_window):
    window = open_window()
    window.wiring.present_on(7)
    assert window.output.isVisible()
    assert "no display 7" in window.messages.text


# --- the window itself


def test_settings_come_back(open_window, qtbot, model):
    window = open_window(source=None)
    window.controls.row("motion").findChild(ControlSlider).setValue(1000)
    window.output_group.mode.setCurrentIndex(1)
    window.output_group.mode.activated.emit(1)
    window.output_group.mirror.click()
    window.top_bar.source.chosen.emit("none")
    qtbot.waitUntil(lambda: window.controller.sound.text == "none", timeout=LONG)
    close(window)
    kept = Settings.load()
    assert kept.controls["motion"] == pytest.approx(3.0)
    assert (kept.source, kept.ui["mode"], kept.ui["mirror"]) == ("none", "fill", True)
    again = open_window(source=None)
    assert again.output.scene.mode == "fill"
    assert again.output_group.mirror.isChecked()
    assert again.controller.show.control("motion") == pytest.approx(3.0)


def test_what_the_command_line_asked_for_is_not_remembered(open_window):
    close(open_window(source="test"))
    assert Settings.load().source == "default"


@pytest.mark.parametrize("size", [(1366, 720), (960, 540)], ids=str)
def test_no_text_is_cut(window, qtbot, size):
    window.resize(*size)
    qtbot.wait(50)
    assert (window.width(), window.height()) == size, "it fits"
    cut = [
        widget.text()
        for widget in window.findChildren(QWidget)
        if widget.isVisible() and isinstance(widget, QLabel | QAbstractButton) and widget.text()
        if not (isinstance(widget, Label) and widget._elide)
        if not getattr(widget, "wordWrap", lambda: False)()
        if widget.width() < widget.minimumSizeHint().width()
        or widget.height() < widget.fontMetrics().height()
        or (not window.rect().intersects(_in_window(window, widget)) and not _scrolled(window, widget))
    ]
    assert cut == []
    elided = [
        label.text()
        for label in window.findChildren(Label)
        if label.isVisible() and label._elide
        if label.fontMetrics().horizontalAdvance(label.text()) > label.width()
    ]
    assert elided == []


def _in_window(window, widget):
    return widget.rect().translated(widget.mapTo(window, QPoint(0, 0)))


def _scrolled(window, widget):
    return window.controls.isAncestorOf(widget) or window.output_group.isAncestorOf(widget)


def test_everything_can_be_reached_and_read(window):
    reached = [
        widget
        for widget in window.findChildren(QWidget)
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert len(reached) > 20
    nameless = [
        type(widget).__name__
        for widget in reached
        if not (widget.accessibleName() or getattr(widget, "text", lambda: "")())
    ]
    assert nameless == []
