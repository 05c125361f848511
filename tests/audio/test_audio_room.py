"""A device that has come back while the other sound of a mix holds PortAudio's list still."""

import threading
import time

import numpy as np
import pytest
import soundfile

from s2s_live.audio.device import Device
from s2s_live.audio.file import FileSource
from s2s_live.audio.ring import SampleRing
from s2s_live.audio.room import room
from s2s_live.audio.source import BlockLog
from s2s_live.audio.supervision import Supervisor
from s2s_live.audio.watch import DeviceWatch
from s2s_live.errors import AudioError


class Mic:
    """A device of a library that finds new devices only while no stream of it is open."""

    kind, sample_rate, channels = "microphone", 48_000, 2

    def __init__(self, name, streams, listed=True):
        self.name = self.device_id = self.opened_id = name
        self.streams, self.listed = streams, listed
        self.starts = self.fails = 0
        self.ring = SampleRing(1, 2, 48_000)
        self.log = BlockLog(48_000, 0.0)

    def start(self):
        self.starts += 1
        if not self.listed and self.streams:
            self.fails += 1
            raise AudioError(f"{self.name} is not there.", "Plug it in.")
        self.listed = True
        self.streams.add(self.name)

    def stop(self):
        self.streams.discard(self.name)

    def status(self, now):  # noqa: ARG002 - the contract has it
        return self.log.status("running" if self.name in self.streams else "lost")

    def capture_time(self, position):
        return position / 48_000


@pytest.fixture
def streams():
    return set()


def watching(*names, at):
    watch = DeviceWatch()
    show(watch, *names, at=at)
    return watch


def show(watch, *names, at):
    devices = [Device(name, name, "", "input", 2, 48_000, False) for name in names]
    watch._take({"inputs": [vars(device) for device in devices], "outputs": [], "error": ""}, at)


def looked(supervisor, now):
    for step in range(3):
        supervisor.look(now + 0.05 * step)


def test_the_other_device_makes_room_once_for_each_change(streams):
    stays, back = Mic("One", streams), Mic("Two", streams, listed=False)
    stays.start()
    now = time.monotonic()  # the supervisor notes by the real clock when it tried
    watch = watching("One", at=now - 20.0)
    supervisor = Supervisor(threading.RLock(), lambda: back, watch, beside=lambda: stays)
    looked(supervisor, now + 10.0)
    assert (back.starts, stays.starts) == (1, 1), "it is not plugged in: the other is left alone"
    show(watch, "One", "Two", at=now - 1.0)
    looked(supervisor, now + 12.0)
    assert streams == {"One", "Two"}
    assert stays.starts == 2
    back.stop()
    back.listed = False
    looked(supervisor, now + 20.0)
    assert stays.starts == 2, "no second time without a change"


def test_a_single_source_needs_no_room(streams):
    alone = Mic("One", streams, listed=False)
    streams.add("another program")
    supervisor = Supervisor(threading.RLock(), lambda: alone, watching("One", at=1.0))
    looked(supervisor, 10.0)
    assert alone.fails == 1
    assert supervisor.error is not None


def test_the_default_device_has_come_when_there_is_one():
    follows = Mic("default", set())
    watch = watching("One", at=5.0)
    assert not watch.come(follows, 1.0)
    watch._take(
        {"inputs": [vars(Device("a", "a", "", "input", 2, 48_000, True))], "outputs": [], "error": ""}, 6.0
    )
    assert watch.come(follows, 1.0)
    assert not watch.come(follows, 6.0)


def test_a_file_gives_its_output_back_and_plays_on(tmp_path):
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.zeros((4_800, 2), np.float32), 48_000)
    file = FileSource(path, output="somewhere")
    with room(file):
        assert (file.output, file.audible) == (None, False)
    assert file.output == "somewhere"


def test_a_device_that_cannot_be_started_again_is_left_to_its_supervisor(streams):
    stays = Mic("One", streams)
    stays.start()
    with room(stays):
        assert not streams
        stays.listed = False
        streams.add("Two")
    assert stays.fails == 1
