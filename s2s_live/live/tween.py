"""What is shown between key frames, where a generator paints slower than the screen shows.

A key frame comes into view over the time that the next is expected to take: each pixel travels along the
optical flow between what was shown and the key frame while one fades into the other. So nothing ever jumps;
the price is one more key interval between sound and picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from s2s_live.engines.base import Picture
from s2s_live.opencv import cv2

INTERVAL_S = 0.2
"""Expected between the first two key frames."""
LONGEST_S = 2.0
"""A longer pause between key frames is none of their rhythm."""
SETTLE = 0.3
"""Share of a new interval in the expected one."""
FARTHEST = 0.08
"""Picture widths that a pixel may travel: what seems to go further has nothing that it goes to."""


class Tween:
    """Key frames in, pictures at any time out. Not for several threads at once."""

    def __init__(self) -> None:
        self._start: Picture | None = None
        self._end: Picture | None = None
        self._flow: NDArray[np.float32] | None = None
        self._grid: NDArray[np.float32] | None = None
        self._since = 0.0
        self._interval = INTERVAL_S

    @property
    def interval_s(self) -> float:
        """Seconds in which a key frame comes into view."""
        return self._interval

    def key(self, picture: Picture, now: float) -> None:
        """A new key frame `[H, W, 3]` at `now`, seconds as for `at`.

        One of another size is shown at once.
        """
        if self._end is None or self._end.shape != picture.shape:
            self._start = self._end = picture
            self._flow = None
        else:
            self._start, self._end = self.at(now), picture
            self._flow = _flow(self._start, picture)
            gap = now - self._since
            if 0.0 < gap < LONGEST_S:
                self._interval += SETTLE * (gap - self._interval)
        self._since = now

    def at(self, now: float) -> Picture:
        """The picture at `now`. Raises ValueError before the first key frame."""
        start, end = self._start, self._end
        if start is None or end is None:
            raise ValueError("there is no key frame yet")
        share = min(max((now - self._since) / self._interval, 0.0), 1.0)
        if self._flow is None or share >= 1.0:
            return end
        if share <= 0.0:
            return start
        grid = self._places(end)
        left = _moved(start, grid - share * self._flow)
        right = _moved(end, grid + (1.0 - share) * self._flow)
        return cv2.addWeighted(left, 1.0 - share, right, share, 0.0).astype(np.uint8, copy=False)

    def _places(self, picture: Picture) -> NDArray[np.float32]:
        """Where each pixel is, `[H, W, 2]` as (x, y)."""
        height, width = picture.shape[:2]
        if self._grid is None or self._grid.shape[:2] != (height, width):
            rows, columns = np.mgrid[:height, :width].astype(np.float32)
            self._grid = np.stack([columns, rows], axis=-1)
        return self._grid


def _moved(picture: Picture, places: NDArray[np.float32]) -> Picture:
    """The picture read at these places."""
    x, y = places[..., 0], places[..., 1]
    found = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return found.astype(np.uint8, copy=False)


def _flow(start: Picture, end: Picture) -> NDArray[np.float32]:
    """Where each pixel of `start` goes, `[H, W, 2]` in pixels (Kroeger et al. 2016)."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (start, end)]
    farthest = FARTHEST * start.shape[1]
    unknown = np.zeros((*start.shape[:2], 2), np.float32)
    found = finder.calc(grey[0], grey[1], unknown).astype(np.float32, copy=False)
    return np.clip(found, -farthest, farthest)
