"""Pins mix as their weights say, and with none of them nothing is other than without a memory."""

import threading

import numpy as np
import pytest

from s2s_live.engines.base import EngineSpec, Target
from s2s_live.errors import PinError
from s2s_live.live.controls import MOMENTARY, SESSION_CONTROLS, ControlValues
from s2s_live.live.memory import (
    MEMORY_CONTROLS,
    NO_PINS,
    SLOTS,
    WEIGHTS,
    Memory,
    Pin,
    blend,
    pin_of,
    recalled,
    released,
    thumbnail,
)
from s2s_live.live.motion import Motion
from s2s_live.timeline import TICK

SIZE = (64, 64)
SPEC = EngineSpec(
    "sound2scene", "m", "a" * 12, 16000, 1.0, 0.1, SIZE, (SIZE,), 8, 6, 3, ("rain", "fire"), (), 0, 0, "t", 1
)


def unit(index, sign=1.0):
    vector = np.zeros(8, np.float32)
    vector[index] = sign
    return vector


def target(index, flow=0.0, family="rain"):
    return Target(unit(index), np.full((3, 2), flow, np.float32), family, 0.9)


def pin(index, flow=0.0, family="fire", model_hash="a" * 12, sign=1.0):
    scene = Target(unit(index, sign), np.full((3, 2), flow, np.float32), family, 0.9)
    return pin_of(scene, np.full((64, 64, 3), 100, np.uint8), model_hash)


def slots(**held):
    """`slots(s1=pin(2))`: what eight slots hold."""
    return tuple(held.get(f"s{slot}") for slot in range(1, SLOTS + 1))


def controls(**changed):
    return ControlValues(SESSION_CONTROLS, changed).snapshot()


HEARD, REST = target(1, 0.5), target(0)


# --- mixing


def test_the_controls_are_declared_with_those_of_the_session():
    assert SESSION_CONTROLS[-len(MEMORY_CONTROLS) :] == MEMORY_CONTROLS
    assert [control.name for control in MEMORY_CONTROLS] == ["heard", "edit", *WEIGHTS]
    assert released() == {"heard": 1.0, "edit": 0.0, **dict.fromkeys(WEIGHTS, 0.0)}
    assert {"heard", "pin_1", "pin_8", "hold"} <= MOMENTARY


@pytest.mark.parametrize(
    ("pins", "changed"),
    [
        (NO_PINS, {}),
        (slots(s1=pin(2)), {}),
        (slots(s1=pin(2)), {"heard": 0.0}),
        (slots(s1=pin(2)), {"heard": 0.3}),
        (slots(s1=pin(2)), {"pin_2": 1.0, "heard": 0.0}),
    ],
    ids=["empty", "at rest", "only zeros", "heard less", "an empty slot turned up"],
)
def test_without_a_pin_that_weighs_the_goal_is_what_is_heard(pins, changed):
    assert blend(HEARD, pins, controls(**changed), REST) is HEARD


def test_the_goal_is_the_weighted_mean_of_what_is_heard_and_the_pins():
    pins = slots(s2=pin(2, 1.0), s7=pin(3, -2.0))
    mixed = blend(HEARD, pins, controls(heard=0.5, pin_2=0.25, pin_7=1.0, pin_3=1.0), REST)
    wanted = 0.5 * unit(1) + 0.25 * unit(2) + 1.0 * unit(3)
    assert mixed.latent == pytest.approx(wanted / np.linalg.norm(wanted))
    assert mixed.flow == pytest.approx(np.full((3, 2), (0.5 * 0.5 + 0.25 * 1.0 - 2.0) / 1.75))
    assert mixed.latent.dtype == mixed.flow.dtype == np.float32
    assert np.linalg.norm(mixed.latent) == pytest.approx(1.0)
    assert mixed.family == "fire"


def test_a_recalled_pin_stands_alone():
    pins = slots(s1=pin(2), s4=pin(3, 0.7))
    mixed = blend(HEARD, pins, controls(pin_1=0.4) | recalled(4), REST)
    assert mixed.latent == pytest.approx(unit(3))
    assert mixed.flow == pytest.approx(np.full((3, 2), 0.7))


def test_opposite_scenes_do_not_cancel_to_nothing():
    mixed = blend(HEARD, slots(s1=pin(1, sign=-1.0)), controls(pin_1=1.0), REST)
    assert np.isfinite(mixed.latent).all()
    assert np.linalg.norm(mixed.latent) == pytest.approx(1.0)


def test_sound_edits_a_pin_along_its_difference_from_silence():
    pins = slots(s1=pin(2))
    alone = controls(edit=0.5) | {"heard": 0.0, "pin_1": 1.0}
    mixed = blend(HEARD, pins, alone, REST)
    wanted = unit(2) + 0.5 * unit(1)  # silence, at 0, would be negative: no latent of this model is
    assert mixed.latent == pytest.approx(wanted / np.linalg.norm(wanted))
    assert blend(REST, pins, alone, REST).latent == pytest.approx(unit(2))
    assert blend(HEARD, NO_PINS, alone, REST) is HEARD
    signed = blend(HEARD, slots(s1=pin(2, sign=-1.0)), alone, REST)
    wanted = -unit(2) + 0.5 * (unit(1) - unit(0))
    assert signed.latent == pytest.approx(wanted / np.linalg.norm(wanted))


def test_more_pins_are_edited_as_much():
    pins, both = slots(s1=pin(2), s2=pin(3)), {"heard": 0.0, "pin_1": 1.0, "pin_2": 1.0}
    wanted = (unit(2) + unit(3)) / 2 + 0.5 * unit(1)
    mixed = blend(HEARD, pins, controls(edit=0.5) | both, REST)
    assert mixed.latent == pytest.approx(wanted / np.linalg.norm(wanted))
    assert blend(HEARD, pins, controls(edit=2.0) | recalled(1), REST).latent == pytest.approx(unit(2))


# --- in motion


def walk(values, pins=None, ticks=400):
    motion = Motion(SPEC, target(0, family="silence"), seed=9)
    rng = np.random.default_rng(4)
    states = []
    for level, onset in zip(rng.uniform(-70, -10, ticks), rng.uniform(0, 1, ticks), strict=True):
        arguments = (level, onset, HEARD, values)
        motion.step(*arguments) if pins is None else motion.step(*arguments, pins)
        states.append(motion.state(motion.tick * TICK, values))
    return states


def test_at_rest_every_tick_is_bit_equal_to_a_show_without_a_memory():
    without = {name: value for name, value in controls().items() if name not in released()}
    bare = walk(without)
    for pins in (NO_PINS, slots(s1=pin(2, 3.0), s8=pin(5, -1.0))):
        for a, b in zip(bare, walk(controls(), pins), strict=True):
            for name in ("latent", "z", "displacement"):
                assert (getattr(a, name) == getattr(b, name)).all()
            assert (a.pulse, a.loudness) == (b.pulse, b.loudness)


def test_a_recalled_pin_is_eased_to_over_the_attack_also_in_silence():
    for level in (-20.0, -100.0):
        motion, values = Motion(SPEC, target(0), seed=1), controls(attack=0.5) | recalled(3)
        angles = []
        for _ in range(2000):
            motion.step(level, 0.0, HEARD, values, slots(s3=pin(4, 1.5)))
            angles.append(np.arccos(np.clip(motion.scene.latent @ unit(4), -1, 1)))
        assert angles[0] > 1.5
        assert angles[-1] < 0.02
        assert (np.diff(angles) <= 1e-4).all(), "no jump, no turning back"
        assert motion.scene.flow == pytest.approx(np.full((3, 2), 1.5), abs=0.05)
        assert motion.scene.family == "fire"


def test_hold_keeps_the_scene_against_the_pins_too():
    motion = Motion(SPEC, target(0, family="silence"), seed=1)
    for _ in range(50):
        motion.step(-20.0, 0.0, HEARD, controls(hold=1.0) | recalled(1), slots(s1=pin(4)))
    assert motion.scene.latent == pytest.approx(unit(0))
    assert motion.scene.family == "silence"


# --- pins and slots


def test_a_pin_owns_its_arrays_and_nobody_changes_them():
    scene, picture = target(1), np.full((64, 64, 3), 7, np.uint8)
    made = pin_of(scene, picture, "a" * 12)
    scene.latent[:], picture[:] = 0.0, 0
    assert made.latent == pytest.approx(unit(1))
    assert (made.picture == 7).all()
    with pytest.raises(ValueError, match="read-only"):
        made.latent[0] = 1.0


@pytest.mark.parametrize("shape", [(64, 64), (128, 128), (256, 256), (512, 512), (200, 320), (512, 3)])
def test_thumbnails_are_small_and_keep_the_picture(shape):
    ramp = np.broadcast_to(np.linspace(0, 255, shape[0])[:, None, None], (*shape, 3)).astype(np.uint8)
    small = thumbnail(ramp)
    assert small.shape[0] <= 192
    assert small.shape[1] >= 1
    assert small.mean() == pytest.approx(ramp.mean(), abs=1.5)
    assert small[0].mean() < 3 < 250 < small[-1].mean()


@pytest.mark.parametrize(
    "wrong",
    [
        {"latent": unit(1) * 2},
        {"latent": np.full(8, np.nan, np.float32)},
        {"latent": unit(1).astype(np.float64)},
        {"flow": np.zeros((3, 3), np.float32)},
        {"flow": np.full((3, 2), np.inf, np.float32)},
        {"picture": np.zeros((4, 4), np.uint8)},
        {"picture": np.zeros((4, 4, 3), np.float32)},
    ],
    ids=str,
)
def test_what_no_scene_has_is_no_pin(wrong):
    right = {
        "latent": unit(1),
        "flow": np.zeros((3, 2), np.float32),
        "picture": np.zeros((4, 4, 3), np.uint8),
    }
    with pytest.raises(PinError):
        Pin(**right | wrong, family="", model_hash="a")


def test_slots_are_filled_changed_and_emptied():
    memory, first, second = Memory(SPEC), pin(1), pin(2)
    assert memory.put(3, first) == NO_PINS
    assert memory.pins[2] is first
    before = memory.put(3, second)
    memory.put(8, first)
    memory.put(8, None)
    assert memory.pins == slots(s3=second)
    assert memory.put_all(before) == slots(s3=second)
    changes = memory.take_changes()
    assert changes == [(3, first), (3, second), (8, first), (8, None), (3, first)]
    assert memory.take_changes() == []
    for slot in (0, 9):
        with pytest.raises(IndexError):
            memory.put(slot, first)


def test_beginning_a_show_is_done_with_earlier_changes():
    memory = Memory(SPEC)
    memory.put(1, pin(1))
    assert memory.begin() is memory.pins
    assert memory.take_changes() == []


@pytest.mark.parametrize("model_hash", ["b" * 12, "a" * 12], ids=["another model", "another shape"])
def test_pins_of_another_model_are_refused_by_name(model_hash):
    scene = Target(np.eye(1, 16, dtype=np.float32)[0], np.zeros((3, 2), np.float32), "", 0.0)
    foreign = pin(1, model_hash=model_hash) if model_hash[0] == "b" else None
    foreign = foreign or pin_of(scene, np.zeros((4, 4, 3), np.uint8), model_hash)
    memory = Memory(SPEC, slots(s1=pin(2)))
    kept = memory.pins
    for refuse in (
        lambda: memory.put(1, foreign),
        lambda: memory.put_all(slots(s1=pin(3), s2=foreign)),
        lambda: Memory(SPEC, slots(s2=foreign)),
    ):
        with pytest.raises(PinError, match="another model than m"):
            refuse()
    assert memory.pins is kept
    assert memory.take_changes() == []


def test_no_change_is_lost_between_threads_and_none_is_seen_half():
    memory, rounds = Memory(SPEC), 300
    ready, done = threading.Barrier(SLOTS + 1), threading.Event()
    made = {slot: [pin(slot % 8) for _ in range(4)] for slot in range(1, SLOTS + 1)}

    def fill(slot):
        ready.wait()
        for turn in range(rounds):
            memory.put(slot, made[slot][turn % 4])

    held, taken = list(NO_PINS), 0
    threads = [threading.Thread(target=fill, args=(slot,)) for slot in made]
    for thread in threads:
        thread.start()
    threading.Thread(target=lambda: ([thread.join() for thread in threads], done.set())).start()
    ready.wait()
    last = False
    while not last:
        last = done.is_set()  # looked at first: what came before it is taken below
        assert len(memory.pins) == SLOTS
        for slot, changed in memory.take_changes():
            held[slot - 1] = changed
            taken += 1
    assert taken == SLOTS * rounds
    assert tuple(held) == memory.pins
