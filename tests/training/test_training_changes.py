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
from s2s_live.training.changes import Moment, fit, fit_changes, levelled, moments, recorded, synthesised
from s2s_live.training.recordings import Clip

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


def test_neighbours_on_a_tape_of_recordings_share_no_family():
    of = (("rain", "storm"), ("storm",), ("fire",), ("sea",))
    clips = [clip(families, 2 + 3 * seed, seed) for seed, families in enumerate(of)]
    tape = recorded(clips, 1, 30)
    assert len(tape) > 20
    assert all(not a.right & b.right for a, b in pairwise(tape))
    assert {frozenset(["rain", "storm"]), frozenset(["fire"])} < {part.right for part in tape}
    assert all(len(part.samples) <= changes.PART_S[1] * 16_000 for part in tape)


def test_synthesised_neighbours_differ_and_are_levelled():
    tape = synthesised(5, 4)
    assert all(a.right != b.right for a, b in pairwise(tape))
    for part in tape:
        level = 10 * np.log10(np.mean(np.square(part.samples, dtype=np.float64)))
        assert changes.LEVEL_DB[0] - 0.1 < level < changes.LEVEL_DB[1] + 0.1
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


def test_one_steady_sound_has_nothing_that_is_over(ears):
    (part, *_) = synthesised(2, 1)
    assert not any(one.over for one in moments(ears, [part]))


def test_the_command_says_the_numbers(monkeypatch, caplog):
    monkeypatch.setattr(changes, "TAPES", 1)
    with caplog.at_level("INFO", "s2s_live.training"):
        assert main(["train", "world", "--stage", "changes", "--out", str(WORLD)]) == 0
    name, numbers = caplog.messages[-1].split(" = ")
    assert name == "changes: BOTH, DIFFERENCE, USUAL"
    both, _, usual = (float(number) for number in numbers.split(","))
    assert both < 0, "the less it is still heard"
    assert usual < 0, "most of the time nothing changes"


def test_a_model_that_hears_whole_windows_only_says_so(tmp_path):
    model = load_model(ModelFolder.open(WORLD))
    config = replace(model.config, front_end=replace(model.config.front_end, newest_sound=False))
    write_model(tmp_path / "m", replace(model, config=config), name="m", licence="MIT", trained={})
    with pytest.raises(TrainingError, match="whole windows"):
        fit_changes(tmp_path / "m", [])
