"""Two sources in a running feed: starting, stopping, losing and finding them, and what it says meanwhile."""

import threading
import time

import numpy as np
import pytest
import soundfile
from waiting import wait_for

from s2s_live.audio.feed import Feed
from s2s_live.audio.file import FileSource
from s2s_live.audio.mixed import MixedSource, parts_of, together
from s2s_live.audio.ring import SampleRing
from s2s_live.audio.source import BlockLog, SourceStatus
from s2s_live.audio.status import PartStatus, mix_message
from s2s_live.audio.synthetic import ArraySource, TestSource
from s2s_live.errors import AudioError
from s2s_live.timeline import PROGRAM_RATE, TICK

FADE = TICK // 2


def constant(value, seconds=1.0):
    return np.full((round(seconds * PROGRAM_RATE), 2), value, np.float32)


def loop(value, name="Array"):
    return ArraySource(constant(value), PROGRAM_RATE, loop=True, name=name)


def newest(feed, seconds=0.05):
    end = feed.program.written
    return feed.program.read(end - round(seconds * PROGRAM_RATE), end)


def sounds(feed, value):
    return wait_for(lambda: feed.program.written > 9_600 and np.allclose(newest(feed), value, atol=1e-4))


class Device:
    """A live source that sends a constant by the wall clock until it is pulled out."""

    channels, sample_rate = 2, PROGRAM_RATE

    def __init__(self, value, name="Device", plugged=True):
        self.name, self.kind, self.value, self.plugged = name, "microphone", value, plugged
        self.starts = 0
        self.ring = SampleRing(PROGRAM_RATE, 2, PROGRAM_RATE)
        self.log = BlockLog(PROGRAM_RATE, 0.0)
        self.thread = None
        self.ending = threading.Event()

    def start(self):
        self.stop()
        self.starts += 1
        if not self.plugged:
            raise AudioError(f"{self.name} is not there.", "Plug it in.")
        self.ring = SampleRing(PROGRAM_RATE, 2, PROGRAM_RATE)
        self.log = BlockLog(PROGRAM_RATE, time.monotonic())
        self.ending.clear()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        begin = time.monotonic()
        while not self.ending.wait(0.005) and self.plugged:
            due = int((time.monotonic() - begin) * PROGRAM_RATE) - self.ring.written
            self.ring.write(np.full((due, 2), self.value, np.float32))
            self.log.note(self.ring.written, time.monotonic())

    def stop(self):
        self.ending.set()
        if self.thread is not None:
            self.thread.join()
            self.thread = None

    def status(self, now):
        gone = self.thread is None or not self.plugged or self.log.late(now)
        return self.log.status("lost" if gone else "running")

    def capture_time(self, position):
        return self.log.capture_time(position)


def status(feed):
    return feed.status(time.monotonic())


# --- in the feed


def test_two_arrays_are_mixed_to_the_sample(feed):
    rng = np.random.default_rng(3)
    one, two = ((0.4 * rng.standard_normal((30_000, 2))).astype(np.float32) for _ in range(2))
    feed.first_db, feed.second_db = -6.0, 6.0
    feed.play(MixedSource(*(ArraySource(sound, PROGRAM_RATE, paced=False) for sound in (one, two))))
    assert wait_for(lambda: status(feed).state == "ended")
    g1, g2 = np.float32(10 ** (-6 / 20)), np.float32(10 ** (6 / 20))
    ramp = np.ones((30_000, 1), np.float32)
    ramp[:FADE, 0] = np.arange(FADE, dtype=np.float32) / FADE
    expected = np.clip(one * ramp * g1 + two * ramp * g2, -1.0, 1.0)
    whole = feed.program.read(feed.program.oldest(), feed.program.written)
    begin = int(np.flatnonzero(whole.any(axis=1))[0]) - 1
    whole_ticks = 30_000 // TICK * TICK
    assert np.array_equal(whole[begin : begin + whole_ticks], expected[:whole_ticks])
    assert "come to their end" in status(feed).message


def test_the_gains_are_of_the_mix_and_the_input_gain_of_the_whole(feed):
    feed.play(MixedSource(loop(0.25), loop(0.5)))
    assert sounds(feed, 0.75)
    feed.second_db = -60.0
    assert sounds(feed, 0.25)
    feed.gain_db = 6.0206
    assert sounds(feed, 0.5)
    feed.play(loop(0.125))
    feed.first_db = feed.second_db = -60.0
    assert sounds(feed, 0.25), "a single source has the input gain alone"


def test_the_sum_is_clipped_and_shown_as_clipped(feed):
    feed.play(MixedSource(loop(0.75), loop(0.75)))
    assert sounds(feed, 1.0)
    assert wait_for(lambda: status(feed).clipped)
    assert "too loud" in status(feed).message
    feed.second_db = -20.0
    assert wait_for(lambda: not status(feed).clipped)


def test_status_names_both(feed):
    feed.play(MixedSource(loop(0.1, "Guitar"), loop(0.2, "Voice")))
    assert sounds(feed, 0.3)
    shown = status(feed)
    assert (shown.source, shown.kind, shown.state) == ("Guitar + Voice", "mixed", "running")
    assert [(part.name, part.state) for part in shown.parts] == [("Guitar", "running"), ("Voice", "running")]
    assert shown.message == ""
    assert (shown.rate, shown.channels) == (PROGRAM_RATE, 2)
    feed.play(loop(0.1))
    assert status(feed).parts == ()


@pytest.mark.parametrize("which", [0, 1])
def test_a_lost_device_is_opened_again_while_the_other_goes_on(feed, which):
    devices = [Device(0.25, "One"), Device(0.5, "Two")]
    gone, stays = devices[which], devices[1 - which]
    feed.play(MixedSource(*devices))
    assert sounds(feed, 0.75)
    gone.plugged = False
    assert sounds(feed, stays.value)
    assert wait_for(lambda: status(feed).parts[which].state == "lost")
    assert status(feed).state == "running"
    said = f"{gone.name} has stopped sending sound; {stays.name} goes on."
    assert wait_for(lambda: status(feed).message.startswith(said))
    assert wait_for(lambda: "is not there" in status(feed).message)
    gone.plugged = True
    assert sounds(feed, 0.75)
    assert wait_for(lambda: status(feed).message == "")
    assert stays.starts == 1


def test_both_lost_is_silence_until_one_is_back(feed):
    devices = [Device(0.25, "One"), Device(0.5, "Two")]
    feed.play(MixedSource(*devices))
    assert sounds(feed, 0.75)
    devices[0].plugged = devices[1].plugged = False
    assert sounds(feed, 0.0)
    assert wait_for(lambda: status(feed).state == "lost")
    assert wait_for(lambda: status(feed).message.startswith("One and Two have stopped sending sound."))
    devices[1].plugged = True
    assert sounds(feed, 0.5)
    devices[0].plugged = True
    assert sounds(feed, 0.75)


def test_a_file_in_the_mix_pauses_seeks_and_ends(feed, tmp_path):
    path = tmp_path / "steps.wav"
    soundfile.write(path, np.repeat(np.float32([0.125, 0.375]), 2 * 44_100), 44_100)
    file = FileSource(path, loop=False)
    feed.play(MixedSource(Device(0.25, "Mic"), file))
    assert sounds(feed, 0.375)
    file.pause()
    assert sounds(feed, 0.25)
    assert wait_for(lambda: status(feed).parts[1].state == "paused")
    assert status(feed).state == "running"
    file.resume()
    file.seek(2.5)
    assert sounds(feed, 0.625)
    assert sounds(feed, 0.25)
    assert wait_for(lambda: status(feed).parts[1].state == "ended")
    assert (status(feed).state, status(feed).message) == ("running", "")


def test_the_end_of_a_first_file_leaves_the_second(feed):
    feed.play(MixedSource(ArraySource(constant(0.25, 0.3), PROGRAM_RATE), loop(0.5)))
    assert sounds(feed, 0.5)
    assert status(feed).state == "running"


def test_digital_silence_of_a_microphone_is_named_beside_other_sound(feed):
    mic = Device(0.0, "Mic")
    feed.play(MixedSource(mic, loop(0.5)))
    assert wait_for(lambda: "Mic sends nothing but digital silence" in status(feed).message, 15.0)
    assert status(feed).zero_seconds == 0.0


def test_a_file_plays_on_while_a_second_sound_comes_goes_and_changes(feed, tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, constant(0.25, 8.0), PROGRAM_RATE)
    file, mic, other = FileSource(path), Device(0.5, "Mic"), Device(0.125, "Other")
    feed.play(file)
    assert sounds(feed, 0.25)
    begun = time.monotonic() - file.position
    for source, level in (
        (MixedSource(file, mic), 0.75),
        (MixedSource(file, other), 0.375),
        (MixedSource(mic, file), 0.75),
        (file, 0.25),
    ):
        feed.play(source)
        assert sounds(feed, level)
        assert time.monotonic() - begun == pytest.approx(file.position, abs=0.3), "it is not begun again"
    assert (mic.thread, other.thread) == (None, None)
    assert (mic.starts, other.starts) == (2, 1)
    feed.play(file)
    assert file.position < 1.0, "but chosen anew it is"


def test_a_second_device_that_cannot_be_opened_does_not_end_the_first(feed):
    mic = Device(0.5, "Mic")
    feed.play(mic)
    feed.play(MixedSource(mic, Device(0.1, "Other", plugged=False)))
    assert sounds(feed, 0.5)
    assert mic.starts == 1
    assert status(feed).parts[1].state == "lost"


# --- starting and stopping


def test_a_device_that_is_not_there_yet_comes_in_later(feed):
    mic = Device(0.25, "Mic", plugged=False)
    feed.play(MixedSource(mic, loop(0.5)))
    assert sounds(feed, 0.5)
    assert wait_for(lambda: status(feed).parts[0].state == "lost")
    mic.plugged = True
    assert sounds(feed, 0.75)


def test_nothing_that_can_be_heard_is_an_error_and_the_old_source_goes_on(feed):
    feed.play(loop(0.125))
    with pytest.raises(AudioError, match="One is not there"):
        feed.play(MixedSource(Device(0.1, "One", plugged=False), Device(0.1, "Two", plugged=False)))
    assert sounds(feed, 0.125)


def test_a_file_without_sound_is_an_error_and_leaves_nothing_open(tmp_path):
    path = tmp_path / "short.wav"
    soundfile.write(path, np.zeros((480, 1), np.float32), 48_000)
    file = FileSource(path)
    path.write_bytes(path.read_bytes()[:44])
    mic = Device(0.1)
    with pytest.raises(AudioError):
        MixedSource(mic, file).start()
    assert mic.thread is None


def test_it_stops_within_a_second_though_both_hang():
    class Hangs(Device):
        def stop(self):
            time.sleep(0.8)

    mixed = MixedSource(Hangs(0.1), Hangs(0.1))
    begun = time.monotonic()
    mixed.stop()
    assert time.monotonic() - begun < 1.4, "one after the other would take 1.6 s"


def test_no_thread_is_left_behind(tmp_path):
    path = tmp_path / "tone.wav"
    soundfile.write(path, constant(0.1, 0.5), PROGRAM_RATE)
    before = set(threading.enumerate())
    feed = Feed(seconds=1.0)
    feed.start()
    feed.play(MixedSource(FileSource(path), TestSource()))
    feed.play(MixedSource(Device(0.1), FileSource(path)))
    feed.stop()
    assert not [t for t in set(threading.enumerate()) - before if t.is_alive()]


def test_the_two_together():
    def one(state, at=1.0, lost=0, gap=1.0, message=""):
        return SourceStatus(state, at, lost, gap, 2, message)

    for first, second, whole in [
        ("running", "lost", "running"),
        ("ended", "running", "running"),
        ("lost", "paused", "lost"),
        ("paused", "ended", "paused"),
        ("ended", "ended", "ended"),
    ]:
        assert together(one(first), one(second)).state == whole
    both = together(one("running", 3.0, 4, 5.0), one("running", 9.0, 6, 2.0, "Damaged."))
    assert both == SourceStatus("running", 9.0, 10, 5.0, 4, "Damaged.")
    assert len(parts_of(MixedSource(TestSource(), TestSource()))) == 2
    assert (len(parts_of(TestSource())), parts_of(None)) == (1, ())


def test_sentences_about_a_mix():
    def part(name, state="running", zero=0.0, kind="microphone"):
        return PartStatus(name, kind, state, zero)

    mic, file = part("Mic"), part("rain.wav", kind="file")
    assert mix_message((mic, file), False, "", "") == ""
    assert mix_message((mic, part("rain.wav", "ended")), False, "", "") == ""
    assert "damaged" in mix_message((mic, file), False, "rain.wav is damaged.", "")
    lost = part("Mic", "lost")
    assert mix_message((lost, file), True, "", "Busy.") == (
        "Mic has stopped sending sound; rain.wav goes on. Waiting for it to come back. (Busy.)"
    )
    assert mix_message((lost, part("rain.wav", "paused")), False, "", "") == (
        "Mic has stopped sending sound. Waiting for it to come back."
    )
    assert "digital silence" in mix_message((part("Mic", zero=4.0), file), False, "", "")
    assert mix_message((mic, part("Sound of it", zero=9.0, kind="loopback")), False, "", "") == ""
