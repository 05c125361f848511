"""A pair's bytes become exactly what the official loader makes of them."""

import io

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from s2s_live.engines.sound2scene.image_input import feature_input
from s2s_live.features.log_psd import official_log_psd
from s2s_live.training.sound2scene.items import (
    Item,
    Pairs,
    Problem,
    UnusableError,
    collate,
    read_sound,
)
from s2s_live.training.sound2scene.pictures import FeatureInput, squeezed
from s2s_live.training.sound2scene.source import open_source
from s2s_live.training.sound2scene.spectrogram import fast_official_log_psd


def wav(samples, rate=16_000, subtype="PCM_16"):
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format="WAV", subtype=subtype)
    return stream.getvalue()


def noise(seconds, rate=16_000, channels=None):
    shape = (round(seconds * rate), channels) if channels else round(seconds * rate)
    return 0.1 * np.random.default_rng(3).standard_normal(shape)


@pytest.mark.parametrize("seconds", [1.0, 3.7, 10.0, 10.01])
def test_the_fast_spectrogram_is_the_official_one(seconds):
    samples = (2.0 * noise(seconds)).astype(np.float32)
    samples[100:110] = 3.0  # is clipped
    ours = fast_official_log_psd(samples)
    assert ours.shape == (257, 1004)
    np.testing.assert_allclose(ours.numpy(), official_log_psd(samples), atol=1e-4)


def test_silence_has_a_spectrogram():
    assert fast_official_log_psd(np.zeros(16_000, np.float32)).abs().max() < 1e-4


@pytest.mark.parametrize("size", [(128, 128), (200, 90), (300, 400)])
def test_a_picture_is_what_the_image_encoder_takes(size):
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    small = squeezed(stream.getvalue())
    assert small.shape == (3, 256, 256)
    assert small.dtype == torch.uint8
    ours = FeatureInput()(small[None])[0]
    stream.seek(0)
    np.testing.assert_allclose(ours.numpy(), feature_input(Image.open(stream)).numpy(), atol=1e-4)


def test_stereo_at_44100_is_mixed_and_resampled():
    time = np.arange(2 * 44_100) / 44_100
    tone = np.sin(2 * np.pi * 440 * time)
    samples, remarks = read_sound(wav(np.stack([0.6 * tone, 0.2 * tone], 1), 44_100))
    assert len(samples) == 32_000
    expected = 0.4 * np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000)
    np.testing.assert_allclose(samples[500:-500], expected[500:-500], atol=2e-3)
    assert remarks == ("2 channels, mixed down", "44100 Hz, resampled")


def test_a_long_clip_ends_after_ten_seconds():
    samples, remarks = read_sound(wav(noise(12.0)))
    assert (len(samples), remarks) == (160_000, ())


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cannot be read as sound"),
        (b"RIFF and nothing more", "cannot be read as sound"),
        (wav(noise(0.5)), "shorter than 1 s"),
        (wav(np.full(16_000, np.nan), subtype="FLOAT"), "no numbers"),
    ],
)
def test_broken_sound_says_why(data, why):
    with pytest.raises(UnusableError, match=why):
        read_sound(data)


def test_bad_pairs_become_problems_and_good_ones_a_batch(tmp_path, make_pair):
    for number, name in enumerate(("a", "b", "c", "d")):
        make_pair(tmp_path, name, number)
    (tmp_path / "images" / "b.jpg").write_bytes(b"\xff\xd8 no picture")
    (tmp_path / "audios" / "c.wav").write_bytes(b"no sound")
    soundfile.write(tmp_path / "audios" / "d.wav", noise(1.5, 44_100, 2), 44_100)
    source = open_source(tmp_path)
    data = Pairs(source, source.pairs)
    found = [data[index] for index in range(len(data))]
    assert [type(one) for one in found] == [Item, Problem, Problem, Item]
    batch = collate(found)
    assert len(batch) == 2
    assert batch.spectrograms.shape == (2, 1, 257, 1004)
    told = {(problem.file, problem.skipped) for problem in batch.problems}
    assert told == {("b.jpg", True), ("c.wav", True), ("d.wav", False)}
    empty = collate(found[1:3])
    assert len(empty) == 0
    assert len(empty.problems) == 2


def test_a_truncated_picture_is_a_problem(tmp_path, make_pair):
    make_pair(tmp_path, "a", 1)
    path = tmp_path / "images" / "a.jpg"
    path.write_bytes(path.read_bytes()[:400])
    source = open_source(tmp_path)
    found = Pairs(source, source.pairs)[0]
    assert isinstance(found, Problem)
    assert found.file == "a.jpg"
