"""What the change network says becomes: how long another sound has been there, and how surely."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene.change_detector import (
    AGES,
    FRAMES,
    LEAST_ODDS,
    MELS,
    ChangeDetector,
)
from s2s_live.engines.sound2scene.change_network import ChangeNetwork
from s2s_live.engines.sound2scene.description import detects_changes
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.engines.torch_runtime import TorchRuntime
from s2s_live.errors import ModelError
from s2s_live.features.log_mel import LogMelConfig
from s2s_live.store.folder import ModelFolder

WORLD = Path(__file__).parents[2] / "models" / "world"
WINDOW = np.zeros((1, MELS, FRAMES), np.float32)


def detector(logits):
    """A detector whose network says the same of every window."""
    network = ChangeNetwork().eval()
    with torch.no_grad():
        network.head[-1].weight.zero_()
        network.head[-1].bias.copy_(torch.tensor(logits))
    return ChangeDetector(TorchRuntime(network))


def sure_of(age):
    return [8.0 if one == age else 0.0 for one in AGES]


@pytest.mark.parametrize("age", [8, 12, 24, 36, 40])
def test_the_newest_columns_that_are_surely_of_the_sound_are_told(age):
    columns, odds = detector(sure_of(age))(WINDOW)
    assert columns == age
    assert odds > 4


def test_a_sound_that_fills_half_of_the_window_is_heard_alone_no_longer_than_others():
    assert detector(sure_of(48))(WINDOW)[0] == 40


@pytest.mark.parametrize("age", [0, 60, 80])
def test_what_is_too_young_too_old_or_nothing_has_not_just_begun(age):
    assert detector(sure_of(age))(WINDOW) == (0, 0.0)


def test_who_doubts_gives_small_odds_but_no_less_than_are_asked_about():
    logits = [0.0] * len(AGES)
    logits[-1] = 3.5
    columns, odds = detector(logits)(WINDOW)
    assert columns > 0
    assert LEAST_ODDS <= odds < 0


def test_time_is_kept_and_one_window_does_not_change_another():
    network = ChangeNetwork().eval()
    windows = torch.randn(3, 1, MELS, FRAMES, generator=torch.Generator().manual_seed(0))
    together = network(windows)
    assert together.shape == (3, len(AGES))
    torch.testing.assert_close(network(windows[1:2]), together[1:2], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(network(windows[:1].flip(3)), together[:1], atol=1e-3)


@pytest.fixture(scope="module")
def model():
    return load_model(ModelFolder.open(WORLD))


def written(folder, model, **changed):
    write_model(folder, replace(model, **changed), name="m", licence="MIT", trained={})
    return folder


def begun(folder):
    """What the model says of a hiss that follows a hum for 0.25 s."""
    engine = open_engine(folder)
    front_end = engine.front_end()
    hum = 0.03 * np.sin(np.arange(16_000) * 2 * np.pi * 120 / 16_000)
    hiss = 0.03 * np.random.default_rng(0).standard_normal(4_000)
    front_end.push(np.concatenate([hum, hiss]).astype(np.float32))
    found = front_end.begun()
    engine.close()
    with pytest.raises(ValueError, match="closed"):
        front_end.begun()
    return found


def test_the_bundled_model_tells_when_another_sound_began():
    seconds, odds = begun(WORLD)
    assert seconds == pytest.approx(0.22, abs=0.05)
    assert odds > 2


def test_a_model_without_a_detector_opens_and_notices_nothing(tmp_path, model):
    folder = written(tmp_path / "deaf", model, change_network=None)
    assert load_model(ModelFolder.open(folder)).change_network is None
    engine = open_engine(folder)
    assert engine.front_end().begun() == (0.0, 0.0)
    engine.close()


@pytest.mark.parametrize("other", [{"frames": 120}, {"hop": 320}, {"scale": 1.0}])
def test_a_detector_for_another_front_end_is_refused(tmp_path, model, other):
    front_end = LogMelConfig(**other, newest_sound=True)
    folder = written(tmp_path / "other", model, config=replace(model.config, front_end=front_end))
    with pytest.raises(ModelError, match="another front end"):
        open_engine(folder)


def test_ears_that_have_not_learnt_to_hear_a_sound_alone_have_no_use_for_a_detector(tmp_path, model):
    config = replace(model.config, front_end=LogMelConfig())
    folder = written(tmp_path / "whole", model, config=config)
    assert not detects_changes(ModelFolder.open(folder), config)


def test_weights_of_another_network_are_refused(tmp_path, model):
    other = ChangeNetwork()
    other.mix[0] = torch.nn.Conv1d(384, 32, 1)
    with pytest.raises(ModelError, match="change detector"):
        load_model(ModelFolder.open(written(tmp_path / "other", model, change_network=other)))
