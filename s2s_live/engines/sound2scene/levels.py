"""From and to what the painting network counts in: levels of cells as a picture, a tone curve as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2s_live.engines.base import Picture

LIFT_DARK, LIFT_BEND = 0.16, 0.6
"""Lift of black, and strength of the curve between black and white."""


def to_picture(levels: NDArray[Any]) -> Picture:
    """The fresh picture `[2n, 2n, 3]` of a `LiveGenerator`'s cells `[1, n, n, 12]`, as bytes or not."""
    count = levels.shape[1]
    cells = levels.reshape(count, count, 2, 6).astype(np.uint8, order="C", copy=False)
    # The two pixels of a cell's row are three words. NumPy copies all first words in a fifth of the time that
    # three words after three words take it.
    words = cells.view(np.uint16).transpose(0, 2, 1, 3)
    found = np.empty(words.shape, np.uint16)
    for word in range(words.shape[-1]):
        found[..., word] = words[..., word]
    return found.view(np.uint8).reshape(2 * count, 2 * count, 3)


def tone_curve(*, lift: float = 0.0, brightness: float = 0.0, contrast: float = 1.0) -> NDArray[np.float32]:
    """Coefficients `[1, 3]` for `LiveGenerator`: contrast about the middle, brightness, exposure lift.

    `lift` (0 at rest, about 1 for a full pulse) raises dark and middle tones most and leaves white white.
    """
    # In 0..1: y = (contrast * x + 1) / 2 + brightness, then y + dark + (bend - dark) * y - bend * y * y.
    start, slope = 0.5 + brightness, 0.5 * contrast
    dark, bend = lift * LIFT_DARK, lift * LIFT_BEND
    gain = 1.0 + bend - dark
    low = dark + gain * start - bend * start * start
    line = slope * (gain - 2.0 * bend * start)
    return np.array([[255.0 * low + 0.5, 255.0 * line, -255.0 * bend * slope * slope]], np.float32)
