import numpy as np
import pytest

from s2s_live.audio.clock import CaptureLog, PositionClock

RATE = 48_000


class Run:
    """A clock fed by made-up arrivals and asked at 60 Hz; `now` is simulated."""

    def __init__(self):
        self.clock = PositionClock()
        self.now = 1_000.0
        self.written = 0
        self.next_ask = self.now
        self.asked, self.shown, self.margins = [], [], []

    def until(self, when):
        while self.next_ask <= when:
            position = self.clock.position_at(self.next_ask)
            self.asked.append(self.next_ask)
            self.shown.append(position)
            self.margins.append(self.written - position)
            self.next_ask += 1 / 60
        self.now = when

    def arrive(self, count, when):
        self.until(when)
        self.written += count
        self.clock.observe(self.written, when)

    def blocks(self, seconds, block=480, jitter=0.0, seed=0, phase=0.0):
        rng = np.random.default_rng(seed)
        base, start = self.written, self.now + phase
        for k in range(1, round(seconds * RATE / block) + 1):
            when = start + k * block / RATE + (rng.random() * jitter if jitter else 0.0)
            self.arrive(base + k * block - self.written, max(when, self.now))


def steps(run, after):
    asked, shown = np.array(run.asked), np.array(run.shown)
    return np.diff(shown[asked >= after])


@pytest.mark.parametrize(("block", "jitter"), [(480, 0.0), (480, 0.004), (960, 0.006), (512, 0.010)])
def test_regular_under_jittered_arrivals(block, jitter):
    run = Run()
    run.blocks(6.0, block, jitter)
    moved = steps(run, 1_001.0)
    assert moved.min() > 0.9 * 800
    assert moved.max() < 1.1 * 800
    assert np.std(moved) < 0.02 * 800
    settled = np.array(run.margins)[np.array(run.asked) > 1_001.0]
    assert np.mean(settled <= 0.0) < 0.01
    assert settled.max() / RATE < block / RATE + jitter + 0.025


def test_delay_is_about_a_block_and_a_little():
    run = Run()
    run.blocks(4.0, 480, 0.003)
    assert 0.008 <= run.clock.delay_s <= 0.020


def test_a_stall_holds_the_clock_and_is_made_good():
    run = Run()
    run.blocks(3.0, jitter=0.003)
    before = run.written
    run.until(run.now + 0.4)
    assert run.shown[-1] == before
    run.arrive(round(0.4 * RATE / 480) * 480, run.now)
    run.blocks(2.0, jitter=0.003)
    moved = steps(run, 1_004.0)
    assert moved.min() > 0.85 * 800
    assert moved.max() < 1.15 * 800
    assert run.written - run.shown[-1] < 0.06 * RATE


def test_never_backwards_never_beyond_what_is_written():
    run, rng = Run(), np.random.default_rng(3)
    for _ in range(300):
        run.arrive(480 * int(rng.integers(1, 12)), run.now + float(rng.random()) * 0.2)
    assert min(np.diff(run.shown)) >= 0
    assert min(run.margins) >= 0


def test_a_source_switch_with_another_rhythm_goes_on_from_where_it_is():
    run = Run()
    run.blocks(3.0, 480, 0.002)
    run.clock.restart()
    run.blocks(4.0, 1_920, 0.004, phase=0.05)
    assert min(np.diff(run.shown)) >= 0
    moved = steps(run, 1_004.5)
    assert moved.min() > 0.88 * 800
    assert moved.max() < 1.12 * 800


def test_an_earlier_now_repeats_the_position():
    run = Run()
    run.blocks(1.0)
    position = run.clock.position_at(run.now)
    assert run.clock.position_at(run.now - 0.5) == position


def test_nothing_written_is_position_zero():
    assert PositionClock().position_at(123.0) == 0.0


def test_capture_times_between_marks_and_beyond():
    marks = CaptureLog(size=8)
    assert marks.time_of(0) == 0.0
    for k in range(1, 21):
        marks.mark(k * 960, 50.0 + k * 0.02)
    assert marks.time_of(20 * 960) == pytest.approx(50.4)
    assert marks.time_of(19 * 960 + 480) == pytest.approx(50.39)
    assert marks.time_of(21 * 960) == pytest.approx(50.42)
    assert marks.time_of(0) == pytest.approx(50.0)


def test_capture_times_across_a_pause():
    marks = CaptureLog()
    marks.mark(480, 10.0)
    marks.mark(960, 15.0)
    assert marks.time_of(480) == 10.0
    assert marks.time_of(481) == pytest.approx(15.0 - 479 / RATE)
