"""Sounds begin, pause and come back: what the scene does meanwhile."""

import numpy as np
import pytest
from live.motions import FIRE, RAIN, REST, SPEC, controls, hear, run, unit

from s2s_live.engines.base import Target
from s2s_live.live.motion import Motion


def test_after_a_silence_the_scene_has_no_longer_the_name_of_the_sound_before():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, FIRE, "fire", {"fire": 1.0})
    run(motion, 1000, level=-100.0)
    for family in ("wind", "aircraft", "wind"):
        run(motion, 10, heard=Target(REST.latent, np.zeros((3, 2), np.float32), family, 0.4))
    hear(motion, 3, FIRE, "fire", {"fire": 0.98, "wind": 0.02})
    assert motion.state(0, controls()).latent @ FIRE > 0.7


def silence(motion, values=None):
    run(motion, 600, level=-100.0, values=values)


@pytest.mark.parametrize("mode", [0.0, 1.0])
def test_out_of_silence_the_first_hearing_that_has_the_sound_is_followed_at_once(mode):
    motion, values = Motion(SPEC, REST, seed=1), controls(gate_mode=mode)
    hear(motion, 50, RAIN.latent)
    silence(motion, values)
    before = motion.state(0, values).latent
    run(motion, 5, heard=Target(unit(5), np.zeros((3, 2), np.float32), "wind", 0.3), values=values)
    hear(motion, 1, unit(6), "clock")  # of the silence still, and of hardly more than the beginning
    assert motion.state(0, values).latent @ before > 0.999
    hear(motion, 1)
    assert motion.state(0, values).latent @ FIRE > 0.3


def test_a_sound_that_is_over_before_it_was_heard_is_followed_all_the_same():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, RAIN.latent)
    silence(motion)
    hear(motion, 1, unit(5))
    for latent in (unit(6), FIRE, unit(7)):
        run(motion, 10, level=-100.0, heard=Target(latent, np.zeros((3, 2), np.float32), "x", 0.9))
    latent = motion.state(0, controls()).latent
    assert latent @ FIRE > 0.7 > 0.1 > abs(latent @ unit(7))


def test_a_hearing_that_stays_is_followed_though_no_other_comes():
    motion = Motion(SPEC, REST, seed=1)
    run(motion, 25, heard=RAIN)
    assert motion.state(0, controls()).latent @ REST.latent == pytest.approx(1.0)
    run(motion, 100, heard=RAIN)
    assert motion.state(0, controls()).latent @ RAIN.latent > 0.9


@pytest.mark.parametrize("pause", [105, 130, 200])
def test_a_sound_that_comes_back_after_a_pause_does_not_send_the_scene_to_rest(pause):
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 50, RAIN.latent)
    run(motion, pause, level=-100.0)
    left = motion.state(0, controls()).latent @ RAIN.latent
    for _ in range(40):
        run(motion, 1)
        assert motion.state(0, controls()).latent @ RAIN.latent > left - 1e-6


def test_what_is_heard_long_after_a_click_is_not_taken_for_it():
    motion, values = Motion(SPEC, REST, seed=1), controls(gate_mode=1.0)
    hear(motion, 50, RAIN.latent)
    run(motion, 600, level=-100.0, values=values)
    run(motion, 3, heard=Target(unit(5), np.zeros((3, 2), np.float32), "clock", 0.9), values=values)
    run(motion, 600, level=-100.0, heard=REST, values=values)
    before = motion.state(0, values).latent
    for index in (4, 6, 7):
        noise = Target(unit(index), np.zeros((3, 2), np.float32), "wind", 0.9)
        run(motion, 10, level=-100.0, heard=noise, values=values)
    assert motion.state(0, values).latent @ before > 0.999


def test_a_sound_that_began_suddenly_and_pauses_before_it_is_heard_is_followed_all_the_same():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 30, RAIN.latent, "rain")
    sudden = Target(FIRE, RAIN.flow, "fire", 0.9, sudden=True)
    run(motion, 50, level=-80.0, heard=sudden)
    assert motion.target is sudden
    assert motion.scene.latent @ FIRE > 0.9


def test_noise_of_the_room_that_is_taken_for_a_sound_does_not_turn_the_scene():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 30, RAIN.latent, "rain")
    run(motion, 25, level=-80.0, heard=RAIN)
    run(motion, 50, level=-80.0, heard=Target(FIRE, RAIN.flow, "fire", 0.9, sudden=True))
    assert motion.target.family == "rain"


def test_a_pause_that_is_heard_as_silence_does_not_send_the_scene_to_rest():
    motion = Motion(SPEC, REST, seed=1)
    hear(motion, 30, RAIN.latent, "rain")
    run(motion, 50, level=-80.0, heard=Target(REST.latent, REST.flow, "silence", 0.9, sudden=True))
    assert motion.target.family == "rain"
