"""Geometry of unit latents."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from s2s_live.engines.base import Floats

Direction = NDArray[np.float64]
"""A unit vector, `[latent_size]`."""


def exact(vector: Floats) -> Direction:
    """A latent in the numbers that motion is computed in."""
    return vector.astype(np.float64)


def angle_between(a: Direction, b: Direction) -> float:
    """Angle between two unit vectors, 0..pi."""
    return math.acos(_cosine(a, b))


def slerp(start: Direction, end: Direction, share: float) -> Direction:
    """The unit vector `share` of the way along the great circle from `start` to `end` (both unit)."""
    cosine = _cosine(start, end)
    if cosine > 1.0 - 1e-9:
        return end if share >= 1.0 else start
    if cosine < -1.0 + 1e-9:  # opposite points: any great circle is right, take one that always exists
        axis = np.zeros_like(start)
        axis[int(np.argmin(np.abs(start)))] = 1.0
        end = axis - (axis @ start) * start
        end /= np.linalg.norm(end)
        cosine = 0.0
    angle = math.acos(cosine)
    mixed = (math.sin((1.0 - share) * angle) * start + math.sin(share * angle) * end) / math.sin(angle)
    unit: Direction = mixed / math.sqrt(float(mixed @ mixed))
    return unit


def _cosine(a: Direction, b: Direction) -> float:
    """Of the angle between unit vectors. NumPy would take ten times as long over the one number."""
    return min(max(float(a @ b), -1.0), 1.0)
