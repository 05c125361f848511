"""Two sources on their way into one programme, with made-up time."""

import numpy as np
import pytest

from s2s_live.audio.metering import InputMeter
from s2s_live.audio.mix_pipeline import WAIT_S, MixPipeline, reader_for
from s2s_live.audio.mixed import MixedSource
from s2s_live.audio.pipeline import Pipeline
from s2s_live.audio.ring import SampleRing
from s2s_live.audio.source import BlockLog
from s2s_live.audio.synthetic import ArraySource
from s2s_live.timeline import PROGRAM_RATE, TICK

FADE = TICK // 2  # samples at the beginning of a source that are faded in


def noise(count, seed, amplitude=0.2, channels=2):
    rng = np.random.default_rng(seed)
    return (amplitude * rng.standard_normal((count, channels))).astype(np.float32)


def faded(sound):
    sound = sound.copy()
    sound[:FADE] *= (np.arange(FADE, dtype=np.float32) / FADE)[:, None]
    return sound


class Tap:
    """A source that gives what the test sends."""

    def __init__(self, name="Tap", kind="microphone", rate=PROGRAM_RATE, channels=2):
        self.name, self.kind, self.sample_rate, self.channels = name, kind, rate, channels
        self.starts = self.stops = 0
        self.state = "running"
        self.renew(0.0)

    def renew(self, now):
        self.ring = SampleRing(4 * self.sample_rate, self.channels, self.sample_rate)
        self.log = BlockLog(self.sample_rate, now)

    def start(self):
        self.starts += 1

    def stop(self):
        self.stops += 1

    def send(self, block, now):
        self.ring.write(block)
        self.log.note(self.ring.written, now)

    def status(self, now):  # noqa: ARG002 - the contract has it
        return self.log.status(self.state)

    def capture_time(self, position):
        return self.log.capture_time(position)


class Show:
    """Two taps, read every 10 ms; `play` sends both a constant, or nothing to one of them."""

    def __init__(self, first_db=0.0, second_db=0.0, **taps):
        self.first = taps.get("first", Tap("One"))
        self.second = taps.get("second", Tap("Two"))
        self.gains = (first_db, second_db)
        self.meter = InputMeter()
        self.mixed = MixedSource(self.first, self.second)
        self.pipeline = MixPipeline(self.mixed, lambda: self.gains)
        self.now = 100.0
        self.out = []

    def look(self):
        self.pipeline.status(self.now)
        piece = self.pipeline.pull(None, self.meter)
        self.out.append(piece)
        return piece

    def play(self, seconds, first=0.25, second=0.5):
        for _ in range(round(seconds * 100)):
            self.now += 0.01
            for tap, value in ((self.first, first), (self.second, second)):
                if value is not None:
                    count = tap.sample_rate // 100
                    tap.send(np.full((count, tap.channels), value, np.float32), self.now)
            self.look()

    @property
    def heard(self):
        return np.concatenate(self.out)

    def newest(self, seconds=0.02):
        return self.heard[-round(seconds * PROGRAM_RATE) :]


def all_at_once(first, second, gains=(0.0, 0.0), rates=(PROGRAM_RATE, PROGRAM_RATE)):
    """The whole mix of two arrays."""
    mixed = MixedSource(
        *(ArraySource(s, rate, paced=False) for s, rate in zip((first, second), rates, strict=True))
    )
    mixed.start()
    pipeline, meter = MixPipeline(mixed, lambda: gains), InputMeter()
    pieces = []
    for k in range(100):
        pipeline.status(10.0 + k)
        pieces.append(pipeline.pull(None, meter))
    return np.concatenate(pieces), meter, pipeline


# --- arithmetic


def test_the_mix_is_the_clipped_sum_with_gains_to_the_sample():
    one, two = noise(70_000, 1, 0.5), noise(70_000, 2, 0.5)
    heard, meter, pipeline = all_at_once(one, two, (3.0, -6.0))
    g1, g2 = np.float32(10 ** (3.0 / 20)), np.float32(10 ** (-6.0 / 20))
    expected = np.clip(faded(one) * g1 + faded(two) * g2, -1.0, 1.0)
    assert np.array_equal(heard, expected)
    assert (np.abs(heard) == 1.0).any()
    assert meter.clipped
    assert (pipeline.take_lost(), pipeline.take_bad()) == (0, 0)


@pytest.mark.parametrize(("longer", "shorter"), [(0, 1), (1, 0)])
def test_the_longer_goes_on_alone_and_exact(longer, shorter):
    sounds = [noise(60_000, 1), noise(60_000, 2)]
    sounds[shorter] = sounds[shorter][:31_111]
    heard, _, _ = all_at_once(*sounds)
    expected = faded(sounds[longer])
    expected[:31_111] += faded(sounds[shorter])
    assert np.array_equal(heard, np.clip(expected, -1.0, 1.0))


def test_other_rates_and_channels_are_brought_to_the_programme():
    seconds = np.arange(44_100) / 44_100
    low = (0.3 * np.sin(2 * np.pi * 220 * seconds)).astype(np.float32)
    seconds = np.arange(32_000) / 32_000
    high = (0.3 * np.sin(2 * np.pi * 1_000 * seconds)).astype(np.float32)
    heard, _, _ = all_at_once(low, np.stack([high, high], axis=1), rates=(44_100, 32_000))
    t = np.arange(PROGRAM_RATE) / PROGRAM_RATE
    expected = 0.3 * np.sin(2 * np.pi * 220 * t) + 0.3 * np.sin(2 * np.pi * 1_000 * t)
    assert abs(len(heard) - PROGRAM_RATE) <= 1
    inner = slice(1_000, 47_000)
    assert np.abs(heard[inner, 0] - expected[inner]).max() < 2e-3
    assert np.array_equal(heard[:, 0], heard[:, 1])


def test_faders_turn_while_it_plays():
    show = Show()
    show.play(1.0)
    assert show.newest()[-1, 0] == pytest.approx(0.75)
    show.gains = (-60.0, 0.0)
    show.play(0.1)
    assert show.newest()[-1, 0] == pytest.approx(0.5)
    show.gains = (0.0, -60.0)
    show.play(0.1)
    assert show.newest()[-1, 0] == pytest.approx(0.25)


def test_the_channel_is_one_of_the_first():
    show = Show(first=Tap("Desk", channels=4))
    block = np.tile(np.float32([0.1, 0.2, 0.3, 0.4]), (480, 1))
    for _ in range(100):
        show.now += 0.01
        show.first.send(block, show.now)
        show.second.send(np.full((480, 2), 0.5, np.float32), show.now)
        show.pipeline.status(show.now)
        heard = show.pipeline.pull(2, show.meter)
    assert heard[-1].tolist() == pytest.approx([0.8, 0.8])


def test_bad_samples_become_zero_and_are_counted():
    one = noise(9_600, 1)
    one[500:510, 0] = np.nan
    heard, _, pipeline = all_at_once(one, noise(9_600, 2))
    assert np.isfinite(heard).all()
    assert pipeline.take_bad() == 10


# --- one of them away


def test_the_second_follows_the_clock_of_the_first():
    show = Show()
    show.play(2.0)
    assert len(show.heard) == show.first.ring.written
    begin = int(np.flatnonzero(show.heard[:, 0] > 0.5)[0])
    assert begin < 0.06 * PROGRAM_RATE
    assert np.allclose(show.heard[begin + FADE :], 0.75)


@pytest.mark.parametrize("state", ["lost", "paused", "ended"])
@pytest.mark.parametrize("away", ["first", "second"])
def test_one_that_goes_away_does_not_silence_the_other(away, state):
    show = Show()
    show.play(2.0)
    tap, stays = (show.first, 0.5) if away == "first" else (show.second, 0.25)
    tap.state = state
    before = len(show.heard)
    show.play(2.0, **{away: None})
    assert np.allclose(show.newest(1.8), stays)
    assert len(show.heard) - before == pytest.approx(2.0 * PROGRAM_RATE, abs=0.03 * PROGRAM_RATE)
    assert show.heard[-1].tolist() == [stays, stays]
    tap.state = "running"
    show.play(1.0)
    assert np.allclose(show.newest(0.8), 0.75), "it comes back"
    jump = np.abs(np.diff(show.heard[:, 0])).max()
    assert jump < 0.05 or state == "ended", "without a click; only an end is as its source has it"


def test_a_first_that_runs_but_sends_nothing_is_waited_for_a_moment_only():
    show = Show(first=Tap("Sound of Speakers", kind="loopback"))
    show.play(1.0)
    show.play(WAIT_S - 0.02, first=None)
    waited = len(show.heard)
    show.play(1.0, first=None)
    assert waited == pytest.approx(PROGRAM_RATE, abs=0.01 * PROGRAM_RATE)
    due = (1.0 + WAIT_S - 0.02 + 1.0) * PROGRAM_RATE
    assert len(show.heard) == pytest.approx(due, abs=0.05 * PROGRAM_RATE), "and nothing of the second is lost"
    assert np.allclose(show.newest(0.9), 0.5)
    show.play(0.5)
    assert np.allclose(show.newest(0.3), 0.75)


@pytest.mark.parametrize("late", ["first", "second"])
def test_blocks_that_come_late_are_waited_for_and_nothing_is_lost(late):
    show = Show()
    show.play(1.0)
    tap, value = (show.first, 0.25) if late == "first" else (show.second, 0.5)
    for _ in range(5):
        show.play(0.15, **{late: None})
        tap.send(np.full((7_200, 2), value, np.float32), show.now)  # all that was held up
        show.look()
        show.play(0.5)
    assert np.allclose(show.newest(3.5), 0.75)
    assert show.pipeline.take_lost() == 0
    assert len(show.heard) == pytest.approx((1.0 + 5 * 0.65) * PROGRAM_RATE, abs=0.02 * PROGRAM_RATE)


def test_a_first_that_has_never_sent_anything_is_not_waited_for():
    show = Show()
    show.play(1.0, first=None)
    assert np.allclose(show.newest(0.8), 0.5)


def test_a_device_opened_again_with_another_rate_is_followed():
    show = Show()
    show.play(1.0)
    show.second.state = "lost"
    show.play(0.5, second=None)
    show.second.sample_rate, show.second.state = 44_100, "running"
    show.second.renew(show.now)
    show.play(1.0)
    assert np.allclose(show.newest(0.5), 0.75, atol=1e-3)
    assert show.pipeline.reads(show.mixed)


def test_old_sound_of_one_that_comes_back_is_left_out_and_counted():
    show = Show()
    show.play(1.0)
    show.play(0.5, second=None)
    show.second.send(np.full((24_000, 2), 0.5, np.float32), show.now)  # it had only been held up
    show.play(1.0)
    assert show.pipeline.take_lost() > 20_000
    assert np.allclose(show.newest(0.5), 0.75)


def test_both_held_up_together_lose_nothing():
    show = Show()
    show.play(1.0)
    show.now += 0.4  # the program had no processor time
    for tap, value in ((show.first, 0.25), (show.second, 0.5)):
        tap.send(np.full((19_200, 2), value, np.float32), show.now)
    assert len(show.look()) == 19_200
    show.play(1.0)
    assert np.allclose(show.newest(1.3), 0.75)
    assert show.pipeline.take_lost() == 0


@pytest.mark.slow
@pytest.mark.parametrize("ppm", [1_500.0, -1_500.0])
def test_two_sound_cards_in_step_for_as_much_drift_as_an_hour_brings(ppm):
    show = Show()
    second_at = show.now
    sent, dry = 0, 0
    block = np.full((512, 2), 0.5, np.float32)
    for k in range(1, round(240 * PROGRAM_RATE / 1_024)):
        show.now = 100.0 + k * 1_024 / PROGRAM_RATE
        show.first.send(np.full((1_024, 2), 0.25, np.float32), show.now)
        while second_at <= show.now:
            show.second.send(block, second_at)
            sent += 512
            second_at = 100.0 + (sent + 512) / (PROGRAM_RATE * (1 + ppm * 1e-6))
        show.pipeline.status(show.now)
        heard = show.pipeline.pull(None, show.meter)
        dry += k > 20 and heard.min() < 0.7499
    waiting = show.pipeline._parts[1].follower.fill
    assert dry == 0
    assert waiting < 0.06 * PROGRAM_RATE
    assert show.pipeline.given == show.first.ring.written


# --- what goes on undisturbed


def ramp(begin, count):
    return np.repeat(np.arange(begin, begin + count, dtype=np.float32)[:, None] * 1e-6, 2, axis=1)


def send_ramp(tap, now):
    tap.send(ramp(tap.ring.written, 480), now)


def read(reader, now, meter):
    reader.status(now)
    return reader.pull(None, meter)


def test_a_first_sound_goes_on_to_the_sample_when_a_second_comes_and_goes():
    first, second, meter, now = Tap("One", kind="file"), Tap("Two"), InputMeter(), 100.0
    mixed = MixedSource(first, second)
    heard, reader = [], Pipeline(first)
    for step in range(150):
        now += 0.01
        send_ramp(first, now)
        if 50 <= step < 100:
            second.send(np.zeros((480, 2), np.float32), now)
        source = mixed if 50 <= step < 100 else first
        if not reader.reads(source):
            reader, goes_on = reader_for(source, lambda: (0.0, 0.0), reader)
            assert goes_on
        heard.append(read(reader, now, meter))
    whole = np.concatenate(heard)
    assert np.array_equal(whole[FADE:], ramp(0, 150 * 480)[FADE:])


def test_a_second_that_has_sound_waiting_does_not_push_the_first_back():
    first, second, meter = Tap("One", kind="file"), Tap("Two"), InputMeter()
    alone = Pipeline(first)
    send_ramp(first, 100.0)
    read(alone, 100.0, meter)
    second.send(np.zeros((2_000, 2), np.float32), 100.0)
    reader, _ = reader_for(MixedSource(first, second), lambda: (0.0, 0.0), alone)
    assert not len(read(reader, 100.005, meter)), "the next block of the first is due in a moment"
    send_ramp(first, 100.01)
    assert np.array_equal(read(reader, 100.01, meter), ramp(480, 480))


def test_a_second_sound_goes_on_when_the_first_changes():
    show = Show()
    show.play(1.0)
    other = Tap("Three")
    changed = MixedSource(other, show.second)
    reader, goes_on = reader_for(changed, lambda: (0.0, 0.0), show.pipeline)
    assert goes_on
    assert not show.pipeline.reads(changed)
    show.first, show.mixed, show.pipeline = other, changed, reader
    begin = len(show.heard)
    show.play(1.0)
    after = show.heard[begin:]
    assert after.min() > 0.49, "the second is heard without a gap"
    assert np.allclose(after[-20_000:], 0.75)


def test_the_second_alone_goes_on_as_a_single_source():
    show = Show()
    show.play(1.0)
    reader, goes_on = reader_for(show.second, lambda: (0.0, 0.0), show.pipeline)
    assert goes_on
    assert isinstance(reader, Pipeline)
    assert reader.source is show.second


def test_sources_that_were_not_heard_before_begin_afresh():
    show = Show()
    show.play(1.0)
    for other in (Tap("Three"), MixedSource(Tap("Three"), Tap("Four"))):
        reader, goes_on = reader_for(other, lambda: (0.0, 0.0), show.pipeline)
        assert not goes_on
        assert reader.reads(other)
    show.second.renew(show.now)  # it has been opened again in this very moment
    reader, goes_on = reader_for(show.second, lambda: (0.0, 0.0), show.pipeline)
    assert not goes_on
    assert reader.reads(show.second)


# --- when it was captured


def test_capture_times_are_those_of_the_leading_source():
    show = Show()
    show.play(1.0)
    assert show.pipeline.capture_time(show.pipeline.given) == pytest.approx(show.now, abs=1e-6)
    show.first.state = "lost"
    show.play(1.0, first=None)
    behind = show.now - show.pipeline.capture_time(show.pipeline.given)
    assert 0.0 < behind < 0.05
