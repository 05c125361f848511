"""Every window test starts with fresh settings, and may leave neither threads nor Qt warnings behind."""

from __future__ import annotations

import threading
import time

import pytest
from PIL import Image
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from s2s_live.control.settings import Settings
from s2s_live.live.memory import NO_PINS, released
from s2s_live.ui.controller import Controller
from s2s_live.ui.main_window import MainWindow
from s2s_live.ui.options import AppOptions

LONG = 120_000
"""Milliseconds to wait on a busy machine."""
HANG_S = 15.0
"""A closing longer than this hangs; the app itself cuts it short after two seconds (`run_app`)."""
# What the off-screen platform says about things it cannot do; no fault of ours.
HARMLESS = ("This plugin does not support",)


@pytest.fixture(autouse=True)
def fresh_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("S2S_LIVE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("S2S_LIVE_LOGS", str(tmp_path / "logs"))
    monkeypatch.setenv("S2S_LIVE_MEMORY", str(tmp_path / "memory"))


@pytest.fixture(autouse=True, scope="module")
def no_threads_left():
    yield
    end = time.monotonic() + 20.0  # a model that was being opened is opened first
    left = ours()
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = ours()
    assert left == []


def ours():
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("s2s-"))


@pytest.fixture(autouse=True)
def no_qt_warnings(qtlog):
    yield
    said = [
        record.message
        for record in qtlog.records
        if record.type_name not in ("QtDebugMsg", "QtInfoMsg") and not record.message.startswith(HARMLESS)
    ]
    assert said == []


@pytest.fixture(autouse=True, scope="session")
def styled(qapp):
    from s2s_live.ui.style import apply_style

    apply_style(qapp)


@pytest.fixture(scope="session")
def model(tiny_folder):
    return tiny_folder


@pytest.fixture
def photograph(tmp_path):
    """Makes a wide picture file of one colour."""

    def make(name):
        path = tmp_path / name
        Image.new("RGB", (160, 90), (10, 60, 200)).save(path)
        return path

    return make


@pytest.fixture
def rests():
    """Whether nothing goes on in a window but the show."""

    def ask(window):
        return not window.controller.jobs.busy and not window.status.job.text.text()

    return ask


@pytest.fixture
def pictures(window, rests, qtbot):
    """The window's pictures, over a memory that is empty before and after."""
    controller = window.controller
    show = controller.show
    qtbot.waitUntil(lambda: show.frame.scene is not None, timeout=LONG)
    yield controller.pictures
    controller.pictures.cancel()
    qtbot.waitUntil(lambda: rests(window), timeout=LONG)
    show.session.memory.put_all(NO_PINS)
    show.keeper.note(show.engine.spec, NO_PINS)
    for name, value in released().items():
        show.set_control(name, value)
    controller.memory._before = {}


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
    assert time.monotonic() - begun < HANG_S
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
        patch.setenv("S2S_LIVE_MEMORY", str(folder / "memory"))
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
    # What was asked for is named at once, and plays a moment later.
    qtbot.waitUntil(lambda: window.controller.sound.feed.source is not None, timeout=LONG)


@pytest.fixture
def press(qtbot):
    """Presses a key in a window that has the focus."""

    def press_key(window, key):
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow, timeout=LONG)
        qtbot.keyClick(window, key)

    return press_key


@pytest.fixture(name="close")
def close_fixture():
    """Closes a window and checks that it does not hang."""
    return close
