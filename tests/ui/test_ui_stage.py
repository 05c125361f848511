"""The real window: recording, the output window, settings, and whether it can be read and reached."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from s2s_live.control.settings import Settings
from s2s_live.ui.slider import ControlSlider
from s2s_live.ui.widgets import Label

LONG = 120_000
"""Milliseconds to wait on a busy machine."""


# --- recording


def test_a_take_and_a_still(window, qtbot, press):
    takes = window.controller.takes
    with qtbot.waitSignal(takes.changed, timeout=LONG):
        press(window, Qt.Key.Key_R)
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


def test_closing_while_recording_is_quick_and_keeps_the_take(open_window, qtbot, tmp_path, close):
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


def test_the_output_window_fills_its_display_without_a_cursor(window, qtbot, press):
    output = window.output
    press(window, Qt.Key.Key_F11)
    assert output.isFullScreen()
    assert output.cursor().shape() == Qt.CursorShape.BlankCursor
    qtbot.waitUntil(lambda: output.scene.shown > 2, timeout=LONG)
    press(output, Qt.Key.Key_B)
    assert window.controller.curtain.black, "keys work in both windows"
    press(output, Qt.Key.Key_Escape)
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


def test_settings_come_back(open_window, qtbot, model, close):
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


def test_what_the_command_line_asked_for_is_not_remembered(open_window, close):
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


def test_tab_goes_as_the_eye_does(window, qtbot):
    window.activateWindow()
    window.top_bar.source.setFocus()
    reached = []
    for _ in range(50):  # the slots of the memory too
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        reached.append(window.focusWidget().accessibleName() or window.focusWidget().text())
    places = [
        reached.index(name)
        for name in ("Model", "Hold", "Memory slot 1: empty", "Set level", "Input gain", "Attack", "Record")
    ]
    assert places == sorted(places)
