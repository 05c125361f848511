"""The real window with a real feed and session over a tiny model: the show and its sound."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from s2s_live.tracing import recording
from s2s_live.ui.controls_panel import ELSEWHERE
from s2s_live.ui.show_pace import painting_hz
from s2s_live.ui.slider import ControlSlider

LONG = 120_000
"""Milliseconds to wait on a busy machine."""


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
        if control.kind != "float" or control.name in ELSEWHERE:
            continue
        slider = window.controls.row(control.name).findChild(ControlSlider)
        slider.setValue(slider.maximum())
        assert session.control(control.name) == pytest.approx(control.high)
    window.controller.show.set_control("attack", 0.5)  # from elsewhere, as OSC would
    slider = window.controls.row("attack").findChild(ControlSlider)
    window.refresh._show_figures(time.monotonic())
    assert slider.scale.value(slider.value()) == pytest.approx(0.5, rel=0.02)


def test_keys_steer_the_show(window, qtbot, press):
    show, curtain = window.controller.show, window.controller.curtain
    before = show.control("variation")
    press(window, Qt.Key.Key_N)
    assert show.control("variation") != before
    press(window, Qt.Key.Key_Space)
    assert show.control("hold") == 1.0
    press(window, Qt.Key.Key_Space)
    assert show.control("hold") == 0.0
    press(window, Qt.Key.Key_B)
    qtbot.waitUntil(lambda: curtain.darkness == 1.0, timeout=LONG)
    assert window.scene.grab().toImage().pixelColor(300, 100).lightness() == 0
    press(window, Qt.Key.Key_B)
    press(window, Qt.Key.Key_F)
    qtbot.waitUntil(lambda: curtain.stillness == 1.0 and curtain.darkness == 0.0, timeout=LONG)
    qtbot.waitUntil(window.stage.freeze.isChecked, timeout=LONG)
    press(window, Qt.Key.Key_H)
    qtbot.waitUntil(lambda: len(window.hud.rows) > 5, timeout=LONG)
    assert {"Generated", "Shown", "Heard", "Samples lost", "Frames dropped"} <= {
        name for name, _ in window.hud.rows
    }
    engine = show.engine
    engine._spec = replace(engine.spec, runtime="openvino-i8", runtime_hearing="torch-fp32")
    qtbot.waitUntil(lambda: ("Hears with", "torch-fp32") in window.hud.rows, timeout=LONG)
    assert ("Runtime", "openvino-i8") in window.hud.rows
    press(window, Qt.Key.Key_Question)
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


def test_without_a_model_the_window_opens_all_the_same(open_window, qtbot, tmp_path, press):
    window = open_window(model=str(tmp_path / "nothing"))
    qtbot.waitUntil(window.messages.isVisible, timeout=LONG)
    assert window.scene.placeholder.title == "No model is open"
    qtbot.waitUntil(lambda: window.top_bar.meter.held_db > -60, timeout=LONG)
    qtbot.mouseClick(window.record_bar.button, Qt.MouseButton.LeftButton)
    assert not window.record_bar.button.isChecked()
    press(window, Qt.Key.Key_S)


def test_closing_while_the_model_loads(open_window, qtbot, close):
    window = open_window()
    qtbot.wait(5)
    close(window)


# --- sound


def test_a_dropped_file_plays_with_its_transport(window, qtbot, tone, press):
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
    press(window, Qt.Key.Key_M)
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


def test_a_trace_tells_when_the_window_took_and_drew_a_frame(window, qtbot, tmp_path):
    with recording(tmp_path / "trace.json"):
        before = window.scene.shown
        qtbot.waitUntil(lambda: window.scene.shown > before + 5, timeout=LONG)
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    frames = {}
    for event in events:
        if event["ph"] == "X":
            frames.setdefault(event["name"], set()).add(event["args"].get("frame"))
    assert "spectrogram" in frames
    drawn_and_taken = frames["draw"] & frames["take"]
    assert len(drawn_and_taken) >= 3
    assert len(drawn_and_taken & frames["paint"]) >= 3


def test_painting_follows_the_screen(window, qtbot, monkeypatch):
    pacer = window.controller.show.session.painting.pacer
    own = painting_hz(window.screen().refreshRate())
    qtbot.waitUntil(lambda: pacer.fps == own, timeout=LONG)
    # No virtual screen has another rate.
    monkeypatch.setattr(window, "screen", lambda: SimpleNamespace(refreshRate=lambda: 25.0))
    qtbot.waitUntil(lambda: pacer.fps == 50.0, timeout=LONG)
    monkeypatch.setattr(window.output, "screen", lambda: SimpleNamespace(refreshRate=lambda: 144.0))
    monkeypatch.setattr(window.output, "isVisible", lambda: True)
    qtbot.waitUntil(lambda: pacer.fps == 72.0, timeout=LONG)
    monkeypatch.undo()
    qtbot.waitUntil(lambda: pacer.fps == own, timeout=LONG)
