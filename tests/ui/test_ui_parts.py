"""The parts behind the window: slow work off the GUI thread, the spectrogram's reader, the screen saver."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from s2s_live.audio.ring import SampleRing
from s2s_live.errors import ModelError
from s2s_live.live.threads import engine_threads, threads_alone
from s2s_live.ui.screen_saver import ScreenSaver
from s2s_live.ui.spectrum import SpectrumReader
from s2s_live.ui.worker import Worker

RATE = 48_000


@pytest.fixture
def worker(qapp):
    worker = Worker("s2s-test-worker")
    yield worker
    assert worker.stop()


def test_results_and_errors_come_back_on_the_gui_thread(worker, qtbot):
    came = []

    def note(value):
        came.append((value, threading.current_thread() is threading.main_thread()))

    def fail():
        raise ModelError("broken", "mend it")

    worker.submit(lambda: threading.current_thread().name, note)
    worker.submit(fail, note, lambda error: note(error.hint))
    qtbot.waitUntil(lambda: len(came) == 2)
    assert came == [("s2s-test-worker", True), ("mend it", True)]
    assert not worker.busy


def test_an_unforeseen_error_does_not_end_the_worker(worker, qtbot, caplog):
    came = []
    worker.submit(lambda: 1 / 0, failed=came.append)
    worker.submit(lambda: 1 / 0)
    worker.submit(lambda: "alive", came.append)
    qtbot.waitUntil(lambda: len(came) == 2)
    assert isinstance(came[0], ZeroDivisionError)
    assert came[1] == "alive"
    assert "a job failed" in caplog.text


def test_after_stop_nothing_comes_any_more(qapp, qtbot):
    worker, release, came = Worker("s2s-test-worker"), threading.Event(), []
    worker.submit(lambda: release.wait(10), came.append)
    assert not worker.stop(0.05), "it says that it is still at work"
    release.set()
    assert worker.stop(5.0)
    qtbot.wait(20)
    assert came == []


def test_the_reader_takes_what_is_new_and_skips_what_it_missed():
    ring, pushed = SampleRing(10 * RATE, 2, RATE), []

    def push(mono):
        pushed.append(mono)
        return np.zeros((len(mono) // 480, 4), np.float32)

    reader = SpectrumReader(ring, push)
    assert reader.take() is None
    ring.write(np.tile(np.float32([[0.5, -0.1]]), (960, 1)))
    assert reader.take().shape == (2, 4)
    np.testing.assert_allclose(pushed[-1], 0.2, atol=1e-6)
    ring.write(np.zeros((5 * RATE, 2), np.float32))  # the window was hidden for a while
    reader.take()
    assert len(pushed[-1]) <= RATE // 5
    assert reader.take() is None


def test_holding_the_screen_saver_off_may_fail_but_never_hurts(qapp, monkeypatch):
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere")
    saver = ScreenSaver()
    saver.hold()
    saver.hold()
    saver.release()
    saver.release()
    assert not saver.held


def test_hearing_and_painting_share_the_cores():
    assert [engine_threads(cores) for cores in (1, 2, 4, 64)] == [1, 1, 2, 4]
    assert [threads_alone(cores) for cores in (1, 2, 3, 4, 64)] == [1, 1, 2, 3, 4]
