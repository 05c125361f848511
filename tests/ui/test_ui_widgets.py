"""Widgets by themselves: drawn off-screen, clicked and typed at."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QCheckBox, QLabel

from s2s_live.engines.base import Control, Target
from s2s_live.live.controls import SESSION_CONTROLS
from s2s_live.live.frame import Frame
from s2s_live.record.settings import RecorderStatus
from s2s_live.ui.controls_panel import ELSEWHERE, ControlsPanel
from s2s_live.ui.curtain import Curtain
from s2s_live.ui.heard_bar import HeardBar
from s2s_live.ui.hud import Hud
from s2s_live.ui.messages import MessageBar
from s2s_live.ui.meter import FLOOR_DB, Meter
from s2s_live.ui.model_menu import ModelMenu
from s2s_live.ui.record_bar import RecordBar
from s2s_live.ui.scene_view import SceneView
from s2s_live.ui.shortcuts import SHORTCUTS, ShortcutSheet
from s2s_live.ui.slider import ControlSlider
from s2s_live.ui.source_menu import OPEN_FILE, SourceMenu
from s2s_live.ui.spectrogram_view import SpectrogramView
from s2s_live.ui.widgets import Button, Choice

REACTIVITY = Control("reactivity", "Reactivity", "How strongly bursts move the picture.", 1.0, 0.0, 3.0)


@pytest.fixture
def show(qtbot):
    def add(widget, width=400, height=300):
        widget.resize(width, height)
        qtbot.addWidget(widget)
        widget.show()
        qtbot.waitExposed(widget)
        return widget

    return add


def picture(colour, size=(64, 64)):
    return np.broadcast_to(np.uint8(colour), (*size, 3)).copy()


def frame(index, colour):
    return Frame(index, index * 800, picture(colour), 0.0, 0.0)


def colour_at(widget, x, y):
    return widget.grab().toImage().pixelColor(x, y).getRgb()[:3]


# --- sliders and panels


def test_a_slider_follows_mouse_and_keys_and_a_double_click_resets_it(show, qtbot):
    slider = show(ControlSlider(REACTIVITY), 218, 22)
    with qtbot.waitSignal(slider.changed) as moved:
        qtbot.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(209, 11))
    assert moved.args == [3.0]
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert slider.scale.value(slider.value()) == 0.0
    qtbot.mouseDClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(20, 11))
    assert slider.scale.value(slider.value()) == pytest.approx(1.0, abs=0.01)
    assert slider.accessibleName() == "Reactivity"


def test_showing_a_value_reports_nothing(show, qtbot):
    slider = show(ControlSlider(REACTIVITY))
    with qtbot.assertNotEmitted(slider.changed):
        slider.show_value(2.0)
    assert slider.value() > slider.scale.position(1.9)


def test_the_panel_is_made_from_the_list(show, qtbot):
    panel = show(ControlsPanel(), 300, 800)
    panel.set_controls((*SESSION_CONTROLS, REACTIVITY), {"attack": 1.0})
    for control in (*SESSION_CONTROLS, REACTIVITY):
        if control.name in ELSEWHERE:  # has a place of its own
            continue
        assert panel.row(control.name).control is control
    slider = panel.row("attack").findChild(ControlSlider)
    assert slider.scale.value(slider.value()) == pytest.approx(1.0, abs=0.02)
    with qtbot.waitSignal(panel.changed) as moved:
        slider.setValue(slider.maximum())
    assert moved.args == ["attack", 5.0]
    menu = panel.row("gate_mode").findChild(Choice)
    with qtbot.waitSignal(panel.changed) as chosen:
        menu.setFocus()
        qtbot.keyClick(menu, Qt.Key.Key_Down)
    assert chosen.args == ["gate_mode", 1.0]
    switch = panel.row("flash_guard").findChild(QCheckBox)
    assert switch.isChecked()
    with qtbot.waitSignal(panel.changed) as switched:
        qtbot.mouseClick(switch, Qt.MouseButton.LeftButton, pos=QPoint(8, switch.height() // 2))
    assert switched.args == ["flash_guard", 0.0]


def test_another_engine_keeps_the_rows_it_shares(show):
    panel = show(ControlsPanel(), 300, 800)
    panel.set_controls((*SESSION_CONTROLS, REACTIVITY), {})
    kept = panel.row("attack")
    panel.set_controls(SESSION_CONTROLS, {})
    assert panel.row("attack") is kept
    with pytest.raises(KeyError):
        panel.row("reactivity")


def test_a_change_from_elsewhere_does_not_pull_the_slider_from_the_hand(show):
    panel = show(ControlsPanel(), 300, 800)
    panel.set_controls(SESSION_CONTROLS, {})
    slider = panel.row("attack").findChild(ControlSlider)
    slider.setSliderDown(True)
    before = slider.value()
    panel.show_values({"attack": 5.0})
    assert slider.value() == before
    slider.setSliderDown(False)
    panel.show_values({"attack": 5.0})
    assert slider.value() == slider.maximum()


def test_a_focused_button_keeps_space_and_return(show, qtbot):
    button = show(Button("Go"))
    button.setFocus()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Return):
        with qtbot.waitSignal(button.clicked):
            qtbot.keyClick(button, key)
    assert button.accessibleName() == "Go"


# --- the scene


def test_the_scene_shows_the_newest_frame_and_says_when(show, qtbot):
    view = show(SceneView(Curtain(), clock=lambda: 7.0))
    painted = []
    view.on_painted = lambda index, now: painted.append((index, now))
    view.show_frame(frame(3, (200, 10, 10)))
    qtbot.waitUntil(lambda: bool(painted))
    assert painted[0] == (3, 7.0)
    assert colour_at(view, 200, 150) == (200, 10, 10)
    assert colour_at(view, 10, 150) == (0, 0, 0), "bands beside a square picture are black"


def test_repeated_frames_are_shown_but_not_unique(show, qtbot):
    view = show(SceneView(Curtain()))
    for shown in range(1, 4):
        view.show_frame(frame(5, (9, 9, 9)))
        qtbot.waitUntil(lambda shown=shown: view.shown >= shown)
    assert view.unique == 1


def test_fill_and_mirror(show):
    view = show(SceneView(Curtain()))
    two = picture((0, 0, 0))
    two[:, :32] = (0, 0, 250)
    view.set_mode("fill")
    view.show_frame(Frame(0, 0, two, 0.0, 0.0))
    assert colour_at(view, 20, 150) == (0, 0, 250)
    view.set_mirror(True)
    assert colour_at(view, 20, 150) == (0, 0, 0)
    assert colour_at(view, 380, 150) == (0, 0, 250)


def test_the_fine_filter_enlarges_small_pictures_only(show):
    view = show(SceneView(Curtain(), fine=True))
    view.show_frame(frame(0, (10, 200, 30)))
    assert view._image.width() == 128
    assert colour_at(view, 200, 150) == (10, 200, 30)
    view.show_frame(Frame(1, 0, picture((1, 2, 3), (1024, 1024)), 0.0, 0.0))
    assert view._image.width() == 1024


def test_blackout_and_freeze(show):
    curtain = Curtain(fade_s=0.1)
    view = show(SceneView(curtain))
    view.show_frame(frame(0, (100, 100, 100)))
    curtain.advance(0.0)
    curtain.frozen = True
    view.show_frame(frame(1, (110, 110, 110)))
    curtain.advance(1.0)
    view.show_frame(frame(2, (250, 250, 250)))
    assert colour_at(view, 200, 150) == (110, 110, 110), "the picture of the moment stays"
    curtain.frozen = False
    curtain.advance(1.05)
    assert 110 < colour_at(view, 200, 150)[0] < 250, "cross-fade"
    curtain.advance(2.0)
    view.show_frame(frame(3, (250, 250, 250)))
    assert colour_at(view, 200, 150) == (250, 250, 250)
    curtain.black = True
    curtain.advance(3.0)
    assert colour_at(view, 200, 150) == (0, 0, 0)


def test_the_bands_of_the_control_window_glow_in_the_colours_of_the_picture(show):
    view = show(SceneView(Curtain(), glow=True))
    view.show_frame(frame(0, (250, 20, 20)))
    red, green, _ = colour_at(view, 10, 150)
    assert green < 40 < red < 140


def test_before_there_is_a_scene_it_says_what_goes_on(show):
    view = show(SceneView(Curtain()))
    view.placeholder.title = "Opening the model"
    quiet = view.grab().toImage()
    view.placeholder.loudness = 1.0
    assert view.grab().toImage() != quiet, "it follows the sound already"
    assert view.shown == 0


def test_the_hud_is_a_table_over_the_scene(show):
    view = show(SceneView(Curtain()))
    hud = Hud(view)
    hud.show_rows([("Generated", "60 /s"), ("Shown", "60 /s")])
    hud.show()
    assert hud.rows == (("Generated", "60 /s"), ("Shown", "60 /s"))
    assert "Generated 60 /s" in hud.accessibleDescription()
    assert not hud.grab().toImage().isNull()


# --- sound


def test_the_meter_holds_its_peak_and_lets_it_fall(show):
    meter = show(Meter(), 220, 34)
    meter.show_level(-20.0, -6.0, False, 10.0)
    meter.show_level(-30.0, -30.0, False, 10.9)
    assert meter.held_db == -6.0
    meter.show_level(-30.0, -30.0, False, 11.9)
    assert meter.held_db == pytest.approx(-26.0)
    meter.show_level(-200.0, -200.0, True, 20.0)
    assert meter.held_db == FLOOR_DB
    assert meter.clipped
    assert meter.accessibleDescription() == "clipping"


def test_the_spectrogram_draws_a_tone_at_its_height(show, qtbot):
    view = show(SpectrogramView(96, 40.0, 16_000.0, 100.0), 600, 200)
    columns = np.full((1000, 96), -120.0, np.float32)
    columns[:, 48] = 0.0  # the middle: 800 Hz
    view.add(columns)
    image = view.grab().toImage()
    box = view.plot.getViewBox().mapRectToScene(view.plot.getViewBox().rect())
    x = int(box.center().x())
    bright = max(range(int(box.top()), int(box.bottom())), key=lambda y: image.pixelColor(x, y).lightness())
    assert bright == pytest.approx(box.center().y(), abs=3)
    view.clear()
    assert view.grab().toImage() != image


class Entry:
    """A device as the menu sees it."""

    def __init__(self, identity, name, kind):
        self.id, self.name, self.kind = identity, name, kind


def test_the_source_menu_offers_devices_and_keeps_what_is_away(show, qtbot):
    menu = show(SourceMenu())
    menu.show_devices([Entry("default", "System default", "input"), Entry("a", "Desk mic", "input")])
    menu.show_devices([Entry("a", "Desk mic", "input"), Entry("m", "Speakers", "loopback")])
    titles = [menu.itemText(index) for index in range(menu.count())]
    assert titles[:3] == ["System default", "Desk mic", "Sound of Speakers"]
    assert titles.count("System default") == 1
    menu.show_source("a")
    assert menu.currentText() == "Desk mic"
    menu.show_devices([])
    assert menu.currentData() == "a"
    assert "not found" in menu.currentText()
    menu.show_source("file:/tmp/rain.ogg")
    assert menu.currentText() == "rain.ogg"
    with qtbot.waitSignal(menu.file_wished):
        menu.activated.emit(menu.findData(OPEN_FILE))
    with qtbot.waitSignal(menu.chosen) as chosen:
        menu.activated.emit(menu.findData("test"))
    assert chosen.args == ["test"]


def test_a_device_named_on_the_command_line_is_found_in_the_menu(show):
    menu = show(SourceMenu())
    menu.show_source("desk")
    assert "not found" in menu.currentText()
    menu.show_devices([Entry("pulse:a", "Desk mic", "input"), Entry("pulse:b", "Other", "input")])
    assert menu.currentText() == "Desk mic"


# --- words


def test_what_is_heard(show):
    bar = show(HeardBar(), 600, 40)
    target = Target(np.ones(1, np.float32), np.zeros((3, 2), np.float32), "night_insects", 0.824)
    assert bar.family.text() == "nothing yet"
    bar.show_target(target, sounding=True)
    assert (bar.family.text(), bar.figure.text(), bar.bar.share) == ("Night insects", "82\u00a0%", 0.82)
    bar.show_target(target, sounding=False)
    assert bar.family.text() == "Silence"
    assert "Silence" in bar.accessibleDescription()


def test_the_same_message_comes_once(show):
    host = show(Button("host"))
    bar = MessageBar(host)
    assert bar.show_message("The disk is full", "Free some space.", "error")
    bar.dismiss()
    assert not bar.show_message("The disk is full", "Free some space.", "error")
    assert not bar.isVisible()
    bar.forget("The disk is full")
    assert bar.show_message("The disk is full", "Free some space.", "error")
    bar.forget("The disk is full")
    assert not bar.isVisible(), "its cause is gone"


def test_the_record_bar_tells_time_size_and_space(show, qtbot):
    bar = show(RecordBar(), 300, 100)
    bar.show_idle(93_000_000_000)
    assert bar.detail.text() == "93.0\u00a0GB free"
    with qtbot.waitSignal(bar.record_wished):
        qtbot.mouseClick(bar.button, Qt.MouseButton.LeftButton)
    status = RecorderStatus(
        "recording", 75.2, 12_400_000, 5_000_000_000, 2256, 0, 3, 0, 0.0, False, "", None, 0.0
    )
    bar.show_status(status)
    assert (bar.elapsed.text(), bar.button.text(), bar.button.isChecked()) == ("1:15", "Stop", True)
    assert bar.detail.text() == "12.4\u00a0MB  \u00b7  5.0\u00a0GB free  \u00b7  3 dropped"
    bar.show_idle(5_000_000_000, "Converting\u2026")
    assert bar.detail.text() == "Converting\u2026  \u00b7  5.0\u00a0GB free"
    bar.show_idle(None)
    assert (bar.button.text(), bar.button.isChecked()) == ("Record", False)


def test_every_shortcut_is_on_the_sheet_and_no_key_means_two_things(show):
    keys = [key for shortcut in SHORTCUTS for key in shortcut.keys]
    assert len(keys) == len(set(keys))
    sheet = show(ShortcutSheet(None), 600, 400)
    shown = {label.text() for label in sheet.findChildren(QLabel)}
    assert {shortcut.title for shortcut in SHORTCUTS} <= shown


def test_the_model_menu_offers_the_sizes_of_a_model_that_has_several(qtbot):
    menu = ModelMenu()
    qtbot.addWidget(menu)
    menu.show_models(["world"], "world")
    menu.show_sizes(((64, 64),), "auto")
    assert not any("size" in menu.itemText(index) for index in range(menu.count()))
    menu.show_sizes(((64, 64), (128, 128)), "auto")
    texts = [menu.itemText(index) for index in range(menu.count())]
    assert "Picture size: 128 \u00d7 128" in texts
    with qtbot.waitSignal(menu.fine_chosen) as said:
        menu.activated.emit(texts.index("Picture size: 128 \u00d7 128"))
    assert said.args == ["on"]
    assert menu.currentText() == "world"
