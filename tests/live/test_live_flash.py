"""The flash guard lets a scene change and stops a strobe."""

import numpy as np

from s2s_live.live.flash import FlashGuard, relative_luminance
from s2s_live.timeline import PROGRAM_RATE


def grey(value):
    return np.full((64, 64, 3), value, np.uint8)


def flashes(luminances, positions):
    """Most opposing changes >= 0.1 (darker < 0.8) within any second, by an independent count of extremes."""
    extremes = [luminances[0]]
    at = []
    direction = 0
    for value, position in zip(luminances, positions, strict=True):
        if direction >= 0 and extremes[-1] - value >= 0.1 and value < 0.8:
            direction, at = -1, [*at, position]
            extremes.append(value)
        elif direction <= 0 and value - extremes[-1] >= 0.1 and extremes[-1] < 0.8:
            direction, at = 1, [*at, position]
            extremes.append(value)
        elif (value - extremes[-1]) * direction > 0:
            extremes[-1] = value
    return max((sum(1 for b in at if 0 <= b - a < PROGRAM_RATE) for a in at), default=0)


def play(pictures, fps=60):
    guard = FlashGuard()
    positions = [i * PROGRAM_RATE // fps for i in range(len(pictures))]
    shown = [guard.apply(p, at) for p, at in zip(pictures, positions, strict=True)]
    return shown, positions


def test_a_strobe_is_held_under_three_flashes_a_second():
    for period in (2, 4, 6, 10):
        pictures = [grey(255 if i // period % 2 else 0) for i in range(600)]
        raw = [relative_luminance(p) for p in pictures]
        shown, positions = play(pictures)
        assert flashes(raw, positions) >= 6
        assert flashes([relative_luminance(p) for p in shown], positions) < 6


def test_slow_changes_pass_untouched():
    pictures = [grey(int(127 + 120 * np.sin(i / 60))) for i in range(600)]
    shown, _ = play(pictures)
    assert all((a == b).all() for a, b in zip(pictures, shown, strict=True))


def test_one_flash_passes_untouched():
    pictures = [grey(200 if 30 <= i < 33 else 40) for i in range(90)]
    shown, _ = play(pictures)
    assert all((a == b).all() for a, b in zip(pictures, shown, strict=True))


def test_small_moving_details_pass_untouched():
    rng = np.random.default_rng(0)
    pictures = []
    for _ in range(200):
        picture = grey(80)
        picture[rng.integers(0, 60) :][:4] = 255
        pictures.append(picture)
    shown, _ = play(pictures)
    assert all((a == b).all() for a, b in zip(pictures, shown, strict=True))


def test_the_given_picture_is_never_changed():
    pictures = [grey(255 if i % 2 else 0) for i in range(60)]
    copies = [p.copy() for p in pictures]
    play(pictures)
    assert all((a == b).all() for a, b in zip(pictures, copies, strict=True))
