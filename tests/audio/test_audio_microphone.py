"""What no real device here does on demand: refuse formats, overflow, end by itself, hang while closing."""

import builtins
import sys
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

from s2s_live.audio import devices, microphone
from s2s_live.audio import portaudio as shared
from s2s_live.audio.device import Device
from s2s_live.audio.microphone import MicrophoneSource
from s2s_live.errors import AudioError


class FakePortAudio:
    """One device of eight channels at 96 kHz; `accepts` says which (rate, channels) it opens with."""

    class PortAudioError(Exception):
        pass

    def __init__(self, accepts):
        self.accepts = accepts
        self.tried = []
        self.stream = None

    def query_devices(self, index=None):
        entry = {
            "name": "Desk",
            "hostapi": 0,
            "max_input_channels": 8,
            "max_output_channels": 0,
            "default_samplerate": 96_000.0,
        }
        return entry if index is not None else [entry]

    def query_hostapis(self):
        return [{"name": "Core Audio", "default_input_device": 0, "default_output_device": -1}]

    def InputStream(self, **asked):  # noqa: N802 - sounddevice's name
        self.tried.append((asked["samplerate"], asked["channels"]))
        if self.tried[-1] not in self.accepts:
            raise self.PortAudioError("Invalid sample rate [PaErrorCode -9997]")
        self.asked = asked
        self.stream = SimpleNamespace(start=lambda: None, abort=lambda **_: None, close=lambda **_: None)
        return self.stream

    def send(self, block, overflow=False):
        self.asked["callback"](block, len(block), None, SimpleNamespace(input_overflow=overflow))


@pytest.fixture
def opened(monkeypatch):
    """A source on a fake device."""

    def make(*accepts):
        fake = FakePortAudio(accepts)

        @contextmanager
        def portaudio(fresh=False):
            yield fake

        monkeypatch.setattr(microphone, "portaudio", portaudio)
        source = MicrophoneSource(Device("Core Audio:Desk", "Desk", "Core Audio", "input", 8, 96_000, True))
        return source, fake

    return make


def test_the_devices_own_rate_and_channels(opened):
    source, fake = opened((96_000, 8))
    source.start()
    assert fake.tried == [(96_000, 8)]
    assert (source.sample_rate, source.channels, source.ring.channels) == (96_000, 8, 8)
    assert source.opened_id == "Core Audio:Desk"
    source.stop()


def test_a_device_that_refuses_its_own_format_is_opened_with_another(opened):
    source, fake = opened((44_100, 1))
    source.start()
    assert fake.tried[0] == (96_000, 8)
    assert (source.sample_rate, source.channels) == (44_100, 1)
    source.stop()


def test_a_device_that_refuses_everything_is_named_with_what_was_tried(opened):
    source, _ = opened()
    with pytest.raises(
        AudioError, match=r"Desk cannot be opened \(tried 96000 Hz with 8 channels: Invalid"
    ) as error:
        source.start()
    assert "permission" in error.value.hint
    assert source.status(time.monotonic()).state == "lost"


def test_overflow_is_counted_and_an_ended_stream_is_lost(opened):
    source, fake = opened((96_000, 8))
    source.start()
    fake.send(np.ones((512, 8), np.float32))
    fake.send(np.ones((512, 8), np.float32), overflow=True)
    status = source.status(time.monotonic())
    assert (status.state, status.lost_samples, status.callbacks) == ("running", 512, 2)
    assert source.ring.written == 1_024
    fake.asked["finished_callback"]()
    assert source.status(time.monotonic()).state == "lost"
    source.stop()


def test_a_driver_that_hangs_does_not_hold_up_the_show():
    release = threading.Event()
    stream = SimpleNamespace(abort=lambda **_: release.wait(30), close=lambda **_: None)
    began = time.monotonic()
    shared.close(stream)
    assert time.monotonic() - began < 5
    with shared.portaudio():  # others can go on
        pass
    release.set()


def test_without_a_microphone_the_message_says_what_to_do():
    fake = FakePortAudio([])
    fake.query_devices = list
    fake.query_hostapis = lambda: [{"name": "ALSA", "default_input_device": -1, "default_output_device": -1}]
    with pytest.raises(AudioError, match="no microphone") as error:
        devices.index_of(fake, "default", "input")
    assert "test sound" in error.value.hint
    with pytest.raises(AudioError, match="Desk is not there"):
        devices.index_of(fake, "Core Audio:Desk", "input")


@pytest.fixture
def no_portaudio(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest, **more):
        if name == "sounddevice":
            raise OSError("PortAudio library not found")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", missing)


def test_without_portaudio_the_message_says_how_to_install_it(no_portaudio, monkeypatch):
    monkeypatch.setattr(devices.pulse, "sources", list)
    with pytest.raises(AudioError, match="PortAudio is not installed") as error:
        devices.list_inputs()
    assert "libportaudio2" in error.value.hint


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no such sound server")
def test_without_portaudio_the_sound_server_will_do(no_portaudio, monkeypatch):
    mic = Device("pulse:mic", "Webcam", "PulseAudio", "input", 1, 44_100, True)
    monkeypatch.setattr(devices.pulse, "sources", lambda: [mic])
    assert [d.id for d in devices.list_inputs()] == ["default", "pulse:mic"]
