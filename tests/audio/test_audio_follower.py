"""Two clocks that run apart, simulated: the buffer of the one that follows."""

import numpy as np
import pytest

from s2s_live.audio.follower import FADE, Follower
from s2s_live.timeline import PROGRAM_RATE, TICK


def quiet(count):
    return np.zeros((count, 2), np.float32)


def tone(start, count, hz=333.0):
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(start, start + count) / PROGRAM_RATE)
    return np.repeat(wave.astype(np.float32)[:, None], 2, axis=1)


class TwoClocks:
    """A follower whose source runs `ppm` faster than the clock that takes from it.

    Both deliver in blocks; a block of the source may be late by up to `jitter_s`.
    """

    def __init__(self, ppm, block=512, clock_block=512, jitter_s=0.0, sound=tone):
        self.follower = Follower()
        self.block, self.clock_block, self.sound = block, clock_block, sound
        self.rate = PROGRAM_RATE * (1.0 + ppm * 1e-6)
        self.jitter_s = jitter_s
        self.random = np.random.default_rng(1)
        self.sent, self.now, self.clock_blocks, self.dry = 0, 0.0, 0, 0
        self.due = self.next_due()
        self.delays = []
        self.heard = []

    def next_due(self):
        return (self.sent + self.block) / self.rate + self.jitter_s * self.random.random()

    def run(self, seconds, keep=False, warm=False):
        end = self.now + seconds
        while self.now < end:
            self.clock_blocks += 1
            self.now = self.clock_blocks * self.clock_block / PROGRAM_RATE
            while self.due <= self.now:
                self.follower.give(self.sound(self.sent, self.block))
                self.sent += self.block
                self.due = self.next_due()
            played = self.follower.playing
            taken = self.follower.take(self.clock_block, "running")
            self.dry += played and not self.follower.playing
            if keep:
                self.heard.append(taken)
            if not warm:
                self.delays.append(self.follower.fill / PROGRAM_RATE)


@pytest.mark.slow
@pytest.mark.parametrize("ppm", [100.0, -100.0])
def test_clocks_a_hundred_millionths_apart_neither_run_dry_nor_build_up_delay_in_two_hours(ppm):
    clocks = TwoClocks(ppm, jitter_s=0.003, sound=lambda _start, count: quiet(count))
    clocks.run(10.0, warm=True)
    dry = clocks.dry
    clocks.run(2 * 3_600.0)
    assert clocks.dry == dry
    assert max(clocks.delays) < 0.045
    hourly = [max(clocks.delays[k : k + 20_000]) for k in range(0, len(clocks.delays), 20_000)]
    assert max(hourly) - min(hourly) < 0.012, "no delay builds up"


@pytest.mark.parametrize(
    ("block", "clock_block"), [(480, 480), (512, 441), (960, 512), (128, 960), (1_200, 256)]
)
@pytest.mark.parametrize("ppm", [300.0, -300.0])
def test_any_two_sizes_of_block_stay_in_step(block, clock_block, ppm):
    clocks = TwoClocks(ppm, block, clock_block, sound=lambda _start, count: quiet(count))
    clocks.run(20.0, warm=True)
    dry = clocks.dry
    clocks.run(600.0)
    assert clocks.dry == dry
    assert max(clocks.delays) < 0.03 + 3 * max(block, clock_block) / PROGRAM_RATE


def test_clocks_that_agree_pass_every_sample_unchanged():
    noise = np.random.default_rng(0).standard_normal((40 * PROGRAM_RATE, 2)).astype(np.float32)
    clocks = TwoClocks(0.0, sound=lambda start, count: noise[start : start + count])
    clocks.run(30.0, keep=True)
    heard = np.concatenate(clocks.heard)
    begin = int(np.flatnonzero(heard.any(axis=1))[0])
    assert clocks.follower.splices == 0
    assert begin / PROGRAM_RATE < 0.05
    assert np.array_equal(heard[begin:], noise[: len(heard) - begin])


@pytest.mark.parametrize("ppm", [400.0, -400.0])
def test_a_splice_is_not_heard_in_a_tone(ppm):
    clocks = TwoClocks(ppm)
    clocks.run(2.0, warm=True)
    clocks.run(90.0, keep=True)
    heard = np.concatenate(clocks.heard)[:, 0]
    steepest = 0.5 * 2 * np.pi * 333.0 / PROGRAM_RATE
    assert clocks.follower.splices >= 2
    assert np.abs(np.diff(heard)).max() < 1.1 * steepest, "no click"
    level = np.sqrt(np.convolve(heard**2, np.ones(TICK) / TICK, "valid"))
    assert level.min() > 0.3, "no hole: a tone of 0.5 has 0.354"


def test_what_piled_up_is_left_out_soon():
    clocks = TwoClocks(0.0)
    clocks.run(5.0)
    clocks.follower.give(tone(clocks.sent, PROGRAM_RATE // 2), steady=False)
    clocks.delays.clear()
    clocks.run(3.0)
    assert clocks.delays[0] > 0.4
    assert clocks.delays[-1] < 0.04


def test_running_dry_fades_out_and_coming_back_fades_in():
    follower = Follower()
    follower.give(tone(0, 4_800))
    assert np.array_equal(follower.take(2_400, "running"), tone(0, 2_400))
    last = follower.take(4_800, "running")
    assert not follower.playing
    assert np.abs(np.diff(last[:, 0])).max() < 0.05
    assert not last[2_400 + FADE :].any()
    assert not follower.take(480, "running").any()
    follower.give(tone(0, 4_800))
    back = follower.take(480, "running")
    assert follower.playing
    assert abs(back[0, 0]) < 1e-6
    assert np.array_equal(back[FADE:], tone(FADE, 480 - FADE))


def test_what_had_to_be_waited_for_keeps_more_until_it_is_calm_again():
    clocks = TwoClocks(0.0)
    clocks.run(5.0)
    before = clocks.follower.reserve
    for _ in range(50):
        clocks.follower.waited_for()
    most = clocks.follower.reserve
    assert before < most <= before + 0.06 * PROGRAM_RATE
    clocks.run(8.0)
    assert clocks.follower.fill > before + 0.03 * PROGRAM_RATE
    clocks.run(120.0)
    assert clocks.follower.reserve == before
    assert clocks.delays[-1] < 0.045


def test_an_ended_sound_is_played_to_its_last_sample():
    follower = Follower()
    follower.give(tone(0, 700))
    assert np.array_equal(follower.take(480, "ended"), tone(0, 480))
    rest = follower.take(480, "ended")
    assert np.array_equal(rest[:220], tone(480, 220))
    assert not rest[220:].any()


def test_sound_too_old_to_come_in_is_counted_and_left_out():
    follower = Follower()
    follower.give(tone(0, PROGRAM_RATE))
    follower.leave_out_stale()
    assert follower.fill == follower.reserve
    assert follower.dropped == PROGRAM_RATE - follower.reserve
