"""When a sound is over is fitted to what ears say around changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from s2s_live.cli import main
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.errors import TrainingError
from s2s_live.store.folder import ModelFolder
from s2s_live.training import attention
from s2s_live.training.attention import Moment, fit, fit_attention, moments
from s2s_live.training.change_detector import HELD_OUT
from s2s_live.training.recordings import Clip, folds
from s2s_live.training.tapes import Part, levelled, recorded, synthesised
from s2s_live.world.sounds import synthesise

WORLD = Path(__file__).parents[2] / "models" / "world"
TRUE = (-0.5, 0.3, -2.0)


def test_the_fit_finds_the_odds_that_decided():
    rng = np.random.default_rng(0)
    both, began = rng.uniform(-15, 15, 20_000), rng.uniform(-3, 9, 20_000)
    odds = TRUE[0] * both + TRUE[1] * began + TRUE[2]
    over = rng.uniform(size=20_000) < 1 / (1 + np.exp(-odds))
    found = fit([Moment(*row) for row in zip(both, began, over, strict=True)])
    assert found == pytest.approx(TRUE, abs=0.1)


@pytest.mark.parametrize("over", [[], [True] * 9, [False] * 9])
def test_nothing_to_fit_says_so(over):
    with pytest.raises(TrainingError, match="not both"):
        fit([Moment(-1.0, 2.0, one) for one in over])


@pytest.fixture(scope="module")
def ears():
    model = load_model(ModelFolder.open(WORLD))
    return attention.own_ears(model, WORLD)


def test_what_is_over_is_less_likely_still_heard_and_another_has_begun(ears):
    found = moments(ears, synthesised(2, 24))
    over, steady = ([one for one in found if one.over is is_over] for is_over in (True, False))
    assert min(len(over), len(steady)) >= 10
    assert np.mean([one.both for one in over]) < np.mean([one.both for one in steady]) - 1
    assert np.mean([one.began for one in over]) > np.mean([one.began for one in steady]) + 2


def test_nothing_is_over_where_the_same_goes_on(ears):
    dogs = [
        Part(levelled(synthesise("dog", 0.6, seed, 6.0), np.random.default_rng(seed)), frozenset(["dog"]))
        for seed in range(4)
    ]
    found = moments(ears, dogs)
    assert found
    assert not any(one.over for one in found)


@pytest.mark.parametrize("tape", [[], [Part(np.zeros(800, np.float32), frozenset(["rain"]))]])
def test_a_tape_without_a_window_has_no_moments(ears, tape):
    assert moments(ears, tape) == []


def made_up(count):
    """Recordings of several sources, of synthesised sounds."""
    found = []
    for seed, family in enumerate(["rain", "fire", "engine", "birds"] * count):
        samples = synthesise(family, 0.6, 900 + seed, 5.0)
        found.append(Clip(Path(f"{seed}.wav"), family, (family,), f"s{seed}", "a", "CC0", False, samples))
    return found


def test_recordings_are_heard_by_what_has_not_learnt_from_them(monkeypatch, caplog):
    clips, met = made_up(8), []

    def noted(mine, *rest):
        met.extend(mine)
        return recorded(mine, *rest)

    monkeypatch.setattr(attention, "recorded", noted)
    monkeypatch.setattr(attention, "TAPES", 2)
    monkeypatch.setattr(attention, "PARTS", 6)
    with caplog.at_level("INFO", "s2s_live.training"):
        both, began, usual = fit_attention(WORLD, clips)
    assert both < 0 < began, "the less it is still heard, the surer that another began"
    assert usual < 0, "most of the time nothing changes"
    at = {clip.path: fold for clip, fold in zip(clips, folds(clips), strict=True)}
    assert {at[clip.path] for clip in met} == {HELD_OUT}
    synthetic, both_kinds = (int(message.split()[1]) for message in caplog.messages[:2])
    assert both_kinds > synthetic


def test_the_command_says_the_numbers(monkeypatch, caplog):
    monkeypatch.setattr(attention, "TAPES", 2)
    monkeypatch.setattr(attention, "PARTS", 12)
    with caplog.at_level("INFO", "s2s_live.training"):
        assert main(["train", "world", "--stage", "attention", "--out", str(WORLD)]) == 0
    name, numbers = caplog.messages[-1].split(" = ")
    assert name == "attention: BOTH, BEGAN, USUAL"
    assert len(numbers.split(",")) == 3


def variant(folder, **config):
    model = load_model(ModelFolder.open(WORLD))
    write_model(folder, replace(model, config=replace(model.config, **config)), name="m", licence="MIT",
                trained={})  # fmt: skip
    return folder


def test_a_model_that_cannot_tell_says_so(tmp_path):
    front_end = load_model(ModelFolder.open(WORLD)).config.front_end
    whole = variant(tmp_path / "whole", front_end=replace(front_end, newest_sound=False))
    with pytest.raises(TrainingError, match="whole windows"):
        fit_attention(whole, [])


def test_a_model_without_a_detector_says_so(tmp_path):
    model = replace(load_model(ModelFolder.open(WORLD)), change_network=None)
    write_model(tmp_path / "m", model, name="m", licence="MIT", trained={})
    with pytest.raises(TrainingError, match="another sound begin"):
        fit_attention(tmp_path / "m", [])


def test_a_model_without_held_out_encoders_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(attention, "TAPES", 1)
    monkeypatch.setattr(attention, "PARTS", 2)
    with pytest.raises(TrainingError, match="not learnt from"):
        fit_attention(variant(tmp_path / "bare"), made_up(1))
