"""Two sounds on the command line: `run` and `render`."""

import argparse

import av
import numpy as np
import pytest
import soundfile
from waiting import wait_for

from s2s_live.audio.mixed import MixedSource
from s2s_live.audio.mixing import MIX_RANGE_DB
from s2s_live.cli import main
from s2s_live.commands import headless, mixing, render, run
from s2s_live.control.settings import Settings
from s2s_live.errors import AudioError, S2SError
from s2s_live.ui.options import AppOptions


@pytest.fixture(scope="session")
def model(tiny_folder):
    return tiny_folder


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    monkeypatch.setenv("S2S_LIVE_CONFIG", str(tmp_path / "config"))


def sounds(folder, rate=48_000):
    """Two files of different lengths, and their arrays."""
    rng = np.random.default_rng(5)
    found = []
    for name, seconds in (("one.wav", 1.0), ("two.wav", 0.6)):
        sound = (0.3 * rng.standard_normal((round(seconds * rate), 2))).astype(np.float32)
        soundfile.write(folder / name, sound, rate, subtype="FLOAT")
        found.append((folder / name, sound))
    return found


def options_of(module, *arguments):
    parser = argparse.ArgumentParser()
    module.add_parser(parser.add_subparsers())
    return parser.parse_args([module.__name__.rpartition(".")[2], *map(str, arguments)])


def rendered(folder, model, *arguments):
    """Pictures and sound of the video that these arguments make."""
    video = folder / "out.mp4"
    options = options_of(
        render, *arguments, video, "--model", model, "--size", 64, "--fps", 10, "--seed", 3, "--quiet"
    )
    assert options.run(options) == 0
    with av.open(str(video)) as container:
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(str(video)) as container:
        sound = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.stack(pictures), np.concatenate(sound, axis=1)


def test_render_of_two_files_is_that_of_the_mix_made_by_hand(tmp_path, model):
    (one, first), (two, second) = sounds(tmp_path)
    mix = first * np.float32(10 ** (3 / 20))
    mix[: len(second)] += second * np.float32(10 ** (-6 / 20))
    by_hand = tmp_path / "mix.wav"
    soundfile.write(by_hand, np.clip(mix, -1.0, 1.0), 48_000, subtype="FLOAT")
    gains = ("--first-gain", 3, "--beside-gain", -6)
    pictures, sound = rendered(tmp_path, model, one, "--beside", two, *gains)
    expected_pictures, expected_sound = rendered(tmp_path, model, by_hand)
    assert len(pictures) == 10
    assert np.array_equal(pictures, expected_pictures)
    assert np.array_equal(sound, expected_sound)
    alone, _ = rendered(tmp_path, model, one)
    assert not np.array_equal(pictures, alone)


def test_render_is_as_long_as_the_longer_file(tmp_path, model):
    (one, _), (two, _) = sounds(tmp_path)
    pictures, _ = rendered(tmp_path, model, two, "--beside", one)
    assert len(pictures) == 10


def test_render_names_what_is_missing(tmp_path, model):
    (one, _), _ = sounds(tmp_path)
    with pytest.raises(AudioError, match=r"none\.wav"):
        rendered(tmp_path, model, one, "--beside", tmp_path / "none.wav")
    with pytest.raises(S2SError, match="no second sound"):
        rendered(tmp_path, model, one, "--beside-gain", -6)
    assert not (tmp_path / "out.mp4").exists()


def test_gains_are_those_of_the_mix():
    assert (mixing.LOWEST_DB, mixing.HIGHEST_DB) == MIX_RANGE_DB
    assert mixing.decibels("-60") == -60.0
    assert mixing.mix_gains(options_of(run)) == {}
    assert mixing.mix_gains(options_of(run, "--beside-gain=-6.5")) == {"second_db": -6.5}


@pytest.mark.parametrize("gain", ["13", "-61", "loud", "nan"])
def test_a_gain_out_of_range_is_refused(gain, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["run", f"--beside-gain={gain}"])
    assert caught.value.code == 2
    assert "--beside-gain" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("asked", "sources"),
    [
        ({}, ("mic", "file:rain.ogg")),
        ({"source": "test"}, ("test", "")),
        ({"beside": "test"}, ("mic", "test")),
        ({"beside": "none"}, ("mic", "")),
        ({"source": "test", "beside": "default"}, ("test", "default")),
    ],
)
def test_what_is_not_asked_for_is_as_it_was_left(asked, sources):
    settings = Settings(source="mic", beside="file:rain.ogg")
    assert AppOptions(**asked).sources(settings) == sources


def test_run_takes_a_file_by_its_name(tmp_path, monkeypatch):
    (one, _), _ = sounds(tmp_path)
    wishes = []
    monkeypatch.setattr(headless, "run_headless", lambda options: wishes.append(options) or 0)
    options = options_of(run, "--headless", "--source", "test", "--beside", one, "--beside-gain", -6)
    assert options.run(options) == 0
    assert (wishes[0].source, wishes[0].beside) == ("test", f"file:{one}")
    assert wishes[0].gains == {"second_db": -6.0}


def test_a_show_without_a_window_hears_both(tmp_path, model, monkeypatch, capsys):
    (one, _), _ = sounds(tmp_path)
    seen = []

    def look(session, feed, *_):
        assert wait_for(lambda: feed.program.written)
        seen.append((feed.source, feed.first_db, feed.second_db, session.control("second_db")))

    monkeypatch.setattr(headless, "_record_until", look)
    options = AppOptions(source="test", beside=f"file:{one}", model=str(model), gains={"second_db": -6.0})
    assert headless.run_headless(options) == 0
    assert capsys.readouterr().err.startswith("s2s-live: tiny: 64 \u00d7 64, ")
    source, *gains = seen[0]
    assert isinstance(source, MixedSource)
    assert gains == [0.0, -6.0, -6.0]
