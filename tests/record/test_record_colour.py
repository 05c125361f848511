from __future__ import annotations

import cv2
import numpy as np
import pytest

from s2s_live.record.colour import Converter, bt709_matrix, fit
from s2s_live.record.video import VideoWriter

LEVELS = (0, 64, 128, 191, 255)
CHART = np.array([(r, g, b) for r in LEVELS for g in LEVELS for b in LEVELS], np.uint8)


def chart_picture(colours, cell=51):
    """`[25, 3]` colours as 5 x 5 patches."""
    rows = colours.reshape(5, 5, 3)
    return np.ascontiguousarray(np.repeat(np.repeat(rows, cell, 0), cell, 1))


def to_rgb(film_path):
    """Decode with our own arithmetic: what a correct player shows for BT.709, limited range."""
    import av

    with av.open(str(film_path)) as film:
        *_, last = film.decode(video=0)
    assert (int(last.colorspace), int(last.color_range)) == (1, 1)
    planes = []
    for plane in last.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        small = rows[: plane.height, : plane.width]
        planes.append(cv2.resize(small, (last.width, last.height), interpolation=cv2.INTER_NEAREST))
    ycc = np.stack(planes, -1).astype(np.float64)
    y = (ycc[..., 0] - 16) / 219
    b_y, r_y = (ycc[..., 1] - 128) / 224 * 1.8556, (ycc[..., 2] - 128) / 224 * 1.5748
    red, blue = y + r_y, y + b_y
    green = (y - 0.2126 * red - 0.0722 * blue) / 0.7152
    return np.clip(np.round(255 * np.stack([red, green, blue], -1)), 0, 255), last


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize("size", [128, 256, 720])
def test_a_colour_chart_comes_back_within_3_of_255(tmp_path, live, size):
    middles = [int((cell + 0.5) * size / 5) for cell in range(5)]
    for colours in CHART.reshape(5, 25, 3):
        writer = VideoWriter(tmp_path / "chart.mp4", size, 30, sound=False, live=live)
        for _ in range(3):
            writer.write_frame(chart_picture(colours))
        writer.close()
        ours, frame = to_rgb(tmp_path / "chart.mp4")
        for picture in (ours, frame.to_ndarray(format="rgb24").astype(np.float64)):
            got = picture[np.ix_(middles, middles)].reshape(25, 3)
            assert np.abs(got - colours).max() <= 3


def test_tags_say_bt709_and_limited_range(tmp_path, film):
    for live in (True, False):
        path = tmp_path / f"{live}.mp4"
        writer = VideoWriter(path, 64, 30, sound=False, live=live)
        writer.write_frame(np.full((64, 64, 3), 90, np.uint8))
        writer.close()
        assert film(path).tags == (1, 1, 1, 1)
        assert b"colrnclx" in path.read_bytes()


def test_the_matrix_maps_black_white_and_grey_as_the_standard_says():
    matrix = bt709_matrix()
    for value, luma in ((0, 16), (255, 235)):
        assert np.allclose(matrix @ [value, value, value, 1], [luma, 128, 128])
    assert np.allclose(matrix @ [0, 0, 255, 1], [16 + 219 * 0.0722, 240, 128 - 224 * 0.0722 / 1.5748])


@pytest.mark.parametrize(
    ("picture", "frame", "place"),
    [
        ((256, 256), (1080, 1080), (0, 0, 1080, 1080)),
        ((256, 128), (1080, 1080), (270, 0, 540, 1080)),
        ((128, 256), (100, 100), (0, 24, 100, 50)),
        ((999, 1000), (64, 64), (0, 0, 64, 64)),
    ],
)
def test_a_picture_fits_whole_and_undistorted(picture, frame, place):
    got = fit(picture, frame)
    assert (got.left, got.top, got.width, got.height) == place


def test_a_narrow_picture_gets_black_bars(tmp_path, film):
    writer = VideoWriter(tmp_path / "bars.mp4", 128, 30, sound=False)
    writer.write_frame(np.full((64, 32, 3), 255, np.uint8))
    writer.close()
    picture = film(tmp_path / "bars.mp4").last
    assert picture[:, 2:28].max() <= 3
    assert picture[:, 36:92].min() >= 252
    assert picture[:, 100:126].max() <= 3


def test_chroma_stands_where_players_expect_it():
    """A red edge lies at the same place in luma and in chroma, whose samples stand on even luma columns."""
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, 32:, 0] = 255
    frame = Converter(512, 512).convert(picture)

    def edge(plane):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        line = rows[plane.height // 2, : plane.width].astype(np.float64)
        middle = (line[2] + line[-3]) / 2
        after = int(np.flatnonzero(line > middle)[0])
        return after - (line[after] - middle) / (line[after] - line[after - 1])

    assert edge(frame.planes[0]) == pytest.approx(255.5, abs=0.15)
    assert 2 * edge(frame.planes[2]) == pytest.approx(255.5, abs=0.25)
