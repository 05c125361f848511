import threading
import time

import numpy as np
import pytest
from waiting import wait_for

from s2s_live.audio.feed import Feed
from s2s_live.audio.levels import LevelTrack
from s2s_live.audio.ring import SampleRing
from s2s_live.audio.source import BlockLog
from s2s_live.audio.supervision import Supervisor
from s2s_live.audio.synthetic import ArraySource, TestSource
from s2s_live.errors import AudioError
from s2s_live.timeline import PROGRAM_RATE, TICK

FADE = TICK // 2  # samples at the beginning of a source that are faded in


def noise(seconds, rate=PROGRAM_RATE, channels=2, seed=0, amplitude=0.1):
    size = (round(seconds * rate), channels)
    return (np.random.default_rng(seed).standard_normal(size) * amplitude).astype(np.float32)


def programme(feed):
    end = feed.program.written
    return feed.program.read(feed.program.oldest(), end)


def find(whole, part):
    """Where `part` stands in `whole`, by correlation, and how well it fits (1: perfectly)."""
    size = 1 << (len(whole) + len(part)).bit_length()
    spectrum = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    at = int(np.argmax(np.fft.irfft(spectrum, size)[: len(whole)]))
    piece = whole[at : at + len(part)]
    return at, float(np.corrcoef(piece, part[: len(piece)])[0, 1])


class StubSource:
    """A live source driven by the test: `send` is what the device's callback would do."""

    kind = "microphone"
    name = "Stub"
    sample_rate = PROGRAM_RATE
    channels = 2

    def __init__(self, fails=0):
        self.fails = fails
        self.starts = self.stops = 0
        self.state = "running"
        self.ring = SampleRing(PROGRAM_RATE, 2, PROGRAM_RATE)
        self.log = BlockLog(PROGRAM_RATE, 0.0)

    def start(self):
        self.starts += 1
        if self.starts <= self.fails:
            raise AudioError("The stub is not plugged in.", "Plug it in.")
        self.state = "running"
        self.ring = SampleRing(PROGRAM_RATE, 2, PROGRAM_RATE)
        self.log = BlockLog(PROGRAM_RATE, time.monotonic())

    def stop(self):
        self.stops += 1

    def send(self, block):
        self.ring.write(block)
        self.log.note(self.ring.written, time.monotonic())

    def status(self, now):
        return self.log.status("lost" if self.log.late(now) else self.state)

    def capture_time(self, position):
        return self.log.capture_time(position)


def test_sound_arrives_unchanged_in_whole_ticks(feed):
    sound = noise(0.7)
    feed.play(ArraySource(sound, PROGRAM_RATE, paced=False))
    assert wait_for(lambda: feed.status(time.monotonic()).state == "ended")
    whole = programme(feed)
    at, fit = find(whole[:, 0], sound[FADE:, 0])
    assert fit > 0.999999
    assert np.array_equal(whole[at : at + len(sound) - FADE], sound[FADE:])
    assert (at - FADE) % TICK == 0
    feed.stop()  # silence goes on otherwise, and levels are a moment ahead of the programme
    assert feed.program.written % TICK == 0
    assert feed.levels.ticks * TICK == feed.program.written


def test_levels_are_those_of_the_programme(feed):
    feed.play(ArraySource(noise(0.5), PROGRAM_RATE, paced=False))
    assert wait_for(lambda: feed.status(time.monotonic()).state == "ended")
    feed.stop()
    offline = LevelTrack(10.0)
    offline.push(programme(feed))
    ticks = feed.levels.ticks
    assert np.array_equal(offline.levels(0, ticks), feed.levels.levels(0, ticks))
    assert np.array_equal(offline.onsets(0, ticks), feed.levels.onsets(0, ticks))


def test_another_rate_is_resampled_whole(feed):
    t = np.arange(22_050) / 44_100
    feed.play(ArraySource(np.sin(2 * np.pi * 1000 * t).astype(np.float32) * 0.5, 44_100, paced=False))
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(24_000) / PROGRAM_RATE)
    assert wait_for(lambda: feed.status(time.monotonic()).state == "ended")
    whole = programme(feed)[:, 1]
    start = np.flatnonzero(np.abs(whole) > 0.01)[0] // TICK * TICK
    assert np.abs(whole[start + 500 : start + 23_500] - expected[500:23_500]).max() < 2e-3


def test_channel_choice_and_gain(feed):
    sound = np.stack([np.full(9_600, value, np.float32) for value in (0.1, 0.2, 0.6)], axis=1)
    feed.channel, feed.gain_db = 1, -6.0206
    feed.play(ArraySource(sound, PROGRAM_RATE, loop=True))
    assert wait_for(lambda: feed.program.written)
    assert wait_for(lambda: programme(feed)[-1] == pytest.approx([0.1, 0.1], abs=1e-4))
    feed.channel, feed.gain_db = None, 0.0
    assert wait_for(lambda: programme(feed)[-1] == pytest.approx([0.3, 0.3], abs=1e-4))


def test_the_programme_goes_on_without_a_source(feed):
    assert wait_for(lambda: feed.program.written > PROGRAM_RATE // 4)
    assert not programme(feed).any()
    assert feed.status(time.monotonic()).state == "none"


def test_capture_times_are_those_of_the_source(feed):
    sound = noise(0.8)
    source = ArraySource(sound, PROGRAM_RATE)
    feed.play(source)
    assert wait_for(lambda: feed.status(time.monotonic()).state == "ended")
    at, _ = find(programme(feed)[:, 0], sound[9_600:24_000, 0])
    at += feed.program.oldest()
    for offset in (0, 1_000, 14_000):
        expected = source.started_at + (9_600 + offset) / PROGRAM_RATE
        assert feed.capture_time(at + offset) == pytest.approx(expected, abs=1e-4)


def test_the_shown_position_follows_the_programme(feed):
    feed.play(ArraySource(noise(0.5), PROGRAM_RATE, loop=True))
    time.sleep(0.5)
    shown = []
    for _ in range(60):
        shown.append(feed.position_at(time.monotonic()))
        assert shown[-1] <= feed.program.written
        time.sleep(0.01)
    assert min(np.diff(shown)) >= 0
    assert shown[-1] > shown[0]


def test_bad_samples_become_zero_and_are_counted(feed):
    sound = np.full((4_800, 2), 0.25, np.float32)
    sound[1_000:1_010, 0] = np.nan
    sound[2_000, 1] = np.inf
    feed.play(ArraySource(sound, PROGRAM_RATE, paced=False))
    assert wait_for(lambda: feed.status(time.monotonic()).bad_samples == 11)
    assert np.isfinite(programme(feed)).all()
    assert np.isfinite(feed.levels.levels(0, feed.levels.ticks)).all()


def test_a_source_that_does_not_start_leaves_the_previous_one(feed):
    first, broken = StubSource(), StubSource(fails=9)
    feed.play(first)
    with pytest.raises(AudioError, match="not plugged in"):
        feed.play(broken)
    assert feed.source is first
    assert (first.starts, first.stops) == (2, 1)
    first.send(np.full((4_800, 2), 0.5, np.float32))
    assert wait_for(lambda: programme(feed).any())


def test_a_source_that_needs_the_device_alone_gets_it(feed):
    first, jealous = StubSource(), StubSource(fails=1)
    feed.play(first)
    feed.play(jealous)
    assert feed.source is jealous
    assert first.stops == 1


def test_a_lost_source_is_opened_again_and_the_programme_goes_on(feed):
    source = StubSource()
    feed.play(source)
    source.send(noise(0.1))
    source.fails = source.starts + 2
    assert wait_for(lambda: feed.status(time.monotonic()).state == "lost")
    assert "Waiting for it to come back" in feed.status(time.monotonic()).message
    before = feed.program.written
    assert wait_for(lambda: source.starts >= 4)
    assert feed.program.written > before
    assert wait_for(lambda: source.state == "running")
    sound = noise(0.1, seed=5)

    def is_back():  # sent until it is: half a second without processor time, and the source is lost once more
        source.send(sound)
        time.sleep(0.1)
        there = feed.status(time.monotonic()).state == "running"
        return there and find(programme(feed)[:, 0], sound[1_000:, 0])[1] > 0.99

    assert wait_for(is_back)


def test_digital_silence_is_named(feed):
    source = StubSource()
    feed.play(source)

    def silent():
        source.send(np.zeros((4_800, 2), np.float32))
        status = feed.status(time.monotonic())
        return status.zero_seconds >= 3.0 and "digital silence" in status.message

    assert wait_for(silent, 20.0)


def test_clipping_is_shown(feed):
    source = StubSource()
    feed.play(source)
    source.send(np.ones((960, 2), np.float32))
    assert wait_for(lambda: feed.status(time.monotonic()).clipped)
    assert "too loud" in feed.status(time.monotonic()).message
    assert feed.status(time.monotonic()).peak_db == pytest.approx(0.0, abs=0.01)


def test_set_level_measures_what_was_heard(feed):
    feed.play(ArraySource(noise(0.5, amplitude=0.01), PROGRAM_RATE, loop=True))
    assert wait_for(lambda: np.count_nonzero(programme(feed)[:, 0]) > 0.7 * PROGRAM_RATE)
    found = feed.measure_level(0.5)
    assert found.gain_db == pytest.approx(22.0, abs=1.0)
    assert -40.0 < found.gate_db < -20.0


def test_a_source_chosen_before_the_start_plays_from_the_start():
    feed = Feed(seconds=1.0)
    feed.play(TestSource())
    feed.start()
    assert wait_for(lambda: programme(feed).any())
    feed.play(None)
    assert feed.source is None
    feed.stop()
    feed.stop()


def test_no_thread_is_left_behind():
    before = set(threading.enumerate())
    feed = Feed(seconds=1.0)
    feed.start()
    feed.play(TestSource())
    feed.stop()
    assert not [t for t in set(threading.enumerate()) - before if t.is_alive()]


class Broken(StubSource):
    """Its ring gives what no ring should."""

    def status(self, now):  # noqa: ARG002 - the contract has it
        raise RuntimeError("made to fail")


def test_a_failure_inside_is_logged_once_and_the_programme_goes_on(feed, caplog):
    feed.play(Broken())
    time.sleep(0.2)
    feed.play(ArraySource(noise(0.2), PROGRAM_RATE, loop=True))
    assert wait_for(lambda: programme(feed).any())
    assert len([r for r in caplog.records if "stumbled" in r.message]) == 1


def test_a_first_block_may_take_longer_than_the_others():
    log = BlockLog(PROGRAM_RATE, 100.0)
    assert not log.late(101.9)
    assert log.late(102.1)
    log.note(480, 101.0)
    assert not log.late(101.4)
    assert log.late(101.6)


def test_capture_times_are_the_earliest_arrivals_and_start_afresh_after_a_pause():
    log = BlockLog(PROGRAM_RATE, 0.0)
    for k, delay in enumerate([0.004, 0.0, 0.009, 0.002], start=1):
        log.note(480 * k, 10.0 + 0.01 * k + delay)
    assert log.capture_time(960) == pytest.approx(10.02)
    assert log.capture_time(1_200) == pytest.approx(10.025)
    log.note(480 * 5, 20.0)
    assert log.capture_time(480 * 5) == pytest.approx(20.0)
    assert log.longest_gap_s == pytest.approx(20.0 - 10.042)


def test_one_look_that_finds_the_source_old_is_not_enough():
    source = StubSource()
    source.start()
    source.log.note(480, 100.0)
    supervisor = Supervisor(threading.RLock(), lambda: source, None)
    for now in (100.7, 100.75):
        supervisor.look(now)
    source.log.note(960, 100.76)  # the program had been without processor time
    supervisor.look(100.8)
    assert (supervisor.lost, source.starts) == (False, 1)
    for now in (101.4, 101.45, 101.5):
        supervisor.look(now)
    assert (supervisor.lost, source.starts) == (True, 2)
