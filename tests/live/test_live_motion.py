"""What moves, moves as promised: on the sphere, in seconds, from its inputs alone."""

from types import MappingProxyType

import numpy as np
import pytest
from live.motions import FIRE, PICTURE, RAIN, REST, SPEC, controls, hear, run, unit

from s2s_live.engines.base import Target
from s2s_live.live.memory import NO_PINS, pin_of
from s2s_live.live.motion import ARRIVED_RAD, Motion, approach
from s2s_live.live.sphere import slerp
from s2s_live.live.walk import walk
from s2s_live.timeline import TICK


def test_slerp_stays_on_the_sphere_and_ends_there():
    rng = np.random.default_rng(1)
    for _ in range(50):
        a, b = rng.standard_normal((2, 16))
        a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
        for share in (0.0, 0.3, 1.0):
            mixed = slerp(a, b, share)
            assert np.linalg.norm(mixed) == pytest.approx(1.0)
        assert slerp(a, b, 1.0) == pytest.approx(b)
        assert np.arccos(slerp(a, b, 0.25) @ a) == pytest.approx(0.25 * np.arccos(a @ b))


def test_slerp_between_opposite_points_is_finite():
    a = np.array([1.0, 0.0, 0.0])
    assert np.isfinite(slerp(a, -a, 0.5)).all()


def test_attack_time_constant_is_in_seconds():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 2)  # too early to be followed
    run(motion, 50, values=controls(attack=0.5))
    angle = np.arccos(motion.state(0, controls()).latent @ RAIN.latent)
    assert angle == pytest.approx(np.pi / 2 * np.exp(-1.0), rel=0.02)


def test_approach_composes():
    assert 1 - (1 - approach(0.3, 0.01)) ** 10 == pytest.approx(approach(0.3, 0.1))


def test_silence_drifts_to_rest_or_holds():
    for mode, goal in ((0.0, REST), (1.0, RAIN)):
        motion = Motion(SPEC, REST, seed=1)
        run(motion, 300, values=controls(gate_mode=mode))
        run(motion, 1500, level=-100.0, values=controls(gate_mode=mode))
        assert motion.state(0, controls()).latent @ goal.latent > 0.99


def test_short_gaps_do_not_end_a_sound():
    motion = Motion(SPEC, REST, seed=1)
    for _ in range(20):
        run(motion, 5)
        run(motion, 60, level=-100.0)
    assert motion.target is RAIN


def test_nothing_is_adopted_below_the_gate():
    motion = Motion(SPEC, REST, seed=1)
    run(motion, 200, level=-100.0)
    assert motion.target is REST


def test_where_the_engine_hears_nothing_it_is_silent_however_loud():
    for mode, goal in ((0.0, REST), (1.0, RAIN)):
        motion = Motion(SPEC, REST, seed=1)
        run(motion, 300, values=controls(gate_mode=mode))
        run(motion, 60, heard=REST, values=controls(gate_mode=mode))
        assert motion.target is RAIN  # a gap, as below the gate
        run(motion, 1500, heard=REST, values=controls(gate_mode=mode))
        assert motion.gate_open
        assert motion.state(0, controls()).latent @ goal.latent > 0.99


def test_hold_keeps_the_scene():
    motion = Motion(SPEC, REST, seed=1)
    run(motion, 300, values=controls(hold=1.0))
    assert motion.state(0, controls()).latent == pytest.approx(REST.latent)


def test_a_burst_pulses_at_once_and_decays():
    motion = Motion(SPEC, REST, seed=1)
    run(motion, 300, level=-40.0)
    assert motion.state(0, controls()).pulse < 0.05
    run(motion, 1, level=-20.0)
    assert motion.state(0, controls()).pulse > 0.5
    run(motion, 200, level=-20.0)
    assert motion.state(0, controls()).pulse < 0.05


def test_louder_flows_faster():
    travelled = []
    for level in (-50.0, -10.0):
        motion = Motion(SPEC, REST, seed=1)
        run(motion, 400, level=level)
        travelled.append(motion.state(motion.tick * TICK, controls()).displacement[2, 1])
    assert travelled[1] > 2 * travelled[0]


def test_displacement_between_ticks_is_continuous():
    motion = Motion(SPEC, REST, seed=1)
    run(motion, 500)
    before = motion.state(motion.tick * TICK + TICK, controls()).displacement
    run(motion, 1)
    after = motion.state(motion.tick * TICK, controls()).displacement
    assert after == pytest.approx(before, abs=1e-3)


def test_same_inputs_same_state_to_the_bit():
    states = []
    for _ in range(2):
        motion = Motion(SPEC, REST, seed=9)
        rng = np.random.default_rng(4)
        for level, onset in zip(rng.uniform(-70, -10, 400), rng.uniform(0, 1, 400), strict=True):
            motion.step(level, onset, RAIN, controls())
        states.append(motion.state(400 * TICK + 77, controls()))
    for name in ("latent", "z", "displacement"):
        assert (getattr(states[0], name) == getattr(states[1], name)).all()
    assert states[0].pulse == states[1].pulse


def test_walk_has_unit_variance_at_every_phase_and_no_jumps():
    for phase in (0.0, 0.25, 0.5, 0.9, 1e6 + 0.5):
        z = np.stack([walk(seed, 0, phase, 60) for seed in range(200)])
        assert z.var() == pytest.approx(1.0, abs=0.05)
    assert np.abs(walk(1, 0, 2.9999, 60) - walk(1, 0, 3.0001, 60)).max() < 1e-2


def test_a_new_variation_is_reached_by_gliding():
    motion = Motion(SPEC, REST, seed=1)
    run(motion, 10)
    before = motion.state(0, controls()).z
    run(motion, 1, values=controls(variation=1))
    step = np.abs(motion.state(0, controls()).z - before).max()
    run(motion, 500, values=controls(variation=1))
    assert step < 0.2
    assert np.abs(motion.state(0, controls()).z - before).max() > 0.5


def test_a_rumble_that_swings_from_tick_to_tick_does_not_pulse_and_a_burst_in_it_does():
    motion = Motion(SPEC, REST, seed=1)
    swings = 10.0 * np.log10(np.random.default_rng(1).chisquare(3, 1000) / 3.0)  # noise of few degrees
    pulses = []
    for swing in swings:
        run(motion, 1, level=-30.0 + float(swing))
        pulses.append(motion.state(0, controls()).pulse)
    assert max(pulses[300:]) < 0.15
    run(motion, 3, level=-8.0)
    assert motion.state(0, controls()).pulse > 0.3


def turned(angle):
    return Target(
        np.cos(angle) * unit(1) + np.sin(angle) * unit(2), np.zeros((3, 2), np.float32), "rain", 0.9
    )


def test_a_wavering_ear_keeps_a_steady_scene_and_a_new_sound_is_followed_at_once():
    motion = Motion(SPEC, REST, seed=1)
    run(motion, 500, heard=turned(0.0))
    angles = []
    for k in range(60):  # one hearing every 100 ms, off by turns to either side
        run(motion, 10, heard=turned(0.15 * (-1) ** k))
        latent = motion.state(0, controls()).latent
        angles.append(np.arctan2(latent[2], latent[1]))
    assert np.ptp(angles) < 0.06
    hear(motion, 3)
    assert motion.state(0, controls()).latent @ unit(3) > 0.7


def test_one_stray_hearing_hardly_turns_the_scene_and_two_that_agree_do():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, RAIN.latent)
    for stray in range(3, 8):  # each time something else
        hear(motion, 1, unit(stray))
        assert motion.state(0, controls()).latent @ RAIN.latent > 0.99
        hear(motion, 9, RAIN.latent)
    hear(motion, 1)
    before = motion.state(0, controls()).latent @ FIRE
    hear(motion, 1)
    assert motion.state(0, controls()).latent @ FIRE > before + 0.3


def test_a_sound_that_began_suddenly_needs_no_second_hearing():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, RAIN.latent)
    sudden = Target(FIRE, np.zeros((3, 2), np.float32), "fire", 0.9, sudden=True)
    run(motion, 10, heard=sudden)
    assert motion.state(0, controls()).latent @ FIRE > 0.3


def test_what_was_believed_while_the_scene_was_held_is_followed_when_it_is_released():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, RAIN.latent, "rain")
    for _ in range(5):
        fire = Target(FIRE, np.zeros((3, 2), np.float32), "fire", 0.9, MappingProxyType({"fire": 1.0}))
        run(motion, 10, heard=fire, values=controls(hold=1.0))
    before = motion.state(0, controls()).latent @ FIRE
    hear(motion, 3, scores={"fire": 1.0})
    assert motion.state(0, controls()).latent @ FIRE > before + 0.5


@pytest.mark.parametrize(("sea", "turns"), [(0.0, True), (0.3, False)])
def test_a_wave_that_sounds_like_rain_does_not_turn_a_sea_that_may_still_be_heard(sea, turns):
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, unit(4), "sea", {"sea": 0.9, "rain": 0.1})
    hear(motion, 4, RAIN.latent, "rain", {"sea": sea, "rain": 1.0 - sea})
    assert (motion.state(0, controls()).latent @ RAIN.latent > 0.6) == turns
    hear(motion, 60, RAIN.latent, "rain", {"sea": sea, "rain": 1.0 - sea})
    assert motion.state(0, controls()).latent @ RAIN.latent > 0.99, "rain that stays is rain"


def vague(share):
    """Hardly rain, so far on the way from the fire's place to the rain's."""
    latent = slerp(FIRE.astype(np.float64), RAIN.latent.astype(np.float64), share).astype(np.float32)
    scores = MappingProxyType({"rain": 0.4, "fire": 0.3})
    return Target(latent, np.zeros((3, 2), np.float32), "rain", 0.4, scores)


def test_a_vague_hearing_near_the_scene_does_not_rename_it():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, FIRE, "fire", {"fire": 1.0})
    run(motion, 10, heard=vague(0.35))
    hear(motion, 3, RAIN.latent, "rain", {"fire": 0.02, "rain": 0.98})
    assert motion.state(0, controls()).latent @ RAIN.latent > 0.7


def test_a_sound_that_stays_vague_names_the_scene_all_the_same():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, FIRE, "fire", {"fire": 1.0})
    for share in np.linspace(0.0, 1.0, 200):
        run(motion, 10, heard=vague(float(share)))
    hear(motion, 3, FIRE, "fire", {"fire": 0.98, "rain": 0.02})
    assert motion.state(0, controls()).latent @ FIRE > 0.7


def test_a_sound_that_is_heard_as_now_this_now_that_is_followed_all_the_same():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, RAIN.latent)
    for _ in range(5):
        hear(motion, 1)
        hear(motion, 1, unit(4))
    assert motion.state(0, controls()).latent @ RAIN.latent < 0.3


def test_waves_hardly_turn_the_scene_and_do_not_hold_it_back():
    motion = Motion(SPEC, REST, seed=1)
    run(motion, 500, heard=turned(0.0))
    angles = []
    for k in range(160):  # swells of four seconds, farther than steady sounds waver
        run(motion, 10, heard=turned(0.5 * np.sin(2 * np.pi * k / 40)))
        latent = motion.state(0, controls()).latent
        angles.append(np.arctan2(latent[2], latent[1]))
    assert np.ptp(angles) < 0.5  # of the ear's 1.0
    hear(motion, 3)
    assert motion.state(0, controls()).latent @ unit(3) > 0.7


@pytest.mark.parametrize("weight", [0.05, 0.5])
def test_a_wavering_ear_does_not_stir_what_is_mixed_with_a_pin(weight):
    pin = pin_of(Target(unit(4), np.zeros((3, 2), np.float32), "fire", 1.0), PICTURE, SPEC.model_hash)
    pins, values = (pin, *NO_PINS[1:]), controls(pin_1=weight)
    motion = Motion(SPEC, REST, seed=1)
    for _ in range(500):
        motion.step(-20.0, 0.0, turned(0.0), values, pins)
    mixed = motion.state(0, values).latent
    assert mixed @ unit(4) > 0.8 * weight
    for k in range(60):
        for _ in range(10):
            motion.step(-20.0, 0.0, turned(0.15 * (-1) ** k), values, pins)
        assert np.arccos(min(motion.state(0, values).latent @ mixed, 1.0)) < 0.04
    run(motion, 200, heard=turned(0.0))
    assert motion.state(0, controls()).latent @ unit(1) > 0.999, "a pin that counts no more is left"


def test_a_scene_under_way_is_not_slowed_before_it_arrives():
    rolling, still = Motion(SPEC, REST, seed=1), Motion(SPEC, REST, seed=1)
    for k in range(100):
        run(rolling, 10, heard=turned(0.4 * np.sin(2 * np.pi * k / 40)))
        run(still, 10, heard=turned(0.0))
    for motion in (rolling, still):
        hear(motion, 5)
    left = [np.arccos(motion.state(0, controls()).latent @ unit(3)) for motion in (rolling, still)]
    assert max(left) < ARRIVED_RAD  # from there on it is slowed again, as any scene is
