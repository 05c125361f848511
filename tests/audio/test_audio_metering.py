import numpy as np
import pytest

from s2s_live.audio.metering import InputMeter, suggest_level
from s2s_live.audio.mixing import Fader, apply_gain, clean, factor, full_scale, mix_factor, to_stereo
from s2s_live.timeline import TICK


def speech(loud, quiet, count=500):
    """Tick levels, three in ten of them loud."""
    rng = np.random.default_rng(0)
    levels = np.where(rng.random(count) < 0.3, loud, quiet) + rng.normal(0, 1, count)
    return levels.astype(np.float32)


@pytest.mark.parametrize(
    ("loud", "quiet", "gain"), [(-38.0, -70.0, 0.0), (-10.0, -45.0, 6.0), (-25.0, -34.0, -3.0)]
)
def test_loud_parts_come_to_the_target_and_the_gate_between(loud, quiet, gain):
    found = suggest_level(speech(loud, quiet), gain)
    moved = found.gain_db - gain
    assert found.loud_db + moved == pytest.approx(-18.0, abs=0.1)
    assert quiet + moved - 4.0 < found.gate_db < loud + moved


def test_a_steady_sound_stays_above_the_gate():
    found = suggest_level(np.full(500, -30.0, np.float32), 0.0)
    assert found.gain_db == 12.0
    assert found.gate_db <= -30.0


def test_gain_is_limited_and_the_user_told():
    found = suggest_level(np.full(500, -95.0, np.float32), 0.0)
    assert found.gain_db == 40.0
    assert "very quiet" in found.message
    assert suggest_level(np.full(500, 30.0, np.float32), 0.0).gain_db == -40.0


@pytest.mark.parametrize("levels", [np.full(500, -120.0, np.float32), np.empty(0, np.float32)])
def test_nothing_heard_changes_nothing(levels):
    found = suggest_level(levels, 7.0)
    assert found.gain_db == 7.0
    assert "Nothing was heard" in found.message


def test_zero_seconds_count_and_start_again():
    meter = InputMeter()
    meter.heard(np.zeros((48_000, 2), np.float32), 48_000)
    meter.heard(np.zeros((24_000, 2), np.float32), 48_000)
    assert meter.zero_seconds == pytest.approx(1.5)
    block = np.zeros((480, 2), np.float32)
    block[239, 1] = 1e-6
    meter.heard(block, 48_000)
    assert meter.zero_seconds == 0.0


def test_one_full_scale_sample_is_no_clipping():
    meter = InputMeter()
    block = np.zeros((480, 1), np.float32)
    block[3] = 1.0
    meter.heard(block, 48_000)
    assert not meter.clipped
    block[3:6] = -1.0
    meter.heard(block, 48_000)
    assert meter.clipped
    meter.push(np.zeros((120 * TICK, 2), np.float32))
    assert not meter.clipped


def test_peak():
    meter = InputMeter()
    ticks = np.zeros((30 * TICK, 2), np.float32)
    ticks[-1] = 0.5
    meter.push(ticks)
    assert meter.peak_db == pytest.approx(-6.02, abs=0.01)


def test_mixes():
    three = np.array([[0.3, 0.6, 0.9]], np.float32)
    assert to_stereo(three, None)[0] == pytest.approx([0.6, 0.6])
    assert to_stereo(three, 2)[0] == pytest.approx([0.9, 0.9])
    assert to_stereo(three, 7)[0] == pytest.approx([0.6, 0.6])
    assert to_stereo(three[:, :1], None)[0] == pytest.approx([0.3, 0.3])
    assert to_stereo(three[:, :2], None)[0] == pytest.approx([0.3, 0.6])


def test_gain_changes_without_a_step():
    out = apply_gain(np.ones((2 * TICK, 2), np.float32), 1.0, 0.5)
    assert np.abs(np.diff(out[:, 0])).max() < 0.002
    assert out[-1, 0] == 0.5
    assert factor(60.0) == pytest.approx(100.0)
    assert factor(float("nan")) == 1.0


def test_clean_leaves_good_blocks_alone():
    good = np.ones((4, 2), np.float32)
    assert clean(good) == (good, 0)


def test_gain_of_a_mix_in_db():
    assert mix_factor(0.0) == 1.0
    assert mix_factor(-60.0) == mix_factor(-99.0) == 0.0
    assert mix_factor(-59.9) > 0.0
    assert mix_factor(99.0) == mix_factor(12.0) == pytest.approx(3.981, abs=1e-3)
    assert mix_factor(float("nan")) == 1.0
    assert full_scale(np.float32([[-2.0, 1.5]])).tolist() == [[-1.0, 1.0]]


def test_a_turned_fader_does_not_click():
    fader = Fader()
    ones = np.ones((TICK, 2), np.float32)
    assert np.array_equal(fader.apply(ones, 0.0), ones)
    turned = fader.apply(ones, -60.0)
    assert turned[0, 0] == 1.0
    assert turned[-1, 0] == 0.0
    assert np.abs(np.diff(turned[:, 0])).max() < 0.01
    assert not fader.apply(ones, -60.0).any()
