"""A small engine's scenes, and hearings of them."""

from types import MappingProxyType

import numpy as np

from s2s_live.engines.base import EngineSpec, Target
from s2s_live.live.controls import SESSION_CONTROLS, ControlValues

SIZE = (64, 64)
PICTURE = np.zeros((*SIZE, 3), np.uint8)
SPEC = EngineSpec(
    "sound2scene", "m", "0" * 12, 16000, 1.0, 0.1, SIZE, (SIZE,), 8, 6, 3, ("rain", "fire"), (), 0, 0, "t", 1
)


def unit(index):
    vector = np.zeros(8, np.float32)
    vector[index] = 1.0
    return vector


REST = Target(unit(0), np.zeros((3, 2), np.float32), "silence", 1.0)
FIRE = unit(3)
NO_SCORES = MappingProxyType({})
RAIN = Target(unit(1), np.full((3, 2), 0.5, np.float32), "rain", 0.9)


def controls(**changed):
    return ControlValues(SESSION_CONTROLS, changed).snapshot()


def run(motion, ticks, level=-20.0, onset=0.0, heard=RAIN, values=None):
    for _ in range(ticks):
        motion.step(level, onset, heard, values or controls())


def hear(motion, times, latent=FIRE, family="fire", scores=NO_SCORES):
    """So many hearings after one another, one every 100 ms."""
    for _ in range(times):
        run(motion, 10, heard=Target(latent, np.zeros((3, 2), np.float32), family, 0.9, scores))
