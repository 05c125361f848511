"""Pins with a z of their own hold the composition; without any, z walks bit for bit as it did."""

from dataclasses import replace

import numpy as np
import pytest

from s2s_live.engines.base import EngineSpec, Target
from s2s_live.errors import PinError
from s2s_live.live.controls import SESSION_CONTROLS, ControlValues
from s2s_live.live.memory import NO_PINS, SLOTS, Memory, anchor, pin_of, recalled
from s2s_live.live.motion import Motion
from s2s_live.timeline import TICK

SIZE = (64, 64)
HASH = "a" * 12
SPEC = EngineSpec("sound2scene", "m", HASH, 16000, 1.0, 0.1, SIZE, (SIZE,), 8, 6, 3, (), (), 0, 0, "t", 1)
FIRST, SECOND = np.linspace(-2, 2, 6, dtype=np.float32), np.full(6, 0.5, np.float32)


def target(index):
    return Target(np.eye(8, dtype=np.float32)[index], np.zeros((3, 2), np.float32), "", 0.9)


def pin(index, z=None):
    return replace(pin_of(target(index), np.zeros((64, 64, 3), np.uint8), HASH), z=z)


def slots(**held):
    return tuple(held.get(f"s{slot}") for slot in range(1, SLOTS + 1))


def controls(**changed):
    return ControlValues(SESSION_CONTROLS, changed).snapshot()


def walk(values, pins, ticks=300, motion=None):
    motion = motion or Motion(SPEC, target(0), seed=9)
    states = []
    for _ in range(ticks):
        motion.step(-20.0, 0.0, target(1), values, pins)
        states.append(motion.state(motion.tick * TICK, values))
    return states


FREE = walk(controls(), NO_PINS)


# --- how much of z is theirs


@pytest.mark.parametrize(
    "pins",
    [NO_PINS, slots(s1=pin(2)), slots(s1=pin(2), s2=pin(3, FIRST))],
    ids=["empty", "without a z", "one that weighs nothing"],
)
def test_where_no_z_weighs_there_is_no_anchor_and_every_bit_is_as_before(pins):
    values = controls(pin_1=0.7)
    assert anchor(pins, values) is None
    for free, state in zip(FREE, walk(values, pins), strict=True):
        assert (free.z == state.z).all()


def test_z_is_the_weighted_mean_of_the_pins_that_have_one():
    pins = slots(s1=pin(2, FIRST), s4=pin(3, SECOND), s5=pin(4))
    held = anchor(pins, controls(heard=0.0, pin_1=0.25, pin_4=0.75, pin_5=1.0))
    assert held.z == pytest.approx(0.25 * FIRST + 0.75 * SECOND)
    assert held.share == 1.0


@pytest.mark.parametrize(
    ("heard", "weight", "share"),
    [(0.0, 0.1, 1.0), (0.5, 1.0, 1.0), (1.0, 1.0, 1.0), (1.0, 0.5, 0.5), (0.4, 0.1, 0.25), (1.0, 0.01, 0.01)],
)
def test_sound_up_to_the_pins_weight_leaves_z_alone_and_more_lets_it_go_evenly(heard, weight, share):
    held = anchor(slots(s1=pin(2, FIRST)), controls(heard=heard, pin_1=weight))
    assert held.z == pytest.approx(FIRST)
    assert held.share == pytest.approx(share)


def test_pins_hold_z_together():
    pins = slots(s1=pin(2, FIRST), s2=pin(3, SECOND))
    assert anchor(pins, controls(pin_1=0.25, pin_2=0.25)).share == pytest.approx(0.5)


# --- in motion


def test_a_recalled_pin_is_eased_to_and_then_z_stands_still():
    motion, pins = Motion(SPEC, target(0), seed=9), slots(s1=pin(2, FIRST))
    walk(controls(), pins, 10, motion)
    states = walk(controls(z_speed=0.5) | recalled(1), pins, 1500, motion)
    apart = [np.abs(state.z - FIRST).max() for state in states]
    assert apart[0] > 0.1, "no jump where the walk was"
    assert apart[-1] < 1e-3


def test_sound_edits_a_recalled_pin_and_its_z_stays():
    motion, pins = Motion(SPEC, target(0), seed=9), slots(s1=pin(2, FIRST))
    walk(controls() | recalled(1), pins, 1500, motion)
    edited = walk(controls(z_speed=0.5) | recalled(1) | {"heard": 1.0}, pins, 1500, motion)[-1]
    assert edited.z == pytest.approx(FIRST, abs=1e-3)
    middle = (target(1).latent + target(2).latent) / np.sqrt(2)
    assert edited.latent == pytest.approx(middle, abs=0.05)


def test_half_let_go_it_lies_between_the_pin_and_the_walk():
    state = walk(controls(pin_1=0.5), slots(s1=pin(2, FIRST)), ticks=1500)[-1]
    free = walk(controls(), NO_PINS, ticks=1500)[-1]
    assert state.z == pytest.approx(0.5 * (FIRST + free.z), abs=1e-3)


def test_hold_keeps_z_against_the_pins_too():
    held = walk(controls(hold=1.0) | recalled(1), slots(s1=pin(2, FIRST)))
    free = walk(controls(hold=1.0), NO_PINS)
    assert (held[-1].z == free[-1].z).all()
    motion, pins = Motion(SPEC, target(0), seed=9), slots(s1=pin(2, FIRST))
    walk(controls() | recalled(1), pins, 1500, motion)
    kept = walk(controls(hold=1.0), pins, 1500, motion)[-1]
    assert kept.z == pytest.approx(FIRST, abs=1e-3)


# --- pins


@pytest.mark.parametrize(
    "wrong",
    [
        {"z": np.full(6, np.nan, np.float32)},
        {"z": np.zeros(6)},
        {"z": np.zeros((1, 6), np.float32)},
        {"original": np.zeros((4, 4), np.uint8)},
        {"original": np.zeros((4, 4, 3), np.float32)},
    ],
    ids=str,
)
def test_what_no_picture_has_is_no_pin(wrong):
    with pytest.raises(PinError):
        replace(pin(1), **wrong)


def test_a_pin_of_another_z_is_refused_by_name():
    memory, foreign = Memory(SPEC), pin(1, np.zeros(7, np.float32))
    with pytest.raises(PinError, match="another model than m"):
        memory.put(1, foreign)
    memory.put(1, pin(1, FIRST))
    assert (memory.pins[0].z == FIRST).all()


def test_nobody_changes_a_pins_z():
    made = pin(1, FIRST.copy())
    with pytest.raises(ValueError, match="read-only"):
        made.z[0] = 1.0
