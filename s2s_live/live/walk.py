"""The walk of z: a smooth path that loops nowhere and never leaves the learnt range."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=64)
def _knot(seed: int, variation: int, index: int, size: int) -> NDArray[np.float64]:
    """Standard normal vector `[size]` of one knot, from its coordinates alone."""
    generator = np.random.Generator(np.random.Philox(key=[seed, variation], counter=[index, 0, 0, 0]))
    return generator.standard_normal(size)


def walk(seed: int, variation: int, phase: float, size: int) -> NDArray[np.float64]:
    """z at `phase` (knots passed since the start), `[size]`, unit variance at every phase.

    Neighbouring knots are mixed with smoothstep weights divided by their root sum of squares, so the walk
    neither shrinks between knots nor jumps at them.
    """
    index = math.floor(phase)
    t = phase - index
    t = t * t * (3.0 - 2.0 * t)
    low = _knot(seed, variation, index, size)
    high = _knot(seed, variation, index + 1, size)
    mixed: NDArray[np.float64] = ((1.0 - t) * low + t * high) / math.hypot(1.0 - t, t)
    return mixed
