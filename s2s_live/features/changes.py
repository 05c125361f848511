"""A window of the newest sound alone, and what speaks for one.

A second of sound that changed a moment ago is mostly the sound before. An encoder says what most of it is, so
the newer sound would be heard when it fills about half of the window. Repeated to a whole window it is heard
as soon as there is enough of it to tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from s2s_live.features.stream import Floats

Notice = Callable[[Floats], tuple[int, float]]
"""Of a window: how many of its newest columns are of a sound that has just begun, and the logarithm of the
odds that one has; 0 and 0 where none has."""

LEAST = 1e-4
"""Added to a probability and to what is left of one, so that their odds stay finite."""


def odds(probability: float) -> float:
    """Logarithm of the odds of a probability."""
    return math.log((probability + LEAST) / (1.0 - probability + LEAST))


def repeated(window: Floats, newest: int) -> Floats:
    """The newest columns of a window `[..., frames]`, repeated to its length, the newest last."""
    frames = window.shape[-1]
    return window[..., frames - newest + np.arange(-frames, 0) % newest]
