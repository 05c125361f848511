"""The app as a process: it starts, is asked to end in any state, and ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from s2s_live.control.settings import settings_path

ROOT = Path(__file__).parents[2]
START = """
import sys, time
from s2s_live.ui.app import AppOptions, run_app
def ready(window):
    print("window", flush=True)
    window.controller.show.opened.connect(lambda: print("model", flush=True))
    window.closing.connect(lambda: print("closing", flush=True))
sys.exit(run_app(AppOptions(source="test", model=sys.argv[1], seconds=float(sys.argv[2]) or None), ready))
"""


def start(model, seconds=0.0, **environ):
    return subprocess.Popen(
        [sys.executable, "-c", START, str(model), str(seconds)],
        cwd=ROOT,
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(process, word):
    for line in process.stdout:
        if line.strip() == word:
            return
    pytest.fail(f"{word} never came: {process.stderr.read()}")


def end_of(process):
    """Exit status, and that it came within two seconds (and the interpreter's own end) of now."""
    begun = time.monotonic()
    process.wait(30)
    process.stdout.close()
    process.stderr.close()
    return process.returncode, time.monotonic() - begun


@pytest.mark.slow
@pytest.mark.parametrize("state", ["window", "model"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signals_close_the_app_in_any_state(model, name, state):
    process = start(model)
    wait_for(process, state)
    process.send_signal(getattr(signal, name))
    wait_for(process, "closing")
    status, _ = end_of(process)
    assert status == 0


@pytest.mark.slow
def test_two_instances_run_side_by_side_and_end_by_themselves(model):
    processes = [start(model, seconds=3.0) for _ in range(2)]
    for process in processes:
        wait_for(process, "closing")
        assert end_of(process)[0] == 0


STUCK = """
import sys, threading
from PySide6.QtCore import QTimer
from s2s_live.ui.app import AppOptions, run_app
def ready(window):
    window.controller.jobs.submit(threading.Event().wait)  # a driver that never answers
    window.controller.takes.close = lambda timeout: threading.Event().wait()
    QTimer.singleShot(200, window.close)
run_app(AppOptions(source="none", model="nothing"), ready)
print("came back")
"""


@pytest.mark.slow
def test_what_hangs_cannot_keep_the_app_open():
    done = subprocess.run(
        [sys.executable, "-c", STUCK], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0
    assert "came back" not in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("text", ["version = 99\n", "\x00 no TOML = = =", "source = 5\n"])
def test_bad_settings_are_said_and_set_aside(model, text):
    path = settings_path()
    path.parent.mkdir(parents=True)
    path.write_text(text)
    process = start(model, seconds=1.0)
    wait_for(process, "closing")
    assert end_of(process)[0] == 0
    assert "version = 1" in path.read_text()
