"""Two inputs of a virtual sound card at once: what is played into both is what arrives, and each may go."""

import time

import numpy as np
import pytest
import soundfile
from waiting import wait_for

from s2s_live.audio.feed import Feed
from s2s_live.audio.sources import open_input
from s2s_live.audio.watch import DeviceWatch

pytestmark = pytest.mark.virtual

RATE = 48_000
PIECE = RATE // 20


@pytest.fixture
def feed(virtual_mic):
    watch = DeviceWatch()
    watch.start()
    both = {"pulse:vmic1_in.monitor", "pulse:vmic2_in.monitor"}
    assert wait_for(lambda: both <= {device.id for device in watch.inputs}), "what is seen can be missed"
    made = Feed(seconds=20.0, watch=watch)
    made.start()
    yield made
    made.stop()
    watch.stop()


@pytest.fixture
def sounds(tmp_path):
    """A second of noise for each microphone, as a file and as samples."""
    found = []
    for seed in (4, 5):
        samples = (np.random.default_rng(seed).standard_normal((RATE, 2)) * 0.1).astype(np.float32)
        path = tmp_path / f"noise{seed}.wav"
        soundfile.write(path, samples, RATE)
        found.append((path, samples))
    return found


def parts(feed):
    return [part.state for part in feed.status(time.monotonic()).parts]


def gain_of(feed, samples):
    """How loud `samples` stands in the last seconds of the programme; near 0 where it does not.

    The median of its pieces: where two devices are kept in step, one or another of them holds a splice.
    """
    end = feed.program.written
    whole = feed.program.read(max(0, end - 5 * RATE), end)[:, 0]
    spectrum = np.fft.rfft(whole, 1 << (len(whole) + PIECE).bit_length())
    return float(np.median([_gain(whole, spectrum, part) for part in samples[:, 0].reshape(-1, PIECE)]))


def _gain(whole, spectrum, part):
    size = 2 * (len(spectrum) - 1)
    at = int(np.argmax(np.fft.irfft(spectrum * np.conj(np.fft.rfft(part, size)), size)))
    piece = whole[at : at + len(part)]
    return float(piece @ part / (part @ part)) if len(piece) == len(part) else 0.0


def is_heard(feed, samples, gain=1.0):
    return wait_for(lambda: gain_of(feed, samples) == pytest.approx(gain, abs=0.1))


@pytest.mark.parametrize(("first", "second"), [("pulse:vmic1", "pulse:vmic2"), ("ALSA:vmic1", "ALSA:vmic2")])
def test_both_microphones_are_heard_each_with_its_gain(feed, virtual_mic, sounds, first, second):
    (one, samples_one), (two, samples_two) = sounds
    feed.second_db = -6.0206
    feed.play(open_input(first, second))
    assert wait_for(lambda: parts(feed) == ["running", "running"])
    time.sleep(0.3)  # for the second to come in
    virtual_mic.play(one, mic=1, wait=False)
    virtual_mic.play(two, mic=2)
    assert is_heard(feed, samples_one)
    assert is_heard(feed, samples_two, 0.5)


@pytest.mark.parametrize("away", [1, 2])
def test_a_microphone_goes_and_comes_back_beside_the_other(feed, virtual_mic, sounds, away):
    (path, samples), (again, samples_again) = sounds
    feed.play(open_input("pulse:vmic1", "pulse:vmic2"))
    assert wait_for(lambda: parts(feed) == ["running", "running"])
    virtual_mic.unplug(away)
    assert wait_for(lambda: parts(feed)[away - 1] == "lost")
    assert feed.status(time.monotonic()).state == "running"
    virtual_mic.play(path, mic=3 - away)
    assert is_heard(feed, samples)
    virtual_mic.replug(away)
    assert wait_for(lambda: parts(feed) == ["running", "running"])
    time.sleep(0.3)
    virtual_mic.play(again, mic=away)
    assert is_heard(feed, samples_again)


def test_a_microphone_over_a_file_that_is_played_aloud(feed, virtual_mic, sounds):
    (path, samples), (file, samples_file) = sounds
    feed.play(open_input("pulse:vmic1", f"file:{file}"))
    feed.source.parts[1].output = "pulse:vmic2_in"
    assert is_heard(feed, samples_file)
    virtual_mic.play(path, mic=1)
    assert is_heard(feed, samples)
    virtual_mic.unplug("all")
    assert wait_for(lambda: parts(feed)[0] == "lost")
    feed.source.parts[1].output = None
    assert is_heard(feed, samples_file), "the file goes on"
    virtual_mic.replug("all")
    assert wait_for(lambda: parts(feed) == ["running", "running"])
    virtual_mic.play(path, mic=1)
    assert is_heard(feed, samples)
