"""Pictures in the real window over a tiny model that sees: dropping, choosing, and what goes wrong."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from s2s_live.engines.sound2scene.engine import Sound2SceneEngine
from s2s_live.engines.sound2scene.tiny import write_tiny_model
from s2s_live.live.memory import NO_PINS, SLOTS, released
from s2s_live.live.memory_file import read_pins
from s2s_live.ui.memory_wiring import ADD

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


def event_of(kind, paths, at):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    words = (Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier.NoModifier)
    return (kind(QPointF(at), *words) if kind is QDropEvent else kind(at, *words)), data


def drop(window, *paths, slot=0):
    event, _data = event_of(QDropEvent, paths, place(window, slot))
    window.dropEvent(event)
    return event.isAccepted()


def place(window, slot):
    if not slot:
        return QPoint(50, 150)
    widget = window.memory.slots[slot - 1]
    return widget.mapTo(window, widget.rect().center())


def counting(window):
    show = window.controller.show
    return {name: show.control(name) for name in released() if show.control(name) > 0}


def held(desk):
    return [number for number, pin in enumerate(desk.pins, start=1) if pin is not None]


def words_of(window, slot):
    return {action.text(): action for action in window.wiring.memory.menu(slot).actions() if action.text()}


def test_a_picture_dropped_on_the_window_goes_half_with_the_sound(window, desk, qtbot, photograph, rests):
    path = photograph("Blue hour.jpg")
    desk.pin(1)
    desk.recall(1)
    assert drop(window, path)
    qtbot.waitUntil(lambda: held(desk) == [1, 2], timeout=LONG)
    pin = desk.pins[1]
    assert pin.name == "Blue hour"
    assert (pin.latent == window.controller.show.engine.see(path).latent).all()
    assert counting(window) == {"heard": 1.0, "pin_2": 1.0}
    assert window.messages.text == "Added Blue hour to slot 2, half with what is heard."
    assert window.memory.slots[1].accessibleName() == "Memory slot 2: Blue hour"
    qtbot.waitUntil(lambda: rests(window), timeout=LONG)
    spec = window.controller.show.engine.spec
    kept = read_pins(window.controller.show.keeper.path(spec.model_hash)).pins[1]
    assert (kept.original == pin.original).all()


def test_a_picture_dropped_on_a_slot_takes_its_place_and_can_be_undone(window, desk, qtbot, photograph):
    desk.pin(5)
    before = desk.pins[4]
    assert drop(window, photograph("sea.png"), slot=5)
    qtbot.waitUntil(lambda: desk.pins[4] is not before, timeout=LONG)
    assert held(desk) == [5]
    assert desk.pins[4].name == "sea"
    assert window.messages.text.startswith("Replaced ")
    qtbot.mouseClick(window.messages.action_button, LEFT)
    assert desk.pins[4] is before


def test_what_the_window_system_delivers_over_a_slot_goes_into_it(window, desk, qtbot, photograph):
    path = photograph("sea.webp")
    for kind in (QDragEnterEvent, QDropEvent):
        event, _data = event_of(kind, [path], place(window, 6))
        QApplication.sendEvent(window.windowHandle(), event)
        assert event.isAccepted()
    qtbot.waitUntil(lambda: held(desk) == [6], timeout=LONG)
    assert not any(slot._awaits for slot in window.memory.slots)


def test_several_are_added_one_after_the_other_and_sound_plays_beside_them(
    window, desk, qtbot, tmp_path, photograph
):
    names = ["a", "b", "c"]
    sound = tmp_path / "none.wav"
    played = []
    window.controller.sound.failed.connect(played.append)
    assert drop(window, *(photograph(f"{name}.png") for name in names), sound, slot=3)
    qtbot.waitUntil(lambda: len(held(desk)) == 3, timeout=LONG)
    assert [desk.pins[slot].name for slot in (2, 0, 1)] == names
    qtbot.waitUntil(lambda: len(played) == 1, timeout=LONG)  # it is not there: but it was tried
    window.controller.sound.failed.disconnect(played.append)


def test_a_damaged_one_is_named_and_the_others_come(window, desk, qtbot, tmp_path, photograph):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    drop(window, photograph("a.png"), broken, photograph("b.png"))
    qtbot.waitUntil(lambda: "broken.png" in window.messages.text, timeout=LONG)
    assert window.messages.level == "error"
    assert [pin.name for pin in desk.pins[:2]] == ["a", "b"]
    assert broken.read_bytes() == b"no picture"


def test_a_full_memory_says_so_and_keeps_what_it_has(window, desk, qtbot, photograph):
    for slot in range(1, SLOTS + 1):
        desk.pin(slot)
    before = desk.pins
    drop(window, photograph("late.png"))
    assert window.messages.text == "The memory is full: late.png was not added."
    drop(window, *(photograph(f"{n}.png") for n in range(5)))
    assert window.messages.text == "5 pictures were not added: 0.png, 1.png, 2.png and 2 more."
    assert desk.pins is before


def test_a_slot_that_is_taken_meanwhile_is_left_alone(window, desk, qtbot, photograph):
    for slot in range(1, SLOTS):
        desk.pin(slot)
    drop(window, photograph("late.png"))
    desk.pin(SLOTS)
    before = desk.pins
    qtbot.waitUntil(lambda: "full" in window.messages.text, timeout=LONG)
    assert desk.pins is before


def test_a_model_that_cannot_see_says_it_once(open_window, qtbot, tmp_path, photograph, rests):
    window = open_window(model=str(write_tiny_model(tmp_path / "blind")))
    said = []
    window.controller.memory.failed.connect(said.append)
    drop(window, photograph("a.png"))
    assert "No model is open" in str(said.pop())
    qtbot.waitUntil(lambda: window.controller.show.session is not None, timeout=LONG)
    drop(window, *(photograph(f"{n}.png") for n in range(3)))
    qtbot.waitUntil(lambda: len(said) == 1, timeout=LONG)
    assert "cannot look at pictures" in str(said[0])
    assert window.controller.memory.pins == NO_PINS
    qtbot.waitUntil(lambda: rests(window), timeout=LONG)
    assert len(said) == 1


def test_a_change_of_model_on_the_way_adds_nothing(window, desk, qtbot, monkeypatch, tmp_path, photograph):
    let_go, real = threading.Event(), Sound2SceneEngine.see
    show, other = window.controller.show, write_tiny_model(tmp_path / "other", seed=1)

    def see(engine, picture):
        let_go.wait()
        return real(engine, picture)

    monkeypatch.setattr(Sound2SceneEngine, "see", see)
    mine = show.model
    drop(window, photograph("a.png"))
    with qtbot.waitSignal(show.opened, timeout=LONG):
        show.open_model(str(other))
    let_go.set()
    qtbot.waitUntil(lambda: "the model was changed" in window.messages.text, timeout=LONG)
    assert desk.pins == NO_PINS
    with qtbot.waitSignal(show.opened, timeout=LONG):
        show.open_model(mine)
    assert desk.pins == NO_PINS
    qtbot.waitUntil(lambda: show.frame.scene is not None, timeout=LONG)


def test_the_slot_that_a_picture_would_go_into_is_shown(window, desk, tmp_path, photograph):
    def awaited():
        return [slot.number for slot in window.memory.slots if slot._awaits]

    desk.pin(1)
    path = photograph("a.png")
    for slot, shown in ((0, [2]), (7, [7])):
        event, _data = event_of(QDragEnterEvent, [path], place(window, slot))
        window.dragEnterEvent(event)
        assert event.isAccepted()
        assert awaited() == shown
    window.dragLeaveEvent(QDragLeaveEvent())
    assert awaited() == []
    for nothing in ([tmp_path], [tmp_path / "a.wav", tmp_path / "b.wav"], []):
        event, _data = event_of(QDragEnterEvent, nothing, place(window, 0))
        window.dragEnterEvent(event)
        assert not event.isAccepted()


@pytest.mark.parametrize("slot", [0, 4])
def test_the_menu_asks_for_pictures(window, desk, qtbot, monkeypatch, tmp_path, slot, photograph):
    path = str(photograph("a.png"))
    dialog = "s2s_live.ui.picture_wiring.QFileDialog.getOpenFileName"
    monkeypatch.setattr(dialog, lambda *_: (path, ""))
    monkeypatch.setattr(f"{dialog}s", lambda *_: ([path], ""))
    words_of(window, slot)[ADD].trigger()
    qtbot.waitUntil(lambda: held(desk) == [slot or 1], timeout=LONG)
    assert window.controller.settings.ui["picture_folder"] == str(tmp_path)
    assert "Replace by a picture\u2026" in words_of(window, slot or 1)
