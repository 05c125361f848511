"""States to paint, what differs between frames, and how often a network ran for them."""

from dataclasses import replace

import numpy as np

from s2s_live.engines.base import PaintState


class Watched:
    """A runtime that tells how it was run."""

    def __init__(self, runtime):
        self.runtime, self.alone = runtime, []

    def run(self, *inputs, alone=False):
        self.alone.append(alone)
        return self.runtime.run(*inputs, alone=alone)


def state(engine, **changes):
    spec = engine.spec
    rng = np.random.default_rng(3)
    fresh = PaintState(
        position=0,
        seed=7,
        latent=engine.silence().latent,
        z=rng.standard_normal(spec.z_size).astype(np.float32),
        displacement=np.zeros((spec.layers, 2)),
        pulse=0.0,
        loudness=0.5,
        controls={},
    )
    return replace(fresh, **changes)


def change(first, second):
    return np.abs(first.astype(int) - second.astype(int)).mean()
