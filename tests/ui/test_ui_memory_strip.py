"""The memory strip by itself: what its slots show, and what hands wish of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel

from s2s_live.engines.base import Target
from s2s_live.live.memory import SLOTS, pin_of
from s2s_live.ui.memory_slot import MemorySlot
from s2s_live.ui.memory_strip import MemoryStrip
from s2s_live.ui.messages import MessageBar
from s2s_live.ui.shortcuts import ShortcutSheet, make_actions

LONG = 120_000
"""Milliseconds to wait on a busy machine."""
LEFT = Qt.MouseButton.LeftButton


def pin(colour=(10, 20, 200), family="rain"):
    scene = Target(np.eye(1, 8, dtype=np.float32)[0], np.zeros((3, 2), np.float32), family, 0.9)
    return pin_of(scene, np.broadcast_to(np.uint8(colour), (64, 64, 3)), "a" * 12)


@pytest.fixture
def slot(qtbot):
    slot = MemorySlot(3)
    slot.resize(110, 70)
    qtbot.addWidget(slot)
    slot.show()
    qtbot.waitExposed(slot)
    return slot


def wheel(widget, notches):
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at, at, QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


def drag(qtbot, widget, up):
    start = widget.rect().center()
    qtbot.mousePress(widget, LEFT, pos=start)
    for part in (up // 2, up):
        qtbot.mouseMove(widget, start - QPoint(0, part))
    qtbot.mouseRelease(widget, LEFT, pos=start - QPoint(0, up))


# --- a slot by itself


def test_a_slot_says_what_it_holds_and_what_can_be_done(slot):
    assert slot.accessibleName() == "Memory slot 3: empty"
    assert "Ctrl+Alt+3" in slot.toolTip()
    slot.show_pin(pin(), 0.5, alone=False)
    assert slot.accessibleName() == "Memory slot 3: Rain"
    assert slot.accessibleDescription() == "counts 50 %; press to recall"
    assert "Alt+3" in slot.toolTip()
    slot.show_pin(replace(pin(), name="Dawn"), 1.0, alone=True)
    assert slot.accessibleName() == "Memory slot 3: Dawn"
    assert slot.accessibleDescription() == "recalled; press to return to the sound"
    slot.show_pin(pin(family=""), 0.0, alone=False)
    assert slot.accessibleName() == "Memory slot 3: Pin 3"


def test_a_press_is_a_click_and_a_drag_is_a_weight(slot, qtbot):
    slot.show_pin(pin(), 0.2, alone=False)
    clicks, wishes = [], []
    slot.clicked.connect(lambda: clicks.append(True))
    slot.weight_wished.connect(wishes.append)
    qtbot.mouseClick(slot, LEFT)
    assert (len(clicks), wishes) == (1, [])
    drag(qtbot, slot, 60)
    assert len(clicks) == 1
    assert wishes == sorted(wishes)
    assert 0.5 < wishes[-1] < 0.8
    drag(qtbot, slot, -400)
    assert wishes[-1] == 0.0
    drag(qtbot, slot, 400)
    assert wishes[-1] == 1.0


def test_the_wheel_and_the_arrows_turn_the_weight(slot, qtbot):
    slot.show_pin(pin(), 0.5, alone=False)
    wishes = []
    slot.weight_wished.connect(wishes.append)
    wheel(slot, 1)
    wheel(slot, -2)
    qtbot.keyClick(slot, Qt.Key.Key_Up)
    qtbot.keyClick(slot, Qt.Key.Key_Down)
    assert wishes == pytest.approx([0.55, 0.4, 0.55, 0.45])
    slot.show_pin(slot.pin, 1.0, alone=True)
    wheel(slot, 3)
    assert len(wishes) == 4, "no more than all"


def test_keys_click_clear_and_move(slot, qtbot):
    slot.show_pin(pin(), 0.0, alone=False)
    slot.setFocus()
    for key in (Qt.Key.Key_Space, Qt.Key.Key_Return):
        with qtbot.waitSignal(slot.clicked):
            qtbot.keyClick(slot, key)
    with qtbot.waitSignal(slot.clear_wished):
        qtbot.keyClick(slot, Qt.Key.Key_Delete)
    with qtbot.waitSignal(slot.moved) as moved:
        qtbot.keyClick(slot, Qt.Key.Key_Left)
    assert moved.args == [-1]


def test_an_empty_slot_cannot_be_turned(slot, qtbot):
    with qtbot.assertNotEmitted(slot.weight_wished):
        wheel(slot, 2)
        drag(qtbot, slot, 80)
        qtbot.keyClick(slot, Qt.Key.Key_Up)


def test_a_slot_shows_the_picture_and_how_much_it_counts(slot):
    def bar(weight):
        slot.show_pin(slot.pin, weight, alone=weight == 1.0)
        image = slot.grab().toImage()
        return sum(image.pixelColor(4, y).red() > 200 for y in range(10, 60))

    slot.show_pin(pin((10, 20, 200)), 0.0, alone=False)
    assert slot.grab().toImage().pixelColor(60, 32).blue() > 90
    assert bar(0.0) == 0
    assert 15 < bar(0.5) < 35
    assert bar(1.0) > 45
    blue = slot.grab().toImage()
    slot.show_pin(pin((200, 20, 10)), 1.0, alone=True)
    assert slot.grab().toImage().pixelColor(60, 32).red() > 150 > blue.pixelColor(60, 32).red()


# --- the strip, the sheet, the message


def test_the_strip_takes_a_small_part_of_the_window(qtbot):
    strip = MemoryStrip()
    qtbot.addWidget(strip)
    for height, least, most in ((430, 0, 60), (720, 60, 80), (1080, 80, 100), (2160, 80, 100)):
        strip.fit(height)
        assert least <= strip.height() <= most


def test_arrows_go_from_slot_to_slot(qtbot):
    strip = MemoryStrip()
    qtbot.addWidget(strip)
    strip.show()
    strip.activateWindow()
    qtbot.waitUntil(strip.isActiveWindow, timeout=LONG)
    strip.slots[0].setFocus()
    for key, there in ((Qt.Key.Key_Left, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_Right, 2)):
        qtbot.keyClick(QApplication.focusWidget(), key)
        assert strip.slots[there].hasFocus()


def test_every_slot_has_its_keys_and_the_sheet_names_them_once(qtbot):
    sheet = ShortcutSheet(None)
    qtbot.addWidget(sheet)
    shown = [label.text() for label in sheet.findChildren(QLabel)]
    assert shown.count("Alt+1\u20268") == shown.count("Ctrl+Alt+1\u20268") == 1
    actions = make_actions(sheet)
    keys = {name: action.shortcut().toString() for name, action in actions.items()}
    for number in range(1, SLOTS + 1):
        assert keys[f"recall_{number}"] == f"Alt+{number}"
        assert keys[f"pin_{number}"] == f"Ctrl+Alt+{number}"
    assert len(set(keys.values())) == len(keys)


def test_a_message_can_offer_something_to_do(qtbot):
    bar, done = MessageBar(), []
    qtbot.addWidget(bar)
    bar.show_message("Plain")
    assert not bar.offers
    assert bar.action_button.isHidden()
    bar.show_message("Cleared", action=("Undo", lambda: done.append(True)))
    assert bar.offers
    assert bar.action_button.text() == bar.action_button.accessibleName() == "Undo"
    bar.action_button.click()
    assert done == [True]
    assert bar.isHidden()
    assert not bar.offers
    assert bar.show_message("Cleared"), "it may be said again"
