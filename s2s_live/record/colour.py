"""From a painted RGB picture to a scaled BT.709 video frame.

The picture is turned into luma and chroma at its own small size, and the three planes are scaled straight
into the frame's memory. Both steps are linear, so the order does not change the result, and this order
costs a sixth of scaling in RGB and converting the large picture (1.8 against 13 ms at 1080 x 1080).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from s2s_live.engines.base import Picture
from s2s_live.opencv import cv2

_KR, _KB = 0.2126, 0.0722
"""Weights of red and blue in the luma of ITU-R BT.709."""

BLACK = (16, 128, 128)
"""Luma and chroma of black in limited range."""


def bt709_matrix() -> NDArray[np.float64]:
    """`[3, 4]`: 8-bit RGB to 8-bit limited-range Y, Cb, Cr; the last column is the offset."""
    luma = np.array([_KR, 1.0 - _KR - _KB, _KB])
    blue = (np.array([0.0, 0.0, 1.0]) - luma) / (2.0 * (1.0 - _KB))
    red = (np.array([1.0, 0.0, 0.0]) - luma) / (2.0 * (1.0 - _KR))
    rows = np.stack([luma * 219.0, blue * 224.0, red * 224.0]) / 255.0
    return np.hstack([rows, np.array([BLACK], dtype=np.float64).T])


@dataclass(frozen=True)
class Fit:
    """Where a picture lies inside a frame: whole, undistorted, centred, on even pixels."""

    left: int
    top: int
    width: int
    height: int


def fit(picture: tuple[int, int], frame: tuple[int, int]) -> Fit:
    """The largest place for a picture in a frame, both (height, width)."""
    scale = min(frame[0] / picture[0], frame[1] / picture[1])
    height = min(frame[0], max(2, 2 * round(picture[0] * scale / 2)))
    width = min(frame[1], max(2, 2 * round(picture[1] * scale / 2)))
    return Fit((frame[1] - width) // 4 * 2, (frame[0] - height) // 4 * 2, width, height)


def scale_into(plane: NDArray[Any], target: NDArray[np.uint8]) -> None:
    """Scale `plane` to fill `target` (a view, written in place): area down, cubic up."""
    if plane.shape == target.shape:
        np.copyto(target, plane)
        return
    down = target.shape[0] < plane.shape[0]
    size = (target.shape[1], target.shape[0])
    cv2.resize(plane, size, dst=target, interpolation=cv2.INTER_AREA if down else cv2.INTER_CUBIC)


class Converter:
    """Makes video frames of one size. Used by one thread."""

    def __init__(self, width: int, height: int) -> None:
        """`width` and `height` in pixels, both even."""
        self.width, self.height = width, height
        self._matrix = bt709_matrix()

    def convert(self, picture: Picture) -> av.VideoFrame:
        """A fresh yuv420p frame, BT.709, limited range, with the whole picture in it."""
        frame = av.VideoFrame(self.width, self.height, "yuv420p")
        frame.colorspace, frame.color_range = Colorspace.ITU709, ColorRange.MPEG
        frame.color_primaries, frame.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        place = fit(picture.shape[:2], (self.height, self.width))
        if place.height < picture.shape[0]:
            smaller = np.empty((place.height, place.width, 3), np.uint8)
            scale_into(picture, smaller)
            picture = smaller
        ycc = cv2.transform(picture, self._matrix)
        # H.264 players take each chroma sample to stand on the left one of its two luma columns; scaling
        # by centres would put it between them, half a column to the right.
        shift = 0.5 * ycc.shape[1] / place.width
        for index, plane in enumerate(_planes(frame)):
            part = cv2.extractChannel(ycc, index)
            step = 1 if index == 0 else 2
            if index:
                kernel = np.array([[shift, 1.0 - shift, 0.0]])
                part = cv2.filter2D(part, -1, kernel, borderType=cv2.BORDER_REPLICATE)
            rows = slice(place.top // step, (place.top + place.height) // step)
            columns = slice(place.left // step, (place.left + place.width) // step)
            if (place.width, place.height) != (self.width, self.height):
                plane[:] = BLACK[index]
            scale_into(part, plane[rows, columns])
        return frame


def _planes(frame: av.VideoFrame) -> list[NDArray[np.uint8]]:
    """Writable views of Y, Cb and Cr without the padding at the end of each row."""
    views = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        views.append(rows[: plane.height, : plane.width])
    return views
