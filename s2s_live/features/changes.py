"""Where in a window of log-mel columns another sound has begun, and that sound alone.

A second of sound that changed a moment ago is mostly the sound before. An encoder says what most of it is, so
the newer sound would be heard when it fills more than half of the window. Repeated to a whole window it is
heard as soon as there is enough of it to tell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from s2s_live.features.stream import Floats

SHORTEST = 14
"""Columns of a new sound before it can be told from a single knock within the old one."""
BEFORE = 30
"""Columns of the old sound that a change needs."""
DIFFERENCE = 1.0
"""How different both must be, in variances of both together, in the mean over the mel filters."""
FALL_DB = 10.0
"""A sound that much quieter than the one before is taken for its end, not for another."""
_STEADY = 0.1
"""Variance added to both: sounds without any do not differ infinitely."""

_Numbers = NDArray[np.float64]


def since_change(logs: Floats) -> int:
    """How many of the newest columns are of the sound that began last; all of them where none did.

    Args:
        logs: `[mels, frames]` natural logarithms of mel power, the newest column last.
    """
    columns = logs.T.astype(np.float64)
    frames = len(columns)
    newer = np.arange(SHORTEST, frames - BEFORE + 1)
    if not len(newer):
        return frames
    mean, square = _sums(columns), _sums(columns * columns)
    before, after = _moments(mean, square, frames - newer)
    difference = (np.square(after[0] - before[0]) / (before[1] + after[1] + _STEADY)).mean(axis=1)
    power = _sums(np.exp(columns).sum(axis=1, keepdims=True))
    best = int(difference.argmax())
    newest = int(newer[best])
    older = frames - newest
    fall = (power[older, 0] / older) / ((power[-1, 0] - power[older, 0]) / newest)
    changed = difference[best] > DIFFERENCE and fall < 10.0 ** (FALL_DB / 10.0)
    return newest if changed else frames


def repeated(window: Floats, newest: int) -> Floats:
    """The newest columns of a window `[..., frames]`, repeated to its length, the newest last."""
    frames = window.shape[-1]
    return window[..., frames - newest + np.arange(-frames, 0) % newest]


def _sums(columns: _Numbers) -> _Numbers:
    """`[frames + 1, n]`: sums of the first k rows."""
    return np.concatenate([np.zeros((1, columns.shape[1])), columns.cumsum(axis=0)])


def _moments(
    mean: _Numbers, square: _Numbers, cuts: NDArray[np.int64]
) -> tuple[tuple[_Numbers, _Numbers], tuple[_Numbers, _Numbers]]:
    """Mean and variance by filter of the columns before each cut, and of those after it."""
    older, newer = cuts[:, None], len(mean) - 1 - cuts[:, None]
    first = mean[cuts] / older
    second = (mean[-1] - mean[cuts]) / newer
    return (
        (first, square[cuts] / older - first**2),
        (second, (square[-1] - square[cuts]) / newer - second**2),
    )
