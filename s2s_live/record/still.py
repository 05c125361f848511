"""A single picture of the scene."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from s2s_live.live.frame import Frame
from s2s_live.opencv import cv2
from s2s_live.record.faults import explained
from s2s_live.record.naming import claim, dated_stem
from s2s_live.record.sequence import encode_png
from s2s_live.record.video import even_size


def save_still(frame: Frame, folder: Path, size: int) -> Path:
    """Write the frame as a PNG `size` pixels high, at its own proportions, under a dated name.

    Takes 30 to 150 ms: not for the painting thread. Raises RecordingError.
    """
    height = even_size(size)
    rows, columns = frame.picture.shape[:2]
    width = max(2, 2 * round(columns * height / rows / 2))
    picture = frame.picture
    if height > rows:
        # A still is looked at for long: worth the finer filter.
        larger = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LANCZOS4)
        picture = larger.astype(np.uint8, copy=False)
    data = encode_png(picture, width, height)
    path = claim(folder, dated_stem(datetime.now().astimezone()), ".png")
    with explained(path):
        path.write_bytes(data)
    return path
