"""What the windows compute without being shown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QRectF, QSizeF

from s2s_live.engines.base import Control
from s2s_live.errors import DisplayError
from s2s_live.live.controls import SESSION_CONTROLS
from s2s_live.ui.app import check_display
from s2s_live.ui.colour_map import packed_ramp, ramp
from s2s_live.ui.curtain import Curtain
from s2s_live.ui.heard_bar import family_title
from s2s_live.ui.picture import place, to_image
from s2s_live.ui.record_bar import amount, clock
from s2s_live.ui.show_pace import ShowPace, painting_hz
from s2s_live.ui.slider import Scale, readout
from s2s_live.ui.spectrogram_view import HIGH_DB, LOW_DB, ImageRing
from s2s_live.ui.style import style_sheet, tokens
from s2s_live.ui.torch_before_qt import load_torch_first, torch_goes_first

LEVEL = Control("gain_db", "Gain", "", 0.0, -40.0, 40.0, "dB")
TIME = Control("attack", "Attack", "", 0.2, 0.05, 5.0, "s")


@pytest.mark.parametrize("control", [*SESSION_CONTROLS, LEVEL, TIME], ids=lambda control: control.name)
def test_a_scale_gives_back_what_it_was_given(control):
    scale = Scale(control)
    first, last = scale.range
    assert scale.value(first) == pytest.approx(control.low)
    assert scale.value(last) == pytest.approx(control.high)
    step = max(abs(scale.value(p + 1) - scale.value(p)) for p in range(first, last))
    for value in np.linspace(control.low, control.high, 23):
        if control.kind == "float":
            assert scale.value(scale.position(value)) == pytest.approx(value, abs=step)
        else:
            assert scale.value(scale.position(value)) == round(value)


def test_times_are_logarithmic_and_levels_are_not():
    assert Scale(TIME).value(500) == pytest.approx((0.05 * 5.0) ** 0.5)
    assert Scale(LEVEL).value(500) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("control", "value", "text"),
    [
        (LEVEL, 3.0, "+3.0\u00a0dB"),
        (LEVEL, -12.04, "\u221212.0\u00a0dB"),
        (LEVEL, 0.0, "0.0\u00a0dB"),
        (TIME, 0.2, "0.20\u00a0s"),
        (Control("z_speed", "", "", 0.05, 0.0, 1.0, "/s"), 0.05, "0.05/s"),
        (Control("n", "", "", 0.0, 0.0, 9999.0, kind="int"), 1234.0, "1234"),
    ],
)
def test_readouts_are_short(control, value, text):
    assert readout(control, value) == text


def test_fit_shows_all_and_fill_covers_all():
    target, source = place(QSizeF(256, 256), QSizeF(1920, 1080), "fit")
    assert (target, source) == (QRectF(420, 0, 1080, 1080), QRectF(0, 0, 256, 256))
    target, source = place(QSizeF(256, 256), QSizeF(1920, 1080), "fill")
    assert target == QRectF(0, 0, 1920, 1080)
    assert source.width() == pytest.approx(256)
    assert source.height() == pytest.approx(144)
    assert source.center().y() == pytest.approx(128)
    assert place(QSizeF(0, 0), QSizeF(10, 10), "fit") == (QRectF(), QRectF())


def test_a_picture_becomes_an_image_and_its_mirror_image():
    picture = np.zeros((3, 5, 3), np.uint8)
    picture[1, 0] = (10, 20, 30)
    assert to_image(picture).pixelColor(0, 1).getRgb()[:3] == (10, 20, 30)
    assert to_image(picture, mirror=True).pixelColor(4, 1).getRgb()[:3] == (10, 20, 30)


def test_the_curtain_falls_and_rises_in_its_time():
    curtain = Curtain(fade_s=0.5)
    curtain.advance(10.0)
    curtain.black = True
    curtain.advance(10.25)
    assert 0.3 < curtain.darkness < 0.7
    assert curtain.moving
    curtain.advance(11.0)
    assert (curtain.darkness, curtain.moving) == (1.0, False)
    curtain.black, curtain.frozen = False, True
    curtain.advance(12.0)
    assert (curtain.darkness, curtain.stillness) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("screen", "painted"),
    [
        (60.0, 60.0), (59.94, 59.94), (50.0, 50.0), (40.0, 40.0), (44.0, 44.0), (75.0, 75.0), (90.0, 90.0),
        (30.0, 60.0), (25.0, 50.0), (24.0, 48.0), (100.0, 50.0), (120.0, 60.0), (144.0, 72.0), (165.0, 55.0),
        (240.0, 60.0), (360.0, 60.0), (0.0, 60.0), (-1.0, 60.0), (float("nan"), 60.0), (float("inf"), 60.0),
    ],
)  # fmt: skip
def test_painting_goes_evenly_into_the_screens_rate(screen, painted):
    assert painting_hz(screen) == pytest.approx(painted)


@pytest.mark.parametrize("hz", [48.0, 50.0, 75.0])
def test_screens_of_other_rates_get_every_frame_too(hz):
    drawings, different = drawn(jittered(hz, 0.001), 20.0, hz=hz)
    assert different >= 0.97 * hz
    assert 0.97 * hz <= drawings <= 1.07 * hz


def drawn(frames, seconds, step=0.004, hz=60.0):
    """(drawings, different frames drawn) of a painter whose frame k comes at time frames(k)."""
    pace, shown, drawings, newest = ShowPace(), set(), 0, -1
    pace.hz = hz
    for tick in range(round(seconds / step)):
        now = tick * step
        while frames(newest + 1) <= now:
            newest += 1
        if newest >= 0 and pace.due(now, fresh=newest not in shown):
            drawings += 1
            shown.add(newest)
    return drawings / seconds, len(shown) / seconds


def test_right_after_a_drawing_it_is_too_soon_for_the_next():
    pace = ShowPace()
    assert not pace.too_soon(1.0)
    assert pace.due(1.0, fresh=True)
    assert pace.too_soon(1.013)
    assert not pace.due(1.013, fresh=True)
    assert not pace.too_soon(1.0145)
    assert pace.due(1.0145, fresh=True)


def jittered(rate, jitter):
    noise = np.random.default_rng(7).uniform(-jitter, jitter, 10_000)
    return lambda k: k / rate + noise[k]


@pytest.mark.parametrize("jitter", [0.0, 0.004])
@pytest.mark.parametrize("rate", [10, 30, 45, 55, 60])
def test_nearly_every_frame_is_drawn_and_the_screen_stays_alive(rate, jitter):
    drawings, different = drawn(jittered(rate, jitter), 20.0)
    assert different >= 0.97 * rate
    assert 58.5 <= drawings <= 64.0


def test_a_faster_painter_costs_the_screen_nothing():
    drawings, different = drawn(jittered(240, 0.001), 10.0)
    assert drawings == different <= 1 / 0.014 + 1


def test_the_ramp_grows_steadily_lighter():
    colours = ramp().astype(float)
    lightness = colours @ (0.2126, 0.7152, 0.0722)
    assert (np.diff(lightness) >= 0).all()
    red, green, blue = colours[200]
    assert packed_ramp()[200] == 0xFF000000 | int(red) << 16 | int(green) << 8 | int(blue)


def test_the_image_ring_keeps_the_newest_columns():
    ring = ImageRing(columns=8, rows=3)
    levels = np.linspace(LOW_DB, HIGH_DB, 11)
    for index in range(11):
        ring.write(np.full((1, 3), levels[index], np.float32))
    words = packed_ramp()[np.floor((levels - LOW_DB) / (HIGH_DB - LOW_DB) * 255).astype(int)]
    newest_last = [ring.image.pixel((ring.head + k) % 8, 0) for k in range(8)]
    assert newest_last == list(words[3:])


def test_the_image_ring_takes_any_number_of_columns_and_bad_values():
    ring = ImageRing(columns=8, rows=3)
    ring.write(np.zeros((100, 3), np.float32))
    ring.write(np.full((3, 3), np.nan, np.float32))
    assert ring.head == 3
    low, high = np.full((1, 3), LOW_DB, np.float32), np.full((1, 3), HIGH_DB, np.float32)
    low[0, 2] = HIGH_DB  # the highest frequency stands at the top
    ring.write(np.concatenate([high, low]))
    assert ring.image.pixel(4, 0) == packed_ramp()[255]
    assert ring.image.pixel(4, 2) == packed_ramp()[0]


def test_words_for_people():
    assert [clock(s) for s in (0, 7.9, 754, 3723)] == ["0:00", "0:07", "12:34", "1:02:03"]
    assert [amount(n) for n in (12, 1536, 12_400_000, 934e9)] == [
        "12\u00a0B",
        "1.5\u00a0kB",
        "12.4\u00a0MB",
        "934\u00a0GB",
    ]
    assert family_title("night_insects") == "Night insects"


def test_the_style_sheet_has_no_gaps():
    assert "$" not in style_sheet()
    assert tokens()["accent"].startswith("#")


def test_without_a_display_the_error_says_what_to_do():
    with pytest.raises(DisplayError) as caught:
        check_display({}, "linux")
    assert "DISPLAY" in caught.value.message
    assert "--headless" in caught.value.hint
    for environ in ({"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "w"}, {"QT_QPA_PLATFORM": "offscreen"}):
        check_display(environ, "linux")
    check_display({}, "darwin")


def test_torch_goes_first_on_windows_only():
    assert torch_goes_first("win32")
    assert not torch_goes_first("linux")
    assert not torch_goes_first("darwin")
    assert load_torch_first("linux") is False


@pytest.mark.parametrize(
    ("platform", "first"),
    [("win32", "torch"), ("linux", "PySide6")],
)
def test_the_import_order_of_a_start(platform, first):
    """What is imported first, torch or Qt, in a process that starts as on that system."""
    code = (
        "import sys, s2s_live.ui.torch_before_qt as t\n"
        f"t.load_torch_first({platform!r})\n"
        "from s2s_live.ui.main_window import MainWindow\n"
        "names = [n for n in sys.modules if n in ('torch', 'PySide6')]\n"
        "print(*names)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split()[0] == first
    if platform == "linux":
        assert "torch" not in done.stdout.split(), "the window must not wait for torch"


def test_slow_libraries_wait_until_the_window_shows():
    """Nor does pyqtgraph, when it comes, bring the CUDA bindings."""
    code = (
        "import sys, s2s_live.ui.main_window\n"
        "slow = ('torch', 'pyqtgraph', 'av', 'cv2', 'sounddevice', 'openvino')\n"
        "print(*(name for name in slow if name in sys.modules))\n"
        "import s2s_live.ui.spectrogram_view\n"
        "print(*(name for name in sys.modules if name.split('.')[0] == 'cuda'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.split() == []
