"""Sounds that follow one another, and where each begins."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from s2s_live.training import tapes
from s2s_live.training.recordings import Clip
from s2s_live.training.tapes import Part, at_level, joined, levelled, recorded, synthesised

RATE = 16_000
PLAIN = ("FADED", "PAUSED", "APART", "IN_ROOM", "PROMPT", "EVEN", "BEDDED")


def clip(families, seconds, seed):
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * RATE)).astype(np.float32)
    return Clip(Path(f"{seed}.wav"), "x", families, f"s{seed}", "a", "CC0", False, samples)


def level(samples):
    return 10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12)


def tone(hertz, seconds=2.0):
    samples = 0.1 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return Part(samples.astype(np.float32), frozenset([str(hertz)]))


def only(monkeypatch, **shares):
    """Nothing happens to the sounds but that."""
    for name in PLAIN:
        monkeypatch.setattr(tapes, name, shares.get(name, 0.0))
    monkeypatch.setattr(tapes, "STEP_EVERY_S", shares.get("STEP_EVERY_S", 1e9))


def test_neighbours_on_a_tape_of_recordings_share_no_family():
    of = (("rain", "storm"), ("storm",), ("fire",), ("sea",), ("silence",))
    clips = [clip(families, 2 + 3 * seed, seed) for seed, families in enumerate(of)]
    parts = recorded(clips, 1, 30)
    assert len(parts) == 30
    assert all(not a.right & b.right for a, b in pairwise(parts))
    assert {frozenset(families) for families in of[:-1]} == {part.right for part in parts}
    assert all(len(part.samples) <= tapes.PART_S[1] * RATE for part in parts)


def test_a_tape_of_one_family_ends_after_it_and_one_of_none_is_empty():
    assert len(recorded([clip(("rain",), 9, 0), clip(("rain", "storm"), 9, 1)], 1, 30)) == 1
    assert recorded([], 1, 30) == []


def test_synthesised_neighbours_differ_and_are_levelled():
    parts = synthesised(5, 4)
    assert all(a.right != b.right for a, b in pairwise(parts))
    assert all(tapes.LEVEL_DB[0] - 1 < level(part.samples) < tapes.LEVEL_DB[1] + 0.1 for part in parts)
    assert levelled(np.zeros(16, np.float32), np.random.default_rng(0)).max() == 0


def test_plain_sounds_begin_where_the_one_before_ends(monkeypatch):
    only(monkeypatch, EVEN=1.0)
    tape = joined([tone(200), tone(400, 3.0), tone(800)], np.random.default_rng(0), 0.0)
    assert tape.starts == (0, 2 * RATE, 5 * RATE)
    assert len(tape.samples) == 7 * RATE
    assert level(tape.samples[:RATE]) == pytest.approx(level(tape.samples[-RATE:]), abs=0.1)


def test_sounds_of_their_own_level_differ_in_it(monkeypatch):
    only(monkeypatch)
    tape = joined([tone(200), tone(400)], np.random.default_rng(0), 0.0)
    assert abs(level(tape.samples[:RATE]) - level(tape.samples[-RATE:])) > 1


def test_a_faded_sound_begins_in_the_middle_of_the_fade(monkeypatch):
    only(monkeypatch, FADED=1.0, EVEN=1.0)
    monkeypatch.setattr(tapes, "FADE_S", (0.1, 0.1))
    tape = joined([tone(200), tone(400)], np.random.default_rng(0), 0.0)
    assert tape.starts == (0, 2 * RATE - 800)
    assert len(tape.samples) == 4 * RATE - 1600
    assert level(tape.samples[2 * RATE - 1600 : 2 * RATE]) == pytest.approx(level(tape.samples[:RATE]), abs=1)


def test_a_sound_apart_begins_after_what_cannot_be_heard(monkeypatch):
    only(monkeypatch, APART=1.0)
    monkeypatch.setattr(tapes, "APART_S", (0.5, 0.5))
    tape = joined([tone(200), tone(400)], np.random.default_rng(0), 0.0)
    assert tape.starts == (0, 2 * RATE + RATE // 2)
    assert not tape.samples[2 * RATE : 2 * RATE + RATE // 2].any()
    assert len(tape.samples) == 4 * RATE + RATE // 2


def test_what_happens_within_a_sound_begins_no_other(monkeypatch):
    only(monkeypatch, PAUSED=1.0, STEP_EVERY_S=0.5, EVEN=1.0)
    quiet, loud = tone(200, 5.0), tone(400, 5.0)
    tape = joined([quiet, loud], np.random.default_rng(1), 0.0)
    assert tape.starts == (0, 5 * RATE)
    moments = np.square(tape.samples.reshape(-1, 800)).mean(1)
    assert (moments == 0).sum() >= 4, "two pauses"
    assert moments.max() > 4 * np.median(moments)
    np.testing.assert_allclose(quiet.samples, tone(200, 5.0).samples)  # the part itself is as it was


def test_a_sound_that_swells_begins_where_it_can_be_heard(monkeypatch):
    only(monkeypatch, PROMPT=1.0)
    late = tone(400, 5.0).samples
    late[:RATE] *= 0.01
    tape = joined([tone(200), Part(late, frozenset(["x"]))], np.random.default_rng(0), 0.0)
    assert len(tape.samples) == pytest.approx(6 * RATE, abs=800)


def test_in_a_room_a_sound_dies_away_under_the_next(monkeypatch):
    only(monkeypatch, IN_ROOM=1.0, EVEN=1.0)
    parts = [tone(200), Part(np.zeros(RATE, np.float32), frozenset(["none"]))]
    tape = joined(parts, np.random.default_rng(0), 0.0)
    assert len(tape.samples) == 3 * RATE
    assert level(tape.samples[2 * RATE : 2 * RATE + 800]) > -70


def test_noise_lies_under_a_tape_where_no_sound_is_too(monkeypatch):
    only(monkeypatch, APART=1.0, BEDDED=1.0)
    monkeypatch.setattr(tapes, "APART_S", (0.5, 0.5))
    monkeypatch.setattr(tapes, "BED_DB", (-60.0, -60.0))
    tape = joined([tone(200), tone(400)], np.random.default_rng(0), 0.0)
    assert level(tape.samples[2 * RATE : 2 * RATE + RATE // 2]) == pytest.approx(-60.0, abs=2.0)


def test_the_tape_is_the_same_again_and_within_full_scale():
    parts = synthesised(7, 4)
    one, other = (joined(parts, np.random.default_rng(3), 1.0) for _ in range(2))
    np.testing.assert_array_equal(one.samples, other.samples)
    assert one.starts == other.starts
    assert np.abs(one.samples).max() <= 1.0
    assert list(one.starts) == sorted(one.starts)
    assert level(at_level(one.samples, -33.0)) == pytest.approx(-33.0, abs=0.01)
