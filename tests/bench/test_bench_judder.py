"""Judder: nothing for even motion, much for pictures that stay and jump, less with pictures in between."""

import numpy as np
import pytest

from s2s_live import cli
from s2s_live.bench import judder as module
from s2s_live.bench.judder import judder, measure_judder


def moving(rate, seconds=2.0):
    """Pictures so many times a second that lighten at one speed, and when they are shown."""
    times = np.arange(0.0, seconds, 1.0 / rate)
    return [np.full((4, 4, 3), round(100 * at), np.uint8) for at in times], times


def test_even_motion_has_next_to_none():
    assert judder(*moving(60), 60.0) < 0.5, "whole levels"


def test_pictures_that_stay_and_jump_have_much():
    assert judder(*moving(7.5), 60.0) == pytest.approx(np.sqrt(60 / 7.5 - 1), rel=0.1)


def test_where_nothing_moves_there_is_none_to_tell():
    pictures, times = moving(60)
    assert judder([pictures[0]] * len(times), times, 60.0) is None
    assert judder([], [], 60.0) is None


def test_pictures_in_between_make_a_slow_generator_even(tiny_folder, monkeypatch):
    monkeypatch.setattr(module, "SETTLED_S", 2.0)
    found = measure_judder(str(tiny_folder), seconds=3.0)
    assert found["pictures_per_s"]["with"] > 2 * found["pictures_per_s"]["without"] > 0
    assert found["judder"]["with"] < 0.7 * found["judder"]["without"]
    assert found["model"]["hash"]


def test_one_thing_is_measured_at_a_time(capsys):
    for other in (["--compare"], ["--trace", "a.json"]):
        assert cli.main(["bench", "--judder", *other]) != 0
        assert "Leave out" in (said := capsys.readouterr().err) or "one at a time" in said
