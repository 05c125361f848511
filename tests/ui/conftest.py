"""Every window test starts with fresh settings, and may leave neither threads nor Qt warnings behind."""

from __future__ import annotations

import threading
import time

import pytest

# What the off-screen platform says about things it cannot do; no fault of ours.
HARMLESS = ("This plugin does not support",)


@pytest.fixture(autouse=True)
def fresh_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("S2S_LIVE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("S2S_LIVE_LOGS", str(tmp_path / "logs"))


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
