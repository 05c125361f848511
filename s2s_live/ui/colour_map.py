"""The spectrogram's colours: from the dark of the window through plum and ember to candle light."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STOPS = (
    (0.00, (11, 12, 16)),
    (0.18, (26, 22, 46)),
    (0.38, (78, 38, 88)),
    (0.56, (158, 58, 90)),
    (0.74, (226, 114, 74)),
    (0.88, (244, 184, 96)),
    (1.00, (255, 246, 222)),
)


def ramp(size: int = 256) -> NDArray[np.uint8]:
    """`[size, 3]` RGB, dark to light, of steadily rising lightness."""
    at = np.linspace(0.0, 1.0, size)
    stops = np.array([stop for stop, _ in _STOPS])
    colours = np.array([colour for _, colour in _STOPS], dtype=np.float64)
    channels = [np.interp(at, stops, colours[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def packed_ramp(size: int = 256) -> NDArray[np.uint32]:
    """The same as 0xffRRGGBB words, as a QImage of format RGB32 holds them."""
    red, green, blue = ramp(size).astype(np.uint32).T
    words: NDArray[np.uint32] = np.uint32(0xFF000000) | (red << 16) | (green << 8) | blue
    return words
