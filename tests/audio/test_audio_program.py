"""The programme's pace, with made-up time."""

import numpy as np
import pytest

from s2s_live.audio.program import ProgramWriter
from s2s_live.timeline import PROGRAM_RATE, TICK


class Show:
    """A writer and a source of constant sound that arrives in blocks of `block` samples."""

    def __init__(self, block=512):
        self.writer = ProgramWriter(30.0)
        self.block = block
        self.now = 100.0
        self.late = 0

    def sound(self, seconds, value=0.5):
        for _ in range(round(seconds * PROGRAM_RATE / self.block)):
            self.now += self.block / PROGRAM_RATE
            self.burst(self.block, value)

    def burst(self, count, value=0.5):
        self.late += self.writer.write(np.full((count, 2), value, np.float32), self.now, 0.0, self.now)

    def nothing(self, seconds, late_sound_may_come=True):
        end = self.now + seconds
        while self.now < end:
            self.now += 0.02
            self.writer.keep_pace(self.now, late_sound_may_come)

    @property
    def behind(self):
        """Seconds by which the programme is behind the wall clock."""
        return self.now - 100.0 - self.writer.ring.written / PROGRAM_RATE


@pytest.mark.parametrize("block", [64, 480, 512, 1_100])
def test_whole_ticks_from_any_blocks(block):
    show = Show(block)
    show.sound(2.0)
    assert show.writer.ring.written % TICK == 0
    assert 0 <= show.behind < 0.012
    assert show.writer.levels.ticks * TICK == show.writer.ring.written
    assert show.writer.ring.read(0, show.writer.ring.written).min() == 0.5


def test_silence_takes_the_place_of_sound_that_does_not_come():
    show = Show()
    show.sound(1.0)
    show.nothing(3.0)
    assert abs(show.behind) < 0.03
    tail = show.writer.ring.read(show.writer.ring.written - PROGRAM_RATE, show.writer.ring.written)
    assert not tail.any()


def test_late_sound_is_dropped_as_far_as_silence_stands_there():
    show = Show()
    show.sound(1.0)
    show.nothing(0.6)
    show.burst(round(0.6 * PROGRAM_RATE), 0.25)  # the device had only been held up
    assert show.late == pytest.approx(0.55 * PROGRAM_RATE, abs=0.03 * PROGRAM_RATE)
    assert -0.06 < show.behind < 0.03
    before = show.late
    show.sound(5.0)
    assert show.late - before < 0.06 * PROGRAM_RATE
    assert abs(show.behind) < 0.08


def test_a_burst_after_a_short_gap_loses_nothing():
    show = Show()
    show.sound(1.0)
    show.now += 0.2
    show.burst(round(0.2 * PROGRAM_RATE))
    show.sound(1.0)
    assert show.late == 0
    assert 0 <= show.behind < 0.02


def test_a_device_that_paused_is_heard_at_once_when_it_goes_on():
    show = Show()
    show.sound(1.0)
    show.nothing(2.0)
    show.sound(0.5, 0.125)
    newest = show.writer.ring.read(show.writer.ring.written - TICK, show.writer.ring.written)
    assert (newest == 0.125).all()
    assert show.late < 0.06 * PROGRAM_RATE


def test_after_a_sleep_of_the_machine_the_programme_does_not_catch_up():
    show = Show()
    show.nothing(1.0, late_sound_may_come=False)
    before = show.writer.ring.written
    show.now += 3_600.0
    show.writer.keep_pace(show.now)
    assert show.writer.ring.written - before <= 1.1 * PROGRAM_RATE
    show.nothing(1.0)
    assert show.writer.ring.written - before <= 2.2 * PROGRAM_RATE


def test_another_source_owes_nothing():
    show = Show()
    show.sound(1.0)
    show.nothing(1.0)
    show.writer.cut()
    show.burst(4_800)
    assert show.late == 0
