"""Between key frames nothing jumps, and what moves is seen moving."""

from itertools import pairwise

import numpy as np
import pytest

from s2s_live.live.tween import INTERVAL_S, LONGEST_S, Tween

STEP = INTERVAL_S / 10


def scene(x: int, size: int = 128) -> np.ndarray:
    """A bright textured square on a dark textured ground."""
    rng = np.random.default_rng(3)
    picture = rng.integers(0, 50, (size, size, 3), np.uint8)
    picture[48:80, x : x + 32] = rng.integers(150, 255, (32, 32, 3), np.uint8)
    return np.ascontiguousarray(picture)


def centre(picture: np.ndarray) -> float:
    """Mean column of what is bright."""
    bright = picture.mean(2) > 110
    return float(np.nonzero(bright)[1].mean())


def test_there_is_nothing_before_the_first_key_frame():
    with pytest.raises(ValueError, match="no key frame"):
        Tween().at(0.0)


def test_the_first_key_frame_is_shown_at_once():
    tween = Tween()
    tween.key(scene(40), 1.0)
    np.testing.assert_array_equal(tween.at(1.0), scene(40))
    np.testing.assert_array_equal(tween.at(9.0), scene(40))


def test_a_key_frame_is_whole_after_the_interval_and_stays():
    tween = Tween()
    tween.key(scene(40), 1.0)
    tween.key(scene(48), 1.0 + INTERVAL_S)
    start = 1.0 + INTERVAL_S
    np.testing.assert_array_equal(tween.at(start), scene(40))
    np.testing.assert_array_equal(tween.at(start + tween.interval_s), scene(48))
    np.testing.assert_array_equal(tween.at(start + 5.0), scene(48))


def test_what_moves_is_seen_moving():
    tween = Tween()
    tween.key(scene(40), 1.0)
    tween.key(scene(48), 1.0 + INTERVAL_S)
    start = 1.0 + INTERVAL_S
    places = [centre(tween.at(start + share * tween.interval_s)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert places == sorted(places)
    assert places[2] == pytest.approx((places[0] + places[-1]) / 2, abs=1.0)


def test_a_key_frame_that_comes_early_begins_where_the_last_one_was():
    tween = Tween()
    tween.key(scene(40), 1.0)
    tween.key(scene(48), 1.0 + INTERVAL_S)
    early = 1.0 + 1.5 * INTERVAL_S
    shown = tween.at(early)
    tween.key(scene(30), early)
    np.testing.assert_array_equal(tween.at(early), shown)


def test_nothing_jumps_from_picture_to_picture():
    tween = Tween()
    rng = np.random.default_rng(0)
    shown, now = [], 0.0
    for step in range(60):
        if step % 10 == 0:
            tween.key(rng.integers(0, 256, (64, 64, 3), np.uint8), now)
        shown.append(tween.at(now).astype(float))
        now += STEP
    moves = [np.abs(b - a).mean() for a, b in pairwise(shown[10:])]
    whole = np.abs(shown[10] - shown[20]).mean()
    assert max(moves) < 0.5 * whole


def test_the_rhythm_is_learnt_and_a_long_pause_forgotten():
    tween = Tween()
    now = 0.0
    for _ in range(20):
        tween.key(scene(40), now)
        now += 0.5
    assert tween.interval_s == pytest.approx(0.5, rel=0.02)
    tween.key(scene(48), now + 10 * LONGEST_S)
    assert tween.interval_s == pytest.approx(0.5, rel=0.02)


def test_a_key_frame_of_another_size_is_shown_at_once():
    tween = Tween()
    tween.key(scene(40), 0.0)
    tween.key(scene(40, size=256), 0.3)
    np.testing.assert_array_equal(tween.at(0.3), scene(40, size=256))
    tween.key(scene(48, size=256), 0.6)
    assert tween.at(0.7).shape == (256, 256, 3)
