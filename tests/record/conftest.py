"""A show in miniature: a programme ring, frames, and eyes and ears for what was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from s2s_live.audio.ring import SampleRing
from s2s_live.live.frame import Frame


def make_frame(position, value=128, size=64, index=0):
    picture = value if isinstance(value, np.ndarray) else np.full((size, size, 3), value, np.uint8)
    return Frame(index=index, position=position, picture=picture, captured=0.0, painted=0.0)


@dataclass
class Film:
    """A decoded video: mean luma per picture, times, sound and tags."""

    times: list[float]
    luma: np.ndarray
    sound: np.ndarray
    sound_start: float
    size: tuple[int, int]
    tags: tuple[int, int, int, int]
    last: np.ndarray

    @property
    def seconds(self):
        return len(self.sound) / 48_000


def read_film(path: Path) -> Film:
    times, luma, blocks, start, last = [], [], [], 0.0, None
    with av.open(str(path)) as film:
        for frame in film.decode(video=0):
            plane = frame.planes[0]
            rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
            luma.append(rows[: plane.height, : plane.width].mean())
            times.append(frame.time)
            last = frame
        picture = last.to_ndarray(format="rgb24")
        context = film.streams.video[0].codec_context
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        size = (context.width, context.height)
    with av.open(str(path)) as film:
        if film.streams.audio:
            for frame in film.decode(audio=0):
                if not blocks:
                    start = frame.time
                blocks.append(frame.to_ndarray())
    sound = np.concatenate(blocks, axis=1).T if blocks else np.zeros((0, 2), np.float32)
    return Film(times, np.array(luma), sound, start, size, tags, picture)


def top_boxes(path: Path) -> list[str]:
    from s2s_live.record.fragments import boxes

    with path.open("rb") as file:
        return [kind for kind, _start, _end in boxes(file)]


@pytest.fixture
def frame():
    return make_frame


@pytest.fixture
def film():
    return read_film


@pytest.fixture
def boxes_of():
    return top_boxes


@pytest.fixture
def ring():
    return SampleRing(30 * 48_000, 2, 48_000)
