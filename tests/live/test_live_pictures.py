"""A user's picture becomes a pin, and is found on a thread that gives way to the show."""

import os
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from s2s_live.engines.base import Composed, Inverted
from s2s_live.engines.registry import open_engine
from s2s_live.errors import ModelError, S2SError
from s2s_live.live.memory import fits
from s2s_live.live.pictures import NICENESS, SUFFIXES, Finder, is_picture, pin_of_picture

PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def engine(seeing_folder):
    engine = open_engine(seeing_folder)
    yield engine
    engine.close()


def photograph(path, **words):
    """Wide, with a blue middle between red sides."""
    pixels = np.full((120, 240, 3), (200, 30, 10), np.uint8)
    pixels[:, 60:180] = (10, 60, 200)
    Image.fromarray(pixels).save(path, **words)
    return path


# --- pins


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_picture_of_every_kind_becomes_a_pin(engine, tmp_path, suffix):
    more = {".gif": {"save_all": True, "append_images": [Image.new("RGB", (240, 120))]}}
    path = photograph(tmp_path / f"Blue hour{suffix.upper()}", **more.get(suffix, {}))
    assert is_picture(path)
    pin, seen = pin_of_picture(engine, path), engine.see(path)
    assert pin.name == "Blue hour"
    assert (pin.latent == seen.latent).all()
    assert (pin.flow == seen.flow).all()
    assert pin.family == seen.family
    assert fits(pin, engine.spec)
    assert pin.z is None
    for shown in (pin.picture, pin.original):
        assert shown.shape[0] == shown.shape[1] <= max(engine.spec.picture_size)
        assert np.abs(shown.reshape(-1, 3).mean(0) - (10, 60, 200)).max() < 12, "its middle square"


@pytest.mark.parametrize("name", ["rain.ogg", "take.wav", "jpg", "show.s2smemory"])
def test_other_files_are_no_pictures(tmp_path, name):
    assert not is_picture(tmp_path / name)


def test_a_model_that_cannot_see_is_named(tiny_folder, tmp_path):
    engine = open_engine(tiny_folder)
    with pytest.raises(ModelError, match=f"{engine.spec.model} cannot look") as said:
        pin_of_picture(engine, photograph(tmp_path / "a.png"))
    assert said.value.hint
    engine.close()


@pytest.mark.parametrize("content", [b"", b"no picture", None], ids=["empty", "text", "missing"])
def test_a_damaged_picture_is_named(engine, tmp_path, content):
    path = tmp_path / "broken.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(S2SError, match=r"broken\.png") as said:
        pin_of_picture(engine, path)
    assert said.value.hint


# --- finding


class Script:
    """An engine's `invert` that yields what it is told and notes where it runs."""

    def __init__(self, engine, steps):
        self.spec, self.steps = engine.spec, steps
        self.seen = {}

    def invert(self, picture, seed, stop=lambda: False):
        self.seen = {
            "seed": seed, "picture": picture, "threads": torch.get_num_threads(),
            "thread": threading.current_thread().name,
            "nice": os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) if os.name == "posix" else 0,
        }  # fmt: skip
        for step in self.steps:
            if isinstance(step, Exception):
                raise step
            yield step
            if step is self.steps[-1]:
                while not stop():
                    threading.Event().wait(0.001)


def step(share, error=20.0):
    return Inverted(share, np.zeros(4, np.float32), np.eye(1, 4, dtype=np.float32)[0], error)


@pytest.fixture
def pin(engine, tmp_path):
    return pin_of_picture(engine, photograph(tmp_path / "a.png"))


def test_it_works_on_one_nice_thread_and_gives_later_ones_the_engines_number(engine, pin):
    script, before = Script(engine, [step(0.1), step(0.2)]), torch.get_num_threads()
    script.spec = replace(engine.spec, threads=2)
    torch.set_num_threads(3)
    script.steps.append(S2SError("enough"))
    finder = Finder(script, pin, seed=9)
    script_niceness = os.getpriority(os.PRIO_PROCESS, 0) if os.name == "posix" else 0
    finder.start()
    assert finder.join(PATIENCE_S)
    assert finder.ended
    assert script.seen["seed"] == 9
    assert script.seen["picture"] is pin.original
    assert script.seen["threads"] == 1
    assert script.seen["thread"] == "s2s-finder"
    if sys.platform == "linux":
        assert script.seen["nice"] >= NICENESS
        assert os.getpriority(os.PRIO_PROCESS, 0) == script_niceness, "of its own thread alone"
    taken = []
    later = threading.Thread(target=lambda: taken.append(torch.get_num_threads()))
    later.start()
    later.join()
    torch.set_num_threads(before)
    assert taken == [2]


@pytest.mark.parametrize("error", [S2SError("no such thing", "try"), RuntimeError("no memory")], ids=repr)
def test_a_failure_ends_it_and_is_told(engine, pin, error):
    finder = Finder(Script(engine, [step(0.1), error]), pin, seed=0)
    finder.start()
    assert finder.join(PATIENCE_S)
    assert finder.ended
    assert str(error) in str(finder.failure)
    assert finder.failure.hint
    assert finder.best.share == 0.1


def test_stopping_it_keeps_the_best(engine, pin):
    last = step(0.5)
    finder = Finder(Script(engine, [step(0.1), last]), pin, seed=0)
    finder.start()
    while finder.best is not last:
        threading.Event().wait(0.001)
    assert not finder.ended
    finder.stop()
    assert finder.join(PATIENCE_S)
    assert finder.failure is None
    assert finder.best is last


def test_an_engine_that_can_do_neither_is_refused(engine, pin):
    blind = object.__new__(type("Blind", (), {"spec": engine.spec}))
    with pytest.raises(ModelError, match="cannot find"):
        Finder(blind, pin, seed=0)
    with pytest.raises(ModelError, match="cannot compose"):
        Finder(blind, replace(pin, original=None), seed=0)


def test_the_pin_of_a_scene_is_composed(engine, pin):
    finder = Finder(engine, replace(pin, original=None), seed=3)
    finder.start()
    while finder.best is None:
        threading.Event().wait(0.001)
    finder.stop()
    assert finder.join(PATIENCE_S)
    assert isinstance(finder.best, Composed)
    assert fits(replace(pin, z=finder.best.z), engine.spec)


def test_what_is_found_is_painted_from_the_pin(engine, pin):
    """From the first draw on: the real inversion, stopped soon."""
    finder = Finder(engine, pin, seed=3)
    finder.start()
    while finder.best is None:
        threading.Event().wait(0.001)
    finder.stop()
    assert finder.join(PATIENCE_S)
    found = replace(pin, z=finder.best.z, latent=finder.best.latent)
    assert fits(found, engine.spec)
    assert np.isfinite(finder.best.error)
