"""Whether another sound began among the newest log-mel columns, and a window of that sound alone.

A second of sound that changed a moment ago is mostly the sound before. An encoder says what most of it is, so
the newer sound would be heard when it fills about half of the window. Repeated to a whole window it is heard
as soon as there is enough of it to tell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from s2s_live.features.stream import Floats

SHORTEST, LONGEST = 12, 40
"""Columns of a new sound: before the first it cannot be told from a single knock, after the last a whole
window tells as well."""
BEFORE = 30
"""Columns of the old sound that it is compared with."""
DIFFERENCE = 0.5
"""How different both must be, in variances of both together, in the mean over the mel filters."""
_STEADY = 0.1
"""Variance added to both: sounds without any do not differ infinitely."""

_Numbers = NDArray[np.float64]


def newest_sound(logs: Floats) -> tuple[int, float]:
    """How many of the newest columns are of a sound that has just begun, and how different it is from the
    one before, see `DIFFERENCE`; 0 and 0 where none has.

    Args:
        logs: `[mels, frames]` natural logarithms of mel power, the newest column last.
    """
    columns = logs[:, -(LONGEST + BEFORE) :].T.astype(np.float64)
    newer = np.arange(SHORTEST, len(columns) - BEFORE + 1)
    if not len(newer):
        return 0, 0.0
    mean, square = _sums(columns), _sums(columns * columns)
    cut = len(columns) - newer
    before, after = _moments(mean, square, cut - BEFORE, cut), _moments(mean, square, cut, cut + newer)
    difference = (np.square(after[0] - before[0]) / (before[1] + after[1] + _STEADY)).mean(axis=1)
    best = int(difference.argmax())
    return (int(newer[best]), float(difference[best])) if difference[best] > DIFFERENCE else (0, 0.0)


def repeated(window: Floats, newest: int) -> Floats:
    """The newest columns of a window `[..., frames]`, repeated to its length, the newest last."""
    frames = window.shape[-1]
    return window[..., frames - newest + np.arange(-frames, 0) % newest]


def _sums(columns: _Numbers) -> _Numbers:
    """`[frames + 1, n]`: sums of the first k rows."""
    return np.concatenate([np.zeros((1, columns.shape[1])), columns.cumsum(axis=0)])


def _moments(
    mean: _Numbers, square: _Numbers, start: NDArray[np.int64], stop: NDArray[np.int64]
) -> tuple[_Numbers, _Numbers]:
    """Mean and variance by filter of the columns from each start to its stop."""
    count = (stop - start)[:, None]
    middle = (mean[stop] - mean[start]) / count
    return middle, (square[stop] - square[start]) / count - middle**2
