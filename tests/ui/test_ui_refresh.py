"""The clock of the window, over a tiny model: when frames are taken and what the sound waits for."""

from __future__ import annotations

import itertools
import json

import pytest
from PySide6.QtWidgets import QApplication
from waiting import wait_for

from s2s_live.tracing import recording

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
        qtbot.wait(1_000)
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
