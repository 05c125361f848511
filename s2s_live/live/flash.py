"""The flash guard: full-field flashes stay under three a second.

A flash is a pair of opposing changes of relative luminance of a tenth or more where the darker picture is
below 0.8 (WCAG 2.2, success criterion 2.3.1, general flash). The guard lets changes through until the last
second holds as many as it may, then holds the picture's mean luminance near the last extreme by mixing it
with the previous picture.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from s2s_live.engines.base import Picture
from s2s_live.timeline import PROGRAM_RATE

CHANGE = 0.1
"""Change of relative luminance that counts, of 1."""
BRIGHT = 0.8
"""Changes between pictures brighter than this do not count."""
MOST_CHANGES = 5
"""Opposing changes allowed in one second: two and a half flashes."""
SAMPLES = 32
"""The mean is taken over a grid of this many rows and columns."""
MARGIN = 0.95
"""A held picture stays within this share of the change that would count."""


def _srgb_to_linear() -> NDArray[np.float64]:
    value = np.arange(256) / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


_LINEAR = _srgb_to_linear()
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722])


def relative_luminance(picture: Picture) -> float:
    """Mean relative luminance of an sRGB picture `[H, W, 3]`, 0..1, on a coarse grid."""
    rows = max(picture.shape[0] // SAMPLES, 1)
    columns = max(picture.shape[1] // SAMPLES, 1)
    return float((_LINEAR[picture[::rows, ::columns]] @ _WEIGHTS).mean())


def _mix(start: Picture, end: Picture, share: float) -> Picture:
    mixed = start.astype(np.float32) * (1.0 - share) + end.astype(np.float32) * share
    return np.rint(mixed).astype(np.uint8)


class FlashGuard:
    """State of the guard of one output. Positions are programme samples, so it replays exactly."""

    def __init__(self) -> None:
        self._changes: deque[int] = deque()
        self._extreme: float | None = None
        """Brightest or darkest since the last counted change, in its direction."""
        self._direction = 0
        self._previous: Picture | None = None

    def apply(self, picture: Picture, position: int) -> Picture:
        """The picture to show at `position`: the given one, or one held back."""
        while self._changes and position - self._changes[0] >= PROGRAM_RATE:
            self._changes.popleft()
        luminance = relative_luminance(picture)
        if self._is_change(luminance) and len(self._changes) >= MOST_CHANGES:
            picture = self._hold_back(picture, luminance)
            luminance = relative_luminance(picture)
        self._record(luminance, position)
        self._previous = picture
        return picture

    def _is_change(self, luminance: float) -> bool:
        """Whether this luminance would complete an opposing change."""
        if self._extreme is None:
            return False
        difference = luminance - self._extreme
        if min(luminance, self._extreme) >= BRIGHT or abs(difference) < CHANGE:
            return False
        return self._direction == 0 or (difference > 0) != (self._direction > 0)

    def _hold_back(self, picture: Picture, luminance: float) -> Picture:
        """Mix with the previous picture until the change no longer counts."""
        previous, extreme = self._previous, self._extreme
        if previous is None or extreme is None or previous.shape != picture.shape:
            return picture
        limit = extreme + CHANGE * MARGIN * (1.0 if luminance > extreme else -1.0)
        low, high = 0.0, 1.0
        for _ in range(6):  # luminance is monotone along the mix: bisect its share
            share = (low + high) / 2
            beyond = (relative_luminance(_mix(previous, picture, share)) - limit) * (luminance - extreme) > 0
            low, high = (low, share) if beyond else (share, high)
        return _mix(previous, picture, low)

    def _record(self, luminance: float, position: int) -> None:
        if self._extreme is None:
            self._extreme = luminance
        elif self._is_change(luminance):
            self._direction = 1 if luminance > self._extreme else -1
            self._extreme = luminance
            self._changes.append(position)
        elif (luminance - self._extreme) * self._direction > 0:
            self._extreme = luminance  # goes on in the same direction: a new extreme, not a new change
