"""Two sounds in the window: the menu, the faders, the transport, what is remembered."""

from __future__ import annotations

import time

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from s2s_live.audio.mixed import MixedSource
from s2s_live.audio.status import PartStatus
from s2s_live.control.settings import Settings
from s2s_live.live.controls import MIX_GAINS, SESSION_CONTROLS
from s2s_live.ui.controls_panel import ControlsPanel
from s2s_live.ui.file_bar import FileBar
from s2s_live.ui.slider import ControlSlider
from s2s_live.ui.sound_desk import _named
from s2s_live.ui.source_menu import MIX_WITH, PAIR_LETTERS, STOP_MIXING, SourceMenu, pair_title

LONG = 120_000
"""Milliseconds to wait on a busy machine."""


class Entry:
    """A device as the menu sees it."""

    def __init__(self, identity, name, kind="input"):
        self.id, self.name, self.kind = identity, name, kind


def write(path, value, rate=16_000):
    soundfile.write(path, np.full(6 * rate, value, np.float32), rate)
    return path


@pytest.fixture
def low(tmp_path):
    return write(tmp_path / "low.wav", 0.125)


@pytest.fixture
def high(tmp_path):
    return write(tmp_path / "high.wav", 0.25)


@pytest.fixture
def mixing(window, qtbot):
    """The window; mixing is over when the test is."""
    yield window
    sound = window.controller.sound
    for name in (*MIX_GAINS, "gain_db"):
        window.controller.show.set_control(name, 0.0)
    sound.choose_file(0)
    sound.stop_mixing()
    qtbot.waitUntil(lambda: not sound.mixing and not sound.beside, timeout=LONG)


@pytest.fixture
def menu(qtbot):
    made = SourceMenu()
    qtbot.addWidget(made)
    made.show_devices([Entry("a", "Desk mic"), Entry("b", "Guitar"), Entry("m", "Speakers", "loopback")])
    made.show_source("a")
    return made


def texts(menu):
    return [menu.itemText(index) for index in range(menu.count())]


def actions(menu):
    return {action.text(): action for action in menu.mix_menu().actions()}


def plays(window, *texts):
    sound = window.controller.sound
    return lambda: (sound.text, sound.beside) == (*texts, "")[:2] and not sound._opening


def level(window):
    ring = window.controller.sound.feed.program
    return float(ring.read(ring.written - 960, ring.written)[:, 0].mean())


# --- the menu


def test_the_menu_offers_to_mix_with_everything_else_that_sounds(menu, qtbot):
    assert texts(menu)[-1] == "Mix with\u2026"
    assert STOP_MIXING not in [menu.itemData(index) for index in range(menu.count())]
    offered = actions(menu)
    assert list(offered) == [
        "System default",
        "Guitar",
        "Sound of Speakers",
        "Audio file\u2026",
        "Test sounds",
    ]
    with qtbot.waitSignal(menu.mix_chosen) as chosen:
        offered["Guitar"].trigger()
    assert chosen.args == ["b"]
    with qtbot.waitSignal(menu.mix_file_wished):
        offered["Audio file\u2026"].trigger()


def test_the_line_names_both_and_the_menu_can_stop_mixing(menu, qtbot):
    menu.show_source("a", "file:/music/rain.ogg")
    assert menu.currentText() == "Desk mic + rain.ogg"
    assert menu.toolTip().endswith("Desk mic + rain.ogg")
    assert menu.accessibleDescription() == "Desk mic + rain.ogg"
    assert menu.currentData() == "a"
    assert texts(menu)[-2:] == ["Mix with another\u2026", "Stop mixing"]
    assert actions(menu)["rain.ogg"].isChecked()
    with qtbot.waitSignal(menu.mix_ended):
        menu.activated.emit(menu.findData(STOP_MIXING))
    assert menu.currentData() == "a", "it stays on the input"
    with qtbot.assertNotEmitted(menu.mix_chosen):
        actions(menu)["rain.ogg"].trigger()
    menu.show_source("a")
    assert menu.currentText() == "Desk mic"


def test_a_second_device_that_is_away_is_named(menu):
    menu.show_source("a", "ALSA:Gone")
    assert menu.toolTip().endswith("Desk mic + ALSA:Gone (not found)")
    menu.show_source("a", "Guit")
    assert menu.currentText() == "Desk mic + Guitar"


def test_neither_of_two_long_names_pushes_the_other_out(menu):
    menu.show_source("USB Audio Interface Analogue Stereo", "file:/music/a very long name of a piece.ogg")
    assert len(menu.currentText()) <= PAIR_LETTERS
    assert menu.currentText() == "USB Audio Inte\u2026 + a very long na\u2026"
    assert menu.toolTip().endswith("Stereo (not found) + a very long name of a piece.ogg")
    assert (
        pair_title("Desk mic", "a very long name of a piece.ogg") == "Desk mic + a very long name of a\u2026"
    )
    assert pair_title("Desk mic", "rain.ogg") == "Desk mic + rain.ogg"


def test_without_an_input_there_is_nothing_to_mix_with(menu):
    menu.show_source("none")
    assert menu.findData(MIX_WITH) < 0


def test_choosing_mix_with_opens_the_second_menu(menu, qtbot):
    menu.show()
    with qtbot.assertNotEmitted(menu.chosen):
        menu.activated.emit(menu.findData(MIX_WITH))
    popup = next(child for child in menu.children() if child.metaObject().className() == "QMenu")
    assert popup.isVisible()
    assert popup.accessibleName() == "Mix with"
    assert menu.currentText() == "Desk mic"
    popup.close()


# --- faders and transport, alone


def test_faders_are_shown_and_named_while_two_sounds_play(qtbot):
    panel = ControlsPanel()
    qtbot.addWidget(panel)
    panel.set_controls(SESSION_CONTROLS, {})
    panel.show()
    assert not any(panel.row(name).isVisible() for name in MIX_GAINS)
    panel.show_mix(["Desk mic", "rain.ogg"])
    sliders = [panel.row(name).findChild(ControlSlider) for name in MIX_GAINS]
    assert [slider.accessibleName() for slider in sliders] == [
        "First sound: Desk mic",
        "Second sound: rain.ogg",
    ]
    assert all(slider.isVisible() and slider.toolTip() for slider in sliders)
    panel.set_controls(SESSION_CONTROLS[1:], {})
    assert panel.row("second_db").isVisible(), "another model changes nothing"
    panel.show_mix(["Desk mic"])
    assert not any(panel.row(name).isVisible() for name in MIX_GAINS)
    assert sliders[0].accessibleName() == "First sound"


def test_the_transport_asks_which_of_two_files(qtbot):
    bar = FileBar()
    qtbot.addWidget(bar)
    bar.show()
    bar.show_files(["one.wav"], 0)
    assert not bar.which.isVisible()
    bar.show_files(["one.wav", "two.wav"], 1)
    assert bar.which.isVisible()
    assert bar.which.currentText() == "two.wav"
    assert bar.which.accessibleName()
    with qtbot.waitSignal(bar.file_chosen) as chosen:
        qtbot.keyClick(bar.which, Qt.Key.Key_Up)
    assert chosen.args == [0]


def test_the_status_line_tells_what_became_of_a_sound():
    assert _named(PartStatus("Mic", "microphone", "running", 0.0)) == "Mic"
    assert _named(PartStatus("rain.ogg", "file", "ended", 0.0)) == "rain.ogg (ended)"
    assert len(_named(PartStatus("x" * 99, "file", "running", 0.0))) <= 28


# --- in the window


def test_a_file_is_mixed_in_and_taken_out_while_the_first_plays_on(mixing, qtbot, low, high, monkeypatch):
    window, sound = mixing, mixing.controller.sound
    sound.play(f"file:{low}")
    qtbot.waitUntil(plays(window, f"file:{low}"), timeout=LONG)
    first = sound.file
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(high), ""))
    menu = window.top_bar.source
    actions(menu)["Audio file\u2026"].trigger()
    qtbot.waitUntil(lambda: sound.mixing, timeout=LONG)
    assert sound.files[0] is first, "it is not opened again"
    qtbot.waitUntil(lambda: menu.currentText() == "low.wav + high.wav", timeout=LONG)
    qtbot.waitUntil(lambda: level(window) == pytest.approx(0.375, abs=1e-3), timeout=LONG)
    qtbot.waitUntil(lambda: window.status.input.text() == "low.wav + high.wav", timeout=LONG)
    rows = [window.controls.row(name) for name in MIX_GAINS]
    assert all(row.isVisibleTo(window) for row in rows)
    slider = rows[1].findChild(ControlSlider)
    slider.setValue(slider.minimum())
    assert window.controller.show.control("second_db") == -60.0
    qtbot.waitUntil(lambda: level(window) == pytest.approx(0.125, abs=1e-3), timeout=LONG)
    menu.activated.emit(menu.findData(STOP_MIXING))
    qtbot.waitUntil(lambda: menu.currentText() == "low.wav", timeout=LONG)
    assert sound.feed.source is first
    assert not any(row.isVisibleTo(window) for row in rows)
    qtbot.waitUntil(lambda: level(window) == pytest.approx(0.125, abs=1e-3), timeout=LONG)


def test_the_transport_serves_the_file_of_the_mix_or_the_chosen_one(mixing, qtbot, low, high):
    window, sound, bar = mixing, mixing.controller.sound, mixing.file_bar
    sound.mix_with(f"file:{low}")
    qtbot.waitUntil(plays(window, "test", f"file:{low}"), timeout=LONG)
    assert sound.file.name == "low.wav", "the file is the second sound"
    qtbot.waitUntil(window.file_group.isVisible, timeout=LONG)
    qtbot.mouseClick(bar.play, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.status.input.text() == "Test sound + low.wav (paused)", timeout=LONG)
    sound.play(f"file:{high}")
    qtbot.waitUntil(plays(window, f"file:{high}", f"file:{low}"), timeout=LONG)
    qtbot.waitUntil(bar.which.isVisible, timeout=LONG)
    assert sound.file.name == "high.wav"
    bar.which.setCurrentIndex(1)
    bar.which.activated.emit(1)
    assert sound.file.name == "low.wav"
    assert sound.file.status(time.monotonic()).state == "paused", "it was left as it is"
    sound.toggle_mute()
    assert all(file.muted for file in sound.files)
    sound.toggle_mute()
    sound.set_loop(False)
    assert [file.loop for file in sound.files] == [True, False]
    sound.set_loop(True)


def test_another_first_keeps_what_is_mixed_with_it_and_no_input_ends_it(mixing, qtbot, low, high):
    window, sound = mixing, mixing.controller.sound
    sound.mix_with(f"file:{low}")
    qtbot.waitUntil(lambda: sound.mixing, timeout=LONG)
    second = sound.feed.source.parts[1]
    sound.play(f"file:{high}")
    qtbot.waitUntil(plays(window, f"file:{high}", f"file:{low}"), timeout=LONG)
    assert sound.feed.source.parts[1] is second
    sound.play(f"file:{low}")
    qtbot.waitUntil(plays(window, f"file:{low}"), timeout=LONG)
    assert not sound.mixing, "not with itself"
    sound.mix_with("test")
    qtbot.waitUntil(lambda: sound.mixing, timeout=LONG)
    sound.play("none")
    qtbot.waitUntil(plays(window, "none"), timeout=LONG)
    assert sound.feed.source is None
    sound.mix_with("test")
    qtbot.waitUntil(plays(window, "test"), timeout=LONG)
    assert not sound.mixing, "there was nothing to mix with"


def test_a_sound_that_is_alone_is_not_interrupted(mixing):
    sound = mixing.controller.sound
    playing = sound.feed.source
    sound.stop_mixing()
    assert not sound._opening
    assert sound.feed.source is playing


def test_a_second_file_that_is_no_sound_leaves_the_first_alone(mixing, qtbot, tmp_path):
    window, sound = mixing, mixing.controller.sound
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"")
    first = sound.feed.source
    with qtbot.waitSignal(sound.failed, timeout=LONG):
        sound.mix_with(f"file:{broken}")
    assert sound.feed.source is first
    assert (sound.wanted, sound.wanted_beside) == ("test", "")
    assert window.top_bar.source.currentText() == "Test sounds"


def test_a_mix_is_remembered(open_window, qtbot, low, close):
    settings = Settings(source="test", beside=f"file:{low}", controls={"second_db": -12.0})
    settings.save()
    window = open_window(source=None)
    qtbot.waitUntil(lambda: window.controller.sound.mixing, timeout=LONG)
    assert window.controller.sound.feed.second_db == -12.0
    close(window)
    kept = Settings.load()
    assert (kept.source, kept.beside, kept.controls["second_db"]) == ("test", f"file:{low}", -12.0)


def test_what_the_command_line_asks_for_is_not_remembered(open_window, qtbot, low, close):
    Settings(source="none", beside="test", controls={"second_db": -12.0}).save()
    window = open_window(source="test", beside=f"file:{low}", gains={"second_db": -3.0})
    qtbot.waitUntil(lambda: window.controller.sound.mixing, timeout=LONG)
    assert window.controller.sound.feed.second_db == -3.0
    close(window)
    kept = Settings.load()
    assert (kept.source, kept.beside, kept.controls["second_db"]) == ("none", "test", -12.0)


def test_where_one_of_two_is_missing_at_the_start_the_other_plays(open_window, qtbot, tmp_path, low):
    missing = f"file:{tmp_path / 'missing.wav'}"
    for first, beside in (("test", missing), (missing, "test")):
        window = open_window(source=first, beside=beside)
        sound = window.controller.sound
        qtbot.waitUntil(lambda sound=sound: sound.feed.source is not None, timeout=LONG)
        qtbot.waitUntil(lambda window=window: "missing.wav" in window.messages.text, timeout=LONG)
        assert not isinstance(sound.feed.source, MixedSource)
        assert (sound.wanted, sound.wanted_beside) == (first, beside), "it is still wanted"
