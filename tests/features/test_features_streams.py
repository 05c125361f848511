"""Streaming front ends equal the offline ones whatever the chunks, and keep what they promise."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
import torchaudio

from s2s_live.errors import ModelError
from s2s_live.features.log_mel import LogMel, LogMelConfig, log_mel
from s2s_live.features.log_psd import (
    HOP,
    LogPsd,
    LogPsdConfig,
    log_psd,
    log_psd_columns,
    official_log_psd,
    window_choices,
)
from s2s_live.features.opening import open_front_end

RATE = 16_000


def noise(seconds, seed=0, level=0.1):
    rng = np.random.default_rng(seed)
    n = round(seconds * RATE)
    swell = 0.1 + np.sin(np.arange(n) / RATE * 3.0) ** 2
    return (level * swell * rng.standard_normal(n)).astype(np.float32)


def push_in_chunks(stream, samples, seed, largest=4000):
    rng = np.random.default_rng(seed)
    at = 0
    while at < len(samples):
        size = int(rng.integers(0, largest))
        stream.push(samples[at : at + size])
        at += size


def newest(samples, window, hop, frames):
    """The samples that the newest `frames` columns cover."""
    count = (len(samples) - window) // hop + 1
    return samples[(count - frames) * hop : (count - 1) * hop + window]


@pytest.mark.parametrize(("seed", "largest"), [(1, 20), (2, 700), (3, 4000), (4, 60_000)])
def test_log_mel_equals_the_offline_one(seed, largest):
    config = LogMelConfig()
    samples = noise(2.7, seed)
    stream = LogMel(config)
    push_in_chunks(stream, samples, seed, largest)
    offline = log_mel(newest(samples, 512, 160, 100), config)
    assert stream.window().shape == (1, 64, 100)
    assert stream.window().dtype == np.float32
    np.testing.assert_allclose(stream.window()[0], offline, atol=2e-5)


@pytest.mark.parametrize(("seed", "largest"), [(1, 20), (2, 700), (3, 4000), (4, 60_000)])
def test_log_psd_equals_the_offline_one(seed, largest):
    samples = noise(2.7, seed)
    stream = LogPsd(LogPsdConfig(199))
    push_in_chunks(stream, samples, seed, largest)
    offline = log_psd(newest(samples, 512, HOP, 199))
    assert stream.window().shape == (1, 257, 199)
    np.testing.assert_allclose(stream.window()[0], offline, atol=1e-5)


@pytest.mark.parametrize(("choice", "frames"), [(0, 1004), (1, 400), (2, 199)])
def test_shorter_windows_are_those_of_the_newest_sound_alone(choice, frames):
    samples = noise(11.3, seed=5)
    stream = LogPsd(LogPsdConfig())
    push_in_chunks(stream, samples, seed=5)
    assert window_choices(stream.config)[choice].startswith(("10", "4", "2")[choice])
    found = stream.listen({"window": float(choice)})
    np.testing.assert_allclose(found[0], log_psd(newest(samples, 512, HOP, frames)), atol=1e-5)


def test_fill_repeats_the_newest_sound_as_the_official_loader_does():
    samples = noise(3.7, seed=6)
    stream = LogPsd(LogPsdConfig())
    push_in_chunks(stream, samples, seed=6)
    found = stream.listen({"window": window_choices(stream.config).index("fill")})
    np.testing.assert_allclose(found[0], official_log_psd(samples[-2 * RATE :]), atol=1e-5)


def test_what_barely_leaves_the_floor_is_not_heard():
    stream = LogPsd(LogPsdConfig(199))
    stream.push(noise(3.0, level=1e-4))
    for choice in range(len(window_choices(stream.config))):
        assert stream.listen({"window": choice, "floor": 0.05}) is None
        assert stream.listen({"window": choice}) is not None
    stream.push(noise(3.0, level=0.1))
    assert stream.listen({"floor": 0.05}) is not None


def test_a_front_end_without_controls_listens_as_ever():
    stream = LogMel(LogMelConfig())
    stream.push(noise(1.5))
    np.testing.assert_array_equal(stream.listen({"window": 2.0}), stream.window())


def test_every_column_is_computed_once(monkeypatch):
    stream = LogPsd(LogPsdConfig(50))
    counted = []
    compute = stream.columns

    def count(samples):
        found = compute(samples)
        counted.append(len(found))
        return found

    monkeypatch.setattr(stream, "columns", count)
    samples = noise(1.5)
    for at in range(0, len(samples), 1000):
        stream.push(samples[at : at + 1000])
        stream.window()
    assert sum(counted) == (len(samples) - 512) // HOP + 1


@pytest.mark.parametrize("stream", [LogMel(LogMelConfig()), LogPsd(LogPsdConfig(100))])
def test_before_anything_came_there_is_silence(stream):
    fresh = stream.window().copy()
    stream.push(np.zeros(40_000, np.float32))
    np.testing.assert_allclose(fresh, stream.window(), atol=1e-4)


def test_less_than_a_frame_has_no_column():
    with pytest.raises(ValueError, match="511"):
        log_psd_columns(np.zeros(511))
    assert log_psd_columns(np.zeros(512)).shape == (1, 257)


def test_silence_is_zero_in_the_official_spectrogram_and_faint_noise_is_centred():
    stream = LogPsd(LogPsdConfig(100))
    assert not stream.window().any()
    stream.push(np.zeros(40_000, np.float32))
    assert not stream.window().any()
    stream.push(noise(1.0) * np.float32(1e-8))
    faint = stream.window()
    assert abs(float(faint.mean())) < 0.01
    assert float(faint.std()) < 1.1


def test_log_mel_keeps_the_level():
    config, quiet = LogMelConfig(), noise(1.2)
    soft, loud = (log_mel(quiet * np.float32(gain), config) for gain in (1.0, 4.0))
    gained = (loud - soft)[:, :][soft > np.median(soft)]
    assert gained.mean() == pytest.approx(np.log(16) * config.scale, rel=0.02)


def test_log_mel_of_a_full_scale_sine_is_near_zero_power():
    config = LogMelConfig(mels=64)
    sine = np.sin(2 * np.pi * 1000 / RATE * np.arange(2000)).astype(np.float32)
    top = log_mel(sine, config).max(axis=0) / config.scale + config.offset
    assert abs(top).max() < 1.0


def test_no_mel_filter_is_empty():
    loud = log_mel(noise(1.0), LogMelConfig())
    assert (loud.mean(axis=1) > loud.mean() - 0.5).all()


@pytest.mark.parametrize("config", [LogMelConfig(), LogMelConfig(48_000, 2048, 480, 80, 0.0, 20_000.0)])
def test_log_mel_is_what_torchaudio_computes(config):
    transform = torchaudio.transforms.MelSpectrogram(
        config.sample_rate, config.n_fft, hop_length=config.hop, f_min=config.low_hz, f_max=config.high_hz,
        n_mels=config.mels, center=False, norm=None, mel_scale="htk",
    )  # fmt: skip
    samples = noise(1.0)
    power = transform(torch.from_numpy(samples)) * (2.0 / torch.hann_window(config.n_fft).sum()) ** 2
    expected = ((power + config.floor).log() - config.offset) * config.scale
    np.testing.assert_allclose(log_mel(samples, config), expected.numpy(), atol=1e-4)


def test_damaged_samples_do_not_stay():
    for stream in (LogMel(LogMelConfig()), LogPsd(LogPsdConfig(100))):
        stream.push(np.array([np.nan, np.inf, -np.inf, 9.0] * 500, np.float32))
        assert np.isfinite(stream.window()).all()


def test_log_psd_standardises_the_whole_window():
    stream = LogPsd(LogPsdConfig(100))
    stream.push(noise(2.0))
    assert stream.window().mean() == pytest.approx(0, abs=1e-5)
    assert stream.window().std() == pytest.approx(1, abs=1e-5)


def test_the_raw_deviation_tells_a_sound_from_the_floor():
    stream = LogPsd(LogPsdConfig(100))
    assert stream.deviation == pytest.approx(0.0, abs=1e-9)
    stream.push(noise(2.0, level=0.0005))
    hiss = stream.deviation
    stream.push(noise(2.0, level=0.1))
    assert hiss < 0.05 < 0.5 < stream.deviation


def test_the_deviation_does_not_drift():
    stream = LogPsd(LogPsdConfig(20))
    for _ in range(300):
        stream.push(noise(0.2, level=0.3))
    stream.push(np.zeros(8000, np.float32))
    assert stream.deviation == pytest.approx(0.0, abs=1e-9)
    assert not np.concatenate(stream.newest(20), axis=1).any()


@pytest.mark.parametrize("config", [LogMelConfig(mels=40), LogPsdConfig(400)])
def test_front_ends_are_opened_by_their_description(config):
    stream = open_front_end(json.loads(json.dumps(config.to_json())))
    assert stream.config == config
    assert stream.sample_rate == RATE


@pytest.mark.parametrize(
    "description",
    [
        None,
        {},
        {"kind": "mfcc"},
        {"kind": "log_mel", "colour": 1},
        {"kind": "log_mel", "hop": 0},
        {"kind": "log_mel", "hop": 600},
        {"kind": "log_mel", "mels": "64"},
        {"kind": "log_mel", "high_hz": 9000.0},
        {"kind": "log_psd", "frames": 0},
        {"kind": "log_psd", "hop": 160},
    ],
)
def test_impossible_front_ends_are_model_errors(description):
    with pytest.raises(ModelError):
        open_front_end(description)


@pytest.mark.parametrize("kind", ["log_mel", "log_psd"])
def test_features_need_no_torch(kind):
    program = (
        "import sys, numpy, s2s_live.features.display\n"
        "from s2s_live.features.opening import open_front_end\n"
        f"stream = open_front_end({{'kind': '{kind}'}})\n"
        "stream.push(numpy.zeros(2000, numpy.float32))\n"
        "stream.window()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
