"""Two sounds named in words, and two files mixed without a clock."""

import numpy as np
import pytest
import soundfile

from s2s_live.audio.file import FileSource
from s2s_live.audio.mixed import MixedSource
from s2s_live.audio.program_file import mixed_blocks, program_blocks
from s2s_live.audio.sources import open_input, source_text
from s2s_live.audio.synthetic import TestSource
from s2s_live.errors import AudioError
from s2s_live.timeline import PROGRAM_RATE


def constant(value, seconds=1.0):
    return np.full((round(seconds * PROGRAM_RATE), 2), value, np.float32)


def test_two_texts_open_a_mix(tmp_path):
    path = tmp_path / "tone.wav"
    soundfile.write(path, constant(0.1, 0.1), PROGRAM_RATE)
    both = open_input("test", f"file:{path}", loop=False)
    assert isinstance(both, MixedSource)
    assert both.name == "Test sound + tone.wav"
    assert both.parts[1].loop is False
    assert isinstance(open_input("test", "none"), TestSource)
    assert isinstance(open_input("none", f"file:{path}"), FileSource)
    assert isinstance(open_input("test"), TestSource)
    assert open_input("none", "none") is None
    with pytest.raises(AudioError, match="no file"):
        open_input("test", f"file:{tmp_path / 'other.wav'}")


def test_a_file_may_be_named_without_its_prefix(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    soundfile.write(tmp_path / "tone.wav", constant(0.1, 0.1), PROGRAM_RATE)
    assert source_text("tone.wav") == "file:tone.wav"
    assert source_text("file:tone.wav") == "file:tone.wav"
    assert source_text("other.wav") == "other.wav"
    (tmp_path / "test").write_bytes(b"")
    assert source_text("test") == "test"


def write(path, sound, rate=PROGRAM_RATE):
    soundfile.write(path, sound, rate, subtype="FLOAT")
    return path


def test_two_files_are_mixed_offline_to_the_sample(tmp_path):
    rng = np.random.default_rng(7)
    one = (0.5 * rng.standard_normal((100_003, 2))).astype(np.float32)
    two = (0.5 * rng.standard_normal((61_234, 1))).astype(np.float32)
    paths = write(tmp_path / "one.wav", one), write(tmp_path / "two.wav", two)
    mix = np.concatenate(list(mixed_blocks(*paths, 2.0, -3.0)))
    expected = one * np.float32(10 ** (2 / 20))
    expected[:61_234] += two * np.float32(10 ** (-3 / 20))
    assert np.array_equal(mix, np.clip(expected, -1.0, 1.0))
    again = np.concatenate(list(mixed_blocks(*reversed(paths), -3.0, 2.0)))
    assert np.array_equal(again, mix)


def test_files_of_other_rates_are_mixed_as_each_alone_is_heard(tmp_path):
    rng = np.random.default_rng(8)
    one = (0.1 * rng.standard_normal(44_100)).astype(np.float32)
    two = (0.1 * rng.standard_normal(40_000)).astype(np.float32)
    paths = write(tmp_path / "one.wav", one, 44_100), write(tmp_path / "two.wav", two, 16_000)
    alone = [np.concatenate(list(program_blocks(path))) for path in paths]
    mix = np.concatenate(list(mixed_blocks(*paths)))
    expected = np.zeros((max(map(len, alone)), 2), np.float32)
    for sound in alone:
        expected[: len(sound)] += sound
    assert np.array_equal(mix, np.clip(expected, -1.0, 1.0))


def test_a_silent_fader_leaves_the_other_as_it_is(tmp_path):
    one, two = constant(0.25, 0.2), constant(0.5, 0.1)
    paths = write(tmp_path / "one.wav", one), write(tmp_path / "two.wav", two)
    assert np.array_equal(np.concatenate(list(mixed_blocks(*paths, 0.0, -60.0))), one)


def test_a_bad_file_is_named_and_the_other_closed(tmp_path):
    good = write(tmp_path / "good.wav", constant(0.1, 0.1))
    with pytest.raises(AudioError, match=r"missing\.wav"):
        list(mixed_blocks(good, tmp_path / "missing.wav"))
