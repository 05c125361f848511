"""The clock of the window, over a tiny model: when frames are taken and what the sound waits for."""

from __future__ import annotations

import itertools
import json

import pytest
from PySide6.QtWidgets import QApplication
from waiting import wait_for

from s2s_live.tracing import recording
from s2s_live.ui.refresh import TICK_MS

LONG = 120_000
"""Milliseconds to wait on a busy machine."""


@pytest.fixture
def without_looks(window):
    """The window while its timer does not look for anything."""
    window.refresh._timer.stop()
    yield window
    window.refresh._timer.start()


def test_a_frame_that_is_painted_wakes_the_window(without_looks, qtbot):
    before = without_looks.scene.unique
    qtbot.waitUntil(lambda: without_looks.scene.unique > before + 10, timeout=LONG)


def test_a_window_that_was_held_up_finds_no_queue_of_frames(without_looks, monkeypatch):
    window, rounds = without_looks, []
    monkeypatch.setattr(window.refresh, "tick", lambda: rounds.append(window.controller.show.frame.index))
    begun = window.controller.show.frame.index
    assert wait_for(lambda: window.controller.show.frame.index > begun + 30), (
        "the window does nothing meanwhile"
    )
    QApplication.sendPostedEvents(window.refresh)
    assert 1 <= len(rounds) < 10
    assert rounds[0] > begun + 30, "and shows the newest"


def test_the_picture_of_the_sound_follows_that_of_the_scene(window, qtbot, tmp_path):
    with recording(tmp_path / "trace.json"):
        before = window.scene.shown
        qtbot.waitUntil(lambda: window.scene.shown > before + 60, timeout=LONG)
    spans = json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["traceEvents"]
    order = [span["name"] for span in spans if span["name"] in ("take", "draw", "spectrogram")]
    assert order.count("spectrogram") > 3
    before = [name for name, after in itertools.pairwise(order) if after == "spectrogram"]
    assert before.count("draw") > 0.7 * len(before), "the next frame may be there first"


def test_sound_is_drawn_while_there_are_no_frames(open_window, qtbot):
    window = open_window(model="no such model")
    qtbot.waitUntil(
        lambda: window.spectrogram is not None and window.spectrogram.ring.head > 20, timeout=LONG
    )
    assert window.controller.show.frame is None


def test_a_closed_window_is_woken_no_more(open_window, qtbot, close):
    window = open_window()
    qtbot.waitUntil(lambda: window.scene.shown > 2, timeout=LONG)
    session = window.controller.show.session
    assert session._sinks
    close(window)
    assert session._sinks == ()


def test_what_was_called_for_before_the_end_does_nothing_after_it(open_window, qtbot, monkeypatch):
    window, done = open_window(), []
    qtbot.waitUntil(lambda: window.scene.shown > 2, timeout=LONG)
    monkeypatch.setattr(window.refresh, "tick", lambda: done.append("tick"))
    monkeypatch.setattr(window.refresh, "_show_sound", lambda _now: done.append("sound"))
    window.refresh._sound_at = 0.0
    window.refresh._painted.emit()
    window.scene.drawn.emit()
    window.refresh.stop()
    QApplication.sendPostedEvents(window.refresh)
    assert done == []


def test_a_window_that_is_shown_again_looks_as_often_as_before(window):
    window.refresh.start()
    assert window.refresh._timer.interval() == TICK_MS
