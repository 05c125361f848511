"""The measurement itself: scripts, tapes, and what counts as a lasting change."""

from itertools import pairwise

import numpy as np

from s2s_live.audio.ring import SampleRing
from s2s_live.bench.latency import Shown, difference, first_lasting
from s2s_live.bench.script import write_script
from s2s_live.bench.tape import Tape, find_script, mismatches, without_bursts


def test_a_script_is_loud_in_its_bursts_and_never_clips():
    script = write_script(3)
    assert np.abs(script.sound).max() < 1.0
    kinds = [event.kind for event in script.events]
    assert kinds == ["semantic", "fast"] * 3
    for event in script.events:
        if event.kind == "fast":
            inside = script.sound[event.sample : event.sample + 4800]
            before = script.sound[event.sample - 4800 : event.sample]
            assert np.square(inside).mean() > 4 * np.square(before).mean()


def test_every_sound_of_a_script_can_be_heard_from_its_first_moment_on():
    script = write_script(24)
    begins = [event.sample for event in script.events if event.kind == "semantic"]
    calm = script.sound / script.gains()
    for start, stop in pairwise([*begins, len(calm)]):
        first, whole = calm[start : start + 7_200], calm[start:stop]
        # Fires crackle: a moment between two crackles is fainter than all of them.
        assert np.square(first).mean() > 0.2 * np.square(whole).mean()


def test_the_script_is_found_on_a_looped_tape_and_its_bursts_taken_out_exactly():
    script = write_script(2)
    looped = np.concatenate([np.zeros(960, np.float32), script.sound, script.sound[:100_000]])
    stereo = np.repeat(looped[:, None], 2, axis=1)
    ring = SampleRing(len(stereo), 2, 48_000)
    with Tape(ring) as tape:
        ring.write(stereo[:5000])
        tape.run()
        ring.write(stereo[5000:])
        tape.run()
        sound = tape.sound()
        assert (sound == stereo).all()
        start = find_script(sound, script)
        assert start == 960
        assert mismatches(sound, script, start) == 0
        calm = without_bursts(sound, script, start)
        assert (calm[960 : 960 + len(script.sound), 0] == script.sound / script.gains()).all()
        damaged = np.array(sound)
        damaged[200_000] += 0.1
        assert mismatches(damaged, script, start) == 1


def test_a_change_counts_when_it_stays():
    shown = [Shown(i, i * 0.02) for i in range(20)]
    flicker = {3, 8, 9, 10, 11, 12, 13}
    first = first_lasting(shown, lambda frame: frame.position in flicker)
    assert first == shown[8]
    assert first_lasting(shown, lambda frame: frame.position == 3) is None


def test_difference_is_a_mean_of_255():
    a = np.zeros((4, 4, 3), np.uint8)
    b = np.full((4, 4, 3), 255, np.uint8)
    assert difference(a, b) == difference(b, a) == 255.0
