"""Finding a picture in the real window over a tiny model that sees: progress, Cancel, and every end."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt

from s2s_live.engines.base import Inverted
from s2s_live.engines.sound2scene import composing, inversion
from s2s_live.engines.sound2scene.engine import Sound2SceneEngine
from s2s_live.engines.sound2scene.tiny import write_tiny_model
from s2s_live.errors import S2SError
from s2s_live.live.memory import NO_PINS, released
from s2s_live.live.memory_file import read_pins
from s2s_live.ui.memory_wiring import COMPOSE, EDIT

LONG = 120_000
"""Milliseconds to wait on a busy machine."""
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def model(seeing_folder):
    """For every window of this file."""
    return seeing_folder


@pytest.fixture
def desk(pictures, window):
    """The window's memory, empty before and after."""
    return window.controller.memory


def counting(window):
    show = window.controller.show
    return {name: show.control(name) for name in released() if show.control(name) > 0}


def words_of(window, slot):
    return {action.text(): action for action in window.wiring.memory.menu(slot).actions() if action.text()}


class Script:
    """An inversion that goes as far as it is let, and ends when it is told to."""

    def __init__(self, monkeypatch):
        self.steps, self.let, self.ended = [0.25, 0.5, 1.0], threading.Semaphore(0), threading.Event()
        script = self

        def invert(engine, _picture, _seed, stop):
            z = np.full(engine.spec.z_size, 0.5, np.float32)
            latent = np.eye(1, engine.spec.latent_size, dtype=np.float32)[0]
            for share in script.steps:
                while not script.let.acquire(timeout=0.001):
                    if stop():
                        script.ended.set()
                        return
                yield Inverted(share, z * share, latent, 40.0 * (1.0 - share))
            script.ended.set()

        monkeypatch.setattr(Sound2SceneEngine, "invert", invert)


@pytest.fixture
def script(monkeypatch):
    return Script(monkeypatch)


@pytest.fixture
def picture(window, desk, qtbot, photograph, pictures):
    """A picture in slot 2."""
    pictures.add([photograph("Sea.png")], 2)
    qtbot.waitUntil(lambda: desk.pins[1] is not None, timeout=LONG)
    return desk.pins[1]


def test_pictures_can_be_edited_and_scenes_composed(window, desk, picture):
    desk.pin(1)
    offered = [{EDIT, COMPOSE} & set(words_of(window, slot)) for slot in (0, 1, 2)]
    assert offered == [set(), {COMPOSE}, {EDIT}]


def test_a_scene_is_composed_anew_and_shown(window, desk, qtbot, monkeypatch, pictures, rests):
    """The real search, a short one, from the menu to the picture."""
    monkeypatch.setattr(
        "s2s_live.engines.sound2scene.pictures.compose", lambda *a, **k: composing.compose(*a, **k, draws=3)
    )
    qtbot.waitUntil(lambda: window.controller.show.frame.scene is not None, timeout=LONG)
    desk.pin(1)
    before = desk.pins[0]
    desk.rename(1, "Lake")
    words_of(window, 1)[COMPOSE].trigger()
    assert window.status.job.text.text() == "Composing Lake: 0 %"
    pictures.find(1)
    assert window.messages.text == "Lake is being composed."
    qtbot.waitUntil(lambda: rests(window), timeout=LONG)
    after = desk.pins[0]
    assert window.messages.text.startswith("Composed Lake anew, ")
    assert (after.latent == before.latent).all()
    assert after.name == "Lake"
    assert after.z is not None
    assert after.picture is not before.picture
    assert counting(window) == {"pin_1": 1.0}


def test_finding_shows_how_far_it_is_and_recalls_what_it_finds(window, desk, qtbot, script, picture, rests):
    job = window.status.job
    assert not job.cancel.isVisible()
    words_of(window, 2)[EDIT].trigger()
    assert job.text.text() == "Finding Sea: 0 %"
    assert job.cancel.isVisible()
    for share, words in ((0.25, "25 %, off by 30"), (0.5, "50 %, off by 20")):
        script.let.release()
        qtbot.waitUntil(lambda share=share: job.bar.share == share, timeout=LONG)
        assert words in job.text.text()
        assert desk.pins[1].z is None
    desk.rename(2, "Ocean")
    script.let.release()
    qtbot.waitUntil(lambda: desk.pins[1].z is not None, timeout=LONG)
    found = desk.pins[1]
    assert (found.z == 0.5).all()
    assert found.latent[0] == 1.0
    assert found.name == "Ocean"
    assert found.original is picture.original
    assert counting(window) == {"pin_2": 1.0}
    assert window.messages.text == "Found Sea, off by 0 of 255 levels."
    qtbot.waitUntil(lambda: not job.text.text() and not job.cancel.isVisible(), timeout=LONG)
    qtbot.waitUntil(lambda: rests(window), timeout=LONG)
    spec = window.controller.show.engine.spec
    assert (read_pins(window.controller.show.keeper.path(spec.model_hash)).pins[1].z == 0.5).all()


def test_cancelled_it_keeps_the_best_and_the_show_as_it_is(
    window, desk, qtbot, script, picture, rests, pictures
):
    pictures.find(2)
    script.let.release()
    qtbot.waitUntil(lambda: window.status.job.bar.share == 0.25, timeout=LONG)
    counted = counting(window)
    qtbot.mouseClick(window.status.job.cancel, LEFT)
    qtbot.waitUntil(lambda: rests(window), timeout=LONG)
    assert (desk.pins[1].z == 0.125).all()
    assert counting(window) == counted
    assert window.messages.text == "Kept what was found of Sea so far, off by 30 of 255 levels."


def test_cancelled_at_once_it_changes_nothing(window, desk, qtbot, script, picture, rests, pictures):
    pictures.find(2)
    pictures.cancel()
    qtbot.waitUntil(lambda: rests(window), timeout=LONG)
    assert desk.pins[1] is picture
    assert "not looked for long enough" in window.messages.text


def test_a_long_name_leaves_the_window_its_width(window, desk, qtbot, script, picture, pictures):
    width = window.minimumSizeHint().width()
    desk.rename(2, "Holiday " * 7)
    pictures.find(2)
    assert window.status.job.text.text() == "Finding Holiday Holiday Holiday Holiday\u2026: 0 %"
    window.status.job.show_job(f"{window.status.job.text.text()}, off by 255 of 255 levels", 0.5)
    assert window.status.minimumSizeHint().width() <= width


def test_one_at_a_time(window, desk, qtbot, script, picture, pictures):
    pictures.find(2)
    pictures.find(2)
    assert window.messages.text == "Sea is being found."


@pytest.mark.parametrize("also", [False, True], ids=["cleared", "another pinned"])
def test_what_is_found_for_a_pin_that_went_is_not_kept(window, desk, qtbot, script, picture, also, pictures):
    pictures.find(2)
    desk.clear(2)
    if also:
        desk.pin(2)
    there = desk.pins
    script.let.release(3)
    qtbot.waitUntil(lambda: "meanwhile" in window.messages.text, timeout=LONG)
    assert desk.pins is there


def test_a_failure_is_said_and_the_pin_stays(window, desk, qtbot, monkeypatch, picture, rests, pictures):
    def invert(*_args):
        raise S2SError("The image encoder is damaged.", "Import it again.")
        yield

    monkeypatch.setattr(Sound2SceneEngine, "invert", invert)
    pictures.find(2)
    qtbot.waitUntil(lambda: window.messages.text == "The image encoder is damaged.", timeout=LONG)
    assert desk.pins[1] is picture
    qtbot.waitUntil(lambda: rests(window), timeout=LONG)


def test_another_model_ends_it_and_the_best_is_there_on_return(
    window, desk, qtbot, script, picture, tmp_path, pictures
):
    show = window.controller.show
    mine, other = show.model, write_tiny_model(tmp_path / "other", seed=1)
    pictures.find(2)
    script.let.release()
    qtbot.waitUntil(lambda: window.status.job.bar.share == 0.25, timeout=LONG)
    with qtbot.waitSignal(show.opened, timeout=LONG):
        show.open_model(str(other))
    qtbot.waitUntil(script.ended.is_set, timeout=LONG)
    assert desk.pins == NO_PINS
    with qtbot.waitSignal(show.opened, timeout=LONG):
        show.open_model(mine)
    assert (desk.pins[1].z == 0.125).all()
    assert counting(window) == {"heard": 1.0}
    qtbot.waitUntil(lambda: show.frame.scene is not None, timeout=LONG)


def test_closing_the_window_ends_it_and_saves_the_best(open_window, qtbot, close, photograph):
    """The real inversion."""
    window = open_window()
    controller = window.controller
    qtbot.waitUntil(lambda: controller.show.session is not None, timeout=LONG)
    controller.pictures.add([photograph("Sea.png")])
    qtbot.waitUntil(lambda: controller.memory.pins[0] is not None, timeout=LONG)
    controller.pictures.find(1)
    job = controller.pictures._job
    qtbot.waitUntil(lambda: window.status.job.bar.share > 0.0, timeout=LONG)
    path = controller.show.keeper.path(controller.show.engine.spec.model_hash)
    close(window)
    assert job.finder.join(LONG / 1000)
    assert read_pins(path).pins[0].z is not None


def test_a_found_picture_is_painted_and_edited(window, desk, qtbot, monkeypatch, picture, pictures):
    """The real inversion, a short one, from the menu to the picture."""
    monkeypatch.setattr(inversion, "DRAWS", 2)
    monkeypatch.setattr(
        "s2s_live.engines.sound2scene.pictures.invert", lambda *a, **k: inversion.invert(*a, **k, steps=2)
    )
    pictures.find(2)
    qtbot.waitUntil(lambda: desk.pins[1].z is not None, timeout=LONG)
    found, motion = desk.pins[1], window.controller.show.session.painting.performer.motion

    def apart(now, then):
        return float(np.abs(now - then).max())

    qtbot.waitUntil(lambda: apart(motion._z, found.z) < 0.01, timeout=LONG)
    qtbot.waitUntil(lambda: apart(motion.scene.latent, found.latent) < 0.02, timeout=LONG)
    window.controller.show.set_control("heard", 1.0)
    qtbot.waitUntil(lambda: apart(motion.scene.latent, found.latent) > 0.1, timeout=LONG)
    assert apart(motion._z, found.z) < 0.01, "the sound changes what is shown, not how it is composed"
