"""When the painting network is run: on which threads, and not at all for what stands still."""

from dataclasses import replace

import numpy as np
import pytest
from engines.frames import Watched, change, state

from s2s_live.engines.registry import open_engine


def test_painting_takes_the_threads_of_hearing_while_nothing_is_heard(tiny_folder):
    engine = open_engine(tiny_folder, threads=1, alone=2)
    assert (engine.spec.threads, engine.spec.threads_alone) == (1, 2)
    watched = Watched(engine._paint.runtime)
    engine._paint = replace(engine._paint, runtime=watched)
    first = engine.paint(state(engine))
    engine.paint(state(engine, seed=8))
    with engine._hearing:  # as while a window is heard
        second = engine.paint(state(engine))
    engine.close()
    assert watched.alone == [True, True, False]
    np.testing.assert_array_equal(first, second)


def test_what_stands_still_is_painted_once(tiny_folder):
    engine = open_engine(tiny_folder)
    engine._paint = replace(engine._paint, runtime=(watched := Watched(engine._paint.runtime)))
    first = engine.paint(state(engine))
    again = engine.paint(state(engine, position=480))
    assert len(watched.alone) == 1
    np.testing.assert_array_equal(first, again)
    assert not np.shares_memory(first, again), "whoever has a frame may keep it"
    rest = state(engine)
    changed = (
        {"seed": 8}, {"latent": -rest.latent}, {"z": 0.5 * rest.z}, {"displacement": rest.displacement + 0.1},
        {"pulse": 1.0}, {"controls": {"brightness": 0.2}}, {"controls": {"truncation": 0.5}},
    )  # fmt: skip
    for count, changes in enumerate(changed, start=2):
        assert change(first, engine.paint(state(engine, **changes))) > 0
        assert len(watched.alone) == count
    np.testing.assert_array_equal(engine.paint(state(engine)), first)
    engine.close()


def test_after_a_frame_that_failed_it_is_painted_anew(tiny_folder, monkeypatch):
    engine = open_engine(tiny_folder)
    first = engine.paint(state(engine))
    with monkeypatch.context() as patch:
        patch.setattr(type(engine._paint.runtime), "run", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            engine.paint(state(engine, seed=8))
    np.testing.assert_array_equal(engine.paint(state(engine)), first)
    engine.close()
