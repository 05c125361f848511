"""The memory in the real window over a tiny model: hands, keys, files, and what goes wrong with them."""

from __future__ import annotations

import errno

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtWidgets import QApplication, QInputDialog

from s2s_live.control.settings import Settings
from s2s_live.engines.sound2scene.tiny import write_tiny_model
from s2s_live.live.memory import NO_PINS, released
from s2s_live.live.memory_file import read_pins, write_pins
from s2s_live.store.folder import ModelFolder
from s2s_live.ui.memory_desk import pin_title

LONG = 120_000
"""Milliseconds to wait on a busy machine."""
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def desk(window, qtbot):
    """The window's memory, empty before and after."""
    desk = window.controller.memory
    qtbot.waitUntil(lambda: window.controller.show.frame.scene is not None, timeout=LONG)
    yield desk
    window.controller.show.session.memory.put_all(NO_PINS)
    for name, value in released().items():
        window.controller.show.set_control(name, value)
    desk.undo()
    window.controller.show.session.memory.put_all(NO_PINS)
    qtbot.waitUntil(lambda: not window.controller.jobs.busy, timeout=LONG)


def counting(window):
    show = window.controller.show
    return {name: show.control(name) for name in released() if show.control(name) > 0}


def held(desk):
    return [number for number, pin in enumerate(desk.pins, start=1) if pin is not None]


def test_a_click_pins_recalls_and_returns(window, desk, qtbot):
    slot, seen = window.memory.slots[1], []
    window.controller.show.session.add_sink(seen.append)
    qtbot.waitUntil(lambda: len(seen) > 2, timeout=LONG)
    qtbot.mouseClick(slot, LEFT)
    window.controller.show.session.remove_sink(seen.append)
    assert held(desk) == [2]
    made = desk.pins[1]
    assert any(
        (frame.scene.latent == made.latent).all() and (frame.picture == made.picture).all() for frame in seen
    )
    assert slot.pin is made
    assert counting(window) == {"heard": 1.0}
    qtbot.mouseClick(slot, LEFT)
    assert counting(window) == {"pin_2": 1.0}
    assert slot.alone
    qtbot.mouseClick(slot, LEFT)
    assert counting(window) == {"heard": 1.0}
    assert not slot.alone


def test_a_drag_mixes_and_a_change_from_elsewhere_is_shown(window, desk, qtbot):
    desk.pin(1)
    slot = window.memory.slots[0]
    middle = slot.rect().center()
    qtbot.mousePress(slot, LEFT, pos=middle)
    qtbot.mouseMove(slot, middle - QPoint(0, 70))
    qtbot.mouseRelease(slot, LEFT, pos=middle - QPoint(0, 70))
    mixed = counting(window)
    assert mixed["heard"] == 1.0
    assert mixed["pin_1"] == window.memory.slots[0].weight == pytest.approx(0.5, abs=0.1)
    window.controller.show.set_control("pin_1", 0.25)  # as a fader would
    qtbot.waitUntil(lambda: window.memory.slots[0].weight == 0.25, timeout=LONG)


def test_keys_pin_recall_and_say_what_is_missing(window, desk, qtbot):
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=LONG)
    alt, both = (
        Qt.KeyboardModifier.AltModifier,
        (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier),
    )
    qtbot.keyClick(window, Qt.Key.Key_8, alt)
    assert window.messages.text == "Slot 8 is empty."
    qtbot.keyClick(window, Qt.Key.Key_8, both)
    assert held(desk) == [8]
    qtbot.keyClick(window, Qt.Key.Key_8, alt)
    assert counting(window) == {"pin_8": 1.0}
    qtbot.keyClick(window, Qt.Key.Key_8, alt)
    assert counting(window) == {"heard": 1.0}


def test_what_is_cleared_or_replaced_can_be_had_back(window, desk, qtbot):
    desk.pin(4)
    first = desk.pins[3]
    desk.recall(4)
    qtbot.keyClick(window.memory.slots[3], Qt.Key.Key_Delete)
    assert held(desk) == []
    assert counting(window) == {"heard": 1.0}, "nothing is left to count"
    assert "from slot 4" in window.messages.text
    qtbot.mouseClick(window.messages.action_button, LEFT)
    assert desk.pins[3] is first
    desk.pin(4)
    assert desk.pins[3] is not first
    assert window.messages.text.startswith("Replaced ")
    window.messages.action_button.click()
    assert desk.pins[3] is first


def test_undoing_never_takes_what_came_later(window, desk):
    desk.pin(2)
    desk.clear(2)
    assert window.messages.offers
    desk.pin(2)
    later = desk.pins[1]
    assert not window.messages.offers, "there is nothing to undo any more"
    desk.undo()
    assert desk.pins[1] is later


def test_clearing_one_of_several_leaves_the_others_alone(window, desk):
    desk.pin(1)
    desk.pin(2)
    desk.weigh(1, 0.5)
    desk.weigh(2, 0.25)
    desk.clear(1)
    assert counting(window) == {"heard": 1.0, "pin_2": 0.25}


def test_a_pin_can_be_renamed_and_the_menu_has_it_all(window, desk):
    desk.pin(1)
    desk.rename(1, "  Dawn  ")
    assert window.memory.slots[0].accessibleName() == "Memory slot 1: Dawn"

    def words(slot):
        return [action.text() for action in window.wiring.memory.menu(slot).actions() if action.text()]

    files = ["Save memory\u2026", "Open memory\u2026"]
    painted, chosen = "Replace by what is painted now", "Replace by a picture\u2026"
    assert words(1) == ["Rename\u2026", painted, chosen, "Clear", *files]
    assert words(2) == ["Pin what is painted now", "Add a picture\u2026", *files]
    assert words(0) == ["Add a picture\u2026", *files]
    desk.rename(1, "")
    assert desk.pins[0].name == ""


@pytest.mark.parametrize(("answer", "name"), [("Dusk", "Dusk"), (None, "")], ids=["another", "the same"])
def test_a_dialog_asks_for_the_name(window, desk, answer, name):
    desk.pin(2)
    window.wiring.memory.menu(2).actions()[0].trigger()
    dialog = window.findChild(QInputDialog)
    assert dialog.textValue() == pin_title(desk.pins[1], 2)
    if answer:
        dialog.setTextValue(answer)
    dialog.accept()
    assert desk.pins[1].name == name
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert window.findChild(QInputDialog) is None


def test_a_memory_is_saved_to_a_file_and_opened_from_it(window, desk, qtbot, tmp_path):
    for slot in (1, 5):
        desk.pin(slot)
    saved = desk.pins
    with qtbot.waitSignal(desk.noted, timeout=LONG) as noted:
        desk.save_as(tmp_path / "show")
    assert noted.args[0] == "Saved show.s2smemory"
    desk.clear(1)
    desk.pin(7)
    other = desk.pins
    with qtbot.waitSignal(desk.undoable, timeout=LONG):
        desk.open(tmp_path / "show.s2smemory")
    assert held(desk) == [1, 5]
    assert (desk.pins[4].latent == saved[4].latent).all()
    desk.undo()
    assert desk.pins == other


def test_files_that_are_no_good_are_refused_and_nothing_changes(window, desk, qtbot, tmp_path):
    desk.pin(3)
    before, spec = desk.pins, window.controller.show.engine.spec
    broken, foreign, nowhere = tmp_path / "b.s2smemory", tmp_path / "f.s2smemory", tmp_path / "n.s2smemory"
    broken.write_bytes(b"no pins")
    write_pins(foreign, "ocean", "f" * 12, NO_PINS)
    for path, words in ((broken, "damaged"), (foreign, "made with ocean"), (nowhere, "cannot be read")):
        with qtbot.waitSignal(desk.failed, timeout=LONG):
            desk.open(path)
        assert words in window.messages.text
        assert window.messages.level == "error"
        assert desk.pins == before
    assert spec.model in str(window.controller.show.engine.spec)
    assert broken.read_bytes() == b"no pins"


def test_a_full_disk_is_said_once_and_mended_by_the_next_save(window, desk, qtbot, monkeypatch):
    said = []
    desk.failed.connect(said.append)

    def idle():
        qtbot.waitUntil(lambda: not window.controller.jobs.busy, timeout=LONG)

    def refuse(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    idle()
    with monkeypatch.context() as patch:
        patch.setattr("s2s_live.live.memory_file.os.fsync", refuse)
        desk.pin(1)
        idle()
        desk.save()
        idle()
    assert ["disk is full" in str(error) for error in said] == [True]
    assert held(desk) == [1], "the show goes on with it"
    desk.save()
    idle()
    spec = window.controller.show.engine.spec
    kept = read_pins(window.controller.show.keeper.path(spec.model_hash))
    assert (kept.pins[0].latent == desk.pins[0].latent).all()
    desk.failed.disconnect(said.append)


def test_the_strip_can_be_hidden_and_gives_its_room_to_the_scene(window, qtbot, press):
    strip, tall = window.memory, window.scene.height()
    assert strip.isVisible()
    press(window, Qt.Key.Key_P)
    assert strip.isHidden()
    assert not window.stage.memory.isChecked()
    qtbot.waitUntil(lambda: window.scene.height() == tall + strip.height(), timeout=LONG)
    assert window.controller.settings.ui["memory"] is False
    qtbot.mouseClick(window.stage.memory, LEFT)
    assert strip.isVisible()
    assert window.stage.memory.isChecked()


def test_another_model_has_a_memory_of_its_own(window, desk, qtbot, model, tmp_path):
    show = window.controller.show
    other = write_tiny_model(tmp_path / "other", seed=1)
    desk.pin(1)
    mine = desk.pins
    desk.recall(1)
    with qtbot.waitSignal(show.opened, timeout=LONG):
        show.open_model(str(other))
    assert desk.pins == NO_PINS
    assert counting(window) == {"heard": 1.0}
    qtbot.waitUntil(lambda: show.frame.scene is not None, timeout=LONG)
    desk.pin(2)
    with qtbot.waitSignal(show.opened, timeout=LONG):
        show.open_model(str(model))
    assert desk.pins is mine or desk.pins == mine


def test_pins_come_back_and_their_weights_do_not(open_window, qtbot, close):
    window = open_window()
    show, desk = window.controller.show, window.controller.memory
    desk.press(1)
    assert window.messages.text == "There is no scene to pin yet."
    qtbot.waitUntil(lambda: show.frame is not None and show.frame.scene is not None, timeout=LONG)
    desk.press(6)
    desk.rename(6, "Kept")
    desk.recall(6)
    window.wiring.memory.toggle()
    latent = desk.pins[5].latent
    close(window)
    assert not {"heard", "pin_6"} & set(Settings.load().controls)
    again = open_window()
    qtbot.waitUntil(lambda: again.controller.show.session is not None, timeout=LONG)
    found = again.controller.memory.pins
    assert held(again.controller.memory) == [6]
    assert (found[5].latent == latent).all()
    assert again.memory.slots[5].accessibleName() == "Memory slot 6: Kept"
    assert again.memory.isHidden()
    assert counting(again) == {"heard": 1.0}


def test_a_damaged_memory_is_said_and_kept_and_the_show_starts(open_window, qtbot, model, tmp_path):
    folder = tmp_path / "memory"
    folder.mkdir()
    (folder / f"{ModelFolder.open(model).hash}.s2smemory").write_bytes(b"bits")
    window = open_window()
    qtbot.waitUntil(lambda: "begins empty" in window.messages.text, timeout=LONG)
    assert [path.read_bytes() for path in folder.glob("*.damaged*")] == [b"bits"]
    qtbot.waitUntil(lambda: window.scene.shown > 2, timeout=LONG)
