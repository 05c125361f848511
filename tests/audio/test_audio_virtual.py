"""Real capture from a virtual sound card: what was played is what arrives, and devices come and go."""

import time

import numpy as np
import pytest
import soundfile
from waiting import wait_for

from s2s_live.audio.device import find_device
from s2s_live.audio.devices import list_inputs, list_outputs
from s2s_live.audio.feed import Feed
from s2s_live.audio.file import FileSource
from s2s_live.audio.loopback import PulseSource
from s2s_live.audio.microphone import MicrophoneSource
from s2s_live.audio.sources import open_source
from s2s_live.errors import AudioError

pytestmark = pytest.mark.virtual

RATE = 48_000


@pytest.fixture
def feed(virtual_mic):
    made = Feed(seconds=20.0)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def noise(tmp_path):
    """A second of stereo noise as a file, and as samples."""
    samples = (np.random.default_rng(4).standard_normal((RATE, 2)) * 0.1).astype(np.float32)
    path = tmp_path / "noise.wav"
    soundfile.write(path, samples, RATE)
    return path, samples


def state(feed):
    return feed.status(time.monotonic()).state


def programme(feed):
    return lambda: feed.program.read(max(0, feed.program.written - 6 * RATE), feed.program.written)


def find(whole, part):
    """Where `part` stands in `whole`, by correlation, and how well it fits (1: perfectly)."""
    size = 1 << (len(whole) + len(part)).bit_length()
    at = int(np.argmax(np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)))
    piece = whole[at : at + len(part)]
    if len(piece) < len(part) or not piece.any():
        return at, 0.0
    return at, float(np.corrcoef(piece, part)[0, 1])


def heard(recorded, samples):
    """Wait until `recorded()` has the sound unchanged; return its level there against the original."""
    part, levels = samples[5_000:25_000], []

    def there():
        whole = recorded()
        at, fit = find(whole[:, 0], part[:, 0])
        if fit > 0.9999:
            levels.append(float(np.std(whole[at : at + len(part), 1]) / np.std(part[:, 1])))
        return levels

    assert wait_for(there), "the sound did not arrive unchanged"
    return levels[0]


@pytest.mark.parametrize("text", ["default", "vmic1", "pulse:vmic1", "pulse:vmic1_in.monitor"])
def test_what_is_played_is_what_arrives(feed, virtual_mic, noise, text):
    path, samples = noise
    feed.play(open_source(text))
    assert wait_for(lambda: feed.status(time.monotonic()).block_age_s < 0.3)
    virtual_mic.play(path)
    assert heard(programme(feed), samples) == pytest.approx(1.0, abs=0.01)
    status = feed.status(time.monotonic())
    assert (status.rate, status.channels, status.lost_samples) == (RATE, 2, 0)


def test_portaudio_hears_the_default(feed, virtual_mic, noise):
    path, samples = noise
    list_inputs()
    feed.play(MicrophoneSource())
    virtual_mic.play(path)
    heard(programme(feed), samples)


@pytest.mark.parametrize("text", ["vmic2", "pulse:vmic2", "default"])
def test_sound_is_back_after_the_device_is_back(feed, virtual_mic, noise, text):
    path, samples = noise
    virtual_mic.default(2)
    feed.play(open_source(text))
    assert wait_for(lambda: state(feed) == "running")
    virtual_mic.unplug("all")
    assert wait_for(lambda: state(feed) == "lost")
    before = feed.program.written
    assert wait_for(lambda: feed.program.written > before + RATE // 2), "the programme goes on"
    virtual_mic.replug("all")
    virtual_mic.default(2)
    assert wait_for(lambda: state(feed) == "running")
    virtual_mic.play(path, mic=2)
    heard(programme(feed), samples)


def test_choosing_another_device_while_one_is_lost(feed, virtual_mic, noise):
    path, samples = noise
    feed.play(open_source("vmic1"))
    virtual_mic.unplug("all")
    assert wait_for(lambda: state(feed) == "lost")
    virtual_mic.replug(2)
    feed.play(open_source("pulse:vmic2"))
    virtual_mic.play(path, mic=2)
    heard(programme(feed), samples)


def test_switching_devices_back_and_forth(feed, virtual_mic, noise):
    path, samples = noise
    for text in ("vmic1", "vmic2", "pulse:vmic1", "test", "vmic2"):
        feed.play(open_source(text))
    virtual_mic.play(path, mic=2)
    heard(programme(feed), samples)


@pytest.mark.parametrize("source", [PulseSource, MicrophoneSource])
def test_the_default_is_followed(feed, virtual_mic, noise, source):
    path, samples = noise
    virtual_mic.default(1)
    list_inputs()
    feed.play(source())
    assert wait_for(lambda: feed.status(time.monotonic()).block_age_s < 0.3)
    virtual_mic.default(2)
    time.sleep(0.3)
    virtual_mic.play(path, mic=2)
    heard(programme(feed), samples)


def test_a_device_that_is_not_there(feed, virtual_mic):
    with pytest.raises(AudioError, match="no audio device called 'nonsense'") as error:
        open_source("nonsense")
    assert "vmic1" in error.value.hint
    gone = open_source("vmic2")
    gone_too = open_source("pulse:vmic2")
    virtual_mic.unplug(2)
    for source in (gone, gone_too):
        with pytest.raises(AudioError):
            feed.play(source)


def test_the_menus(virtual_mic):
    inputs, outputs = list_inputs(), list_outputs()
    assert inputs[0].id == outputs[0].id == "default"
    assert {"pulse:vmic1", "pulse:vmic2_in.monitor", "ALSA:vmic2"} <= {d.id for d in inputs}
    assert find_device("pulse:vmic1_in.monitor", inputs).kind == "loopback"
    assert find_device("Virtual-mic-1", inputs).is_default
    assert "pulse:vmic2_in" in {d.id for d in outputs}
    assert len({d.id for d in inputs}) == len(inputs)


@pytest.mark.parametrize(
    ("output", "ear_on"), [("pulse:vmic2_in", "pulse:vmic2"), ("default", "pulse:vmic1")]
)
def test_a_file_is_heard_on_its_output_exactly_as_the_ring_has_it(feed, virtual_mic, noise, output, ear_on):
    path, samples = noise
    list_inputs()
    ear = PulseSource(find_device(ear_on, list_inputs()))
    ear.start()
    try:
        source = FileSource(path, output=output)
        source.volume = 0.5
        feed.play(source)
        # The volume is for the ears alone.
        assert heard(programme(feed), samples) == pytest.approx(1.0, abs=0.001)
        level = heard(lambda: ear.ring.read(ear.ring.oldest() + 9_600, ear.ring.written), samples)
        assert level == pytest.approx(0.5, abs=0.01)
    finally:
        ear.stop()


def test_an_output_that_goes_leaves_the_file_playing(feed, virtual_mic, noise):
    path, _ = noise
    list_inputs()
    source = FileSource(path, loop=True, output="default")
    feed.play(source)
    assert wait_for(lambda: source.ring.written > 0)
    virtual_mic.unplug("all")
    assert wait_for(lambda: "without being heard" in feed.status(time.monotonic()).message)
    at = source.ring.written
    assert wait_for(lambda: source.ring.written > at + RATE // 4)
    virtual_mic.replug("all")
    assert wait_for(lambda: not feed.status(time.monotonic()).message)
    source.output = None
    at = source.ring.written
    assert wait_for(lambda: source.ring.written > at + RATE // 4)
