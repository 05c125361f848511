"""When a sound is over is fitted to what ears say around changes."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from s2s_live.cli import main
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.errors import TrainingError
from s2s_live.live.attention import MOST_DIFFERENT
from s2s_live.store.folder import ModelFolder
from s2s_live.training import changes
from s2s_live.training.changes import (
    Moment,
    Part,
    fit,
    fit_changes,
    levelled,
    moments,
    recorded,
    synthesised,
)
from s2s_live.training.recordings import Clip
from s2s_live.world.sounds import synthesise

WORLD = Path(__file__).parents[2] / "models" / "world"
TRUE = (-0.5, 0.3, -2.0)


def clip(families, seconds, seed):
    samples = np.random.default_rng(seed).normal(0, 0.1, round(seconds * 16_000)).astype(np.float32)
    return Clip(Path(f"{seed}.wav"), "x", families, f"s{seed}", "a", "CC0", False, samples)


def test_the_fit_finds_the_odds_that_decided():
    rng = np.random.default_rng(0)
    both, difference = rng.uniform(-15, 15, 20_000), rng.uniform(0, MOST_DIFFERENT, 20_000)
    odds = TRUE[0] * both + TRUE[1] * difference + TRUE[2]
    over = rng.uniform(size=20_000) < 1 / (1 + np.exp(-odds))
    found = fit([Moment(*row) for row in zip(both, difference, over, strict=True)])
    assert found == pytest.approx(TRUE, abs=0.1)


@pytest.mark.parametrize("over", [[], [True] * 9, [False] * 9])
def test_nothing_to_fit_says_so(over):
    with pytest.raises(TrainingError, match="not both"):
        fit([Moment(-1.0, 2.0, one) for one in over])


def test_neighbours_on_a_tape_of_recordings_share_no_family():
    of = (("rain", "storm"), ("storm",), ("fire",), ("sea",), ("silence",))
    clips = [clip(families, 2 + 3 * seed, seed) for seed, families in enumerate(of)]
    tape = recorded(clips, 1, 30)
    assert len(tape) == 30
    assert all(not a.right & b.right for a, b in pairwise(tape))
    assert {frozenset(families) for families in of[:-1]} == {part.right for part in tape}
    assert all(len(part.samples) <= changes.PART_S[1] * 16_000 for part in tape)


def test_a_tape_of_one_family_ends_after_it_and_one_of_none_is_empty():
    assert len(recorded([clip(("rain",), 9, 0), clip(("rain", "storm"), 9, 1)], 1, 30)) == 1
    assert recorded([], 1, 30) == []


def test_synthesised_neighbours_differ_and_are_levelled():
    tape = synthesised(5, 4)
    assert all(a.right != b.right for a, b in pairwise(tape))
    for part in tape:
        level = 10 * np.log10(np.mean(np.square(part.samples, dtype=np.float64)))
        assert changes.LEVEL_DB[0] - 1 < level < changes.LEVEL_DB[1] + 0.1
    assert levelled(np.zeros(16, np.float32), np.random.default_rng(0)).max() == 0


@pytest.fixture(scope="module")
def ears():
    model = load_model(ModelFolder.open(WORLD))
    return changes.own_ears(model, WORLD)


def test_what_is_over_is_less_likely_still_heard(ears):
    found = moments(ears, synthesised(2, 8))
    over = [one.both for one in found if one.over]
    steady = [one.both for one in found if not one.over]
    assert len(over) >= 10
    assert np.mean(over) < np.mean(steady) - 5
    assert max(one.difference for one in found) <= MOST_DIFFERENT


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


def test_recordings_are_heard_by_those_that_have_not_learnt_from_them(monkeypatch, caplog):
    monkeypatch.setattr(changes, "TAPES", 2)
    monkeypatch.setattr(changes, "PARTS", 6)
    with caplog.at_level("INFO", "s2s_live.training"):
        both, _, usual = fit_changes(WORLD, made_up(8))
    assert both < 0, "the less it is still heard"
    assert usual < 0, "most of the time nothing changes"
    counts = [int(message.split()[1]) for message in caplog.messages if "moments" in message]
    assert counts == sorted(counts)
    assert len(set(counts[:-1])) == 5, "synthesised sounds and four folds"


def test_the_command_says_the_numbers(monkeypatch, caplog):
    monkeypatch.setattr(changes, "TAPES", 2)
    monkeypatch.setattr(changes, "PARTS", 12)
    with caplog.at_level("INFO", "s2s_live.training"):
        assert main(["train", "world", "--stage", "changes", "--out", str(WORLD)]) == 0
    name, numbers = caplog.messages[-1].split(" = ")
    assert name == "changes: BOTH, DIFFERENCE, USUAL"
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
        fit_changes(whole, [])


def test_a_model_without_held_out_encoders_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(changes, "TAPES", 1)
    monkeypatch.setattr(changes, "PARTS", 2)
    with pytest.raises(TrainingError, match="not learnt from"):
        fit_changes(variant(tmp_path / "bare"), made_up(1))
