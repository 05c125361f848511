"""Folds: kept whole, found where they are, and carried by a model; runs that begin with a model's images."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.engines.sound2scene.presets import BUNDLED_AUDIO_ENCODER
from s2s_live.errors import TrainingError
from s2s_live.store.library import find_model
from s2s_live.training.audio_bank import load_bank
from s2s_live.training.held_out import (
    FOLDS,
    HeldOut,
    carry_folds,
    fold_path,
    load_fold,
    mean_temperature,
    place_of_folds,
    save_fold,
    trained_folds,
)
from s2s_live.training.images import Bank, begin_with, judge, load_image_encoder
from s2s_live.world.families import FAMILIES

SMALL = AudioEncoderConfig(depth=18, width=4, embedding_size=8)


@pytest.fixture
def fold():
    torch.manual_seed(0)
    prototypes = functional.normalize(torch.rand(len(FAMILIES), 8), dim=1)
    return HeldOut(AudioEncoder(SMALL).eval(), prototypes, 0.2, (0.75, 0.875, 0.0625))


def test_a_fold_is_kept_in_16_bits(tmp_path, fold):
    save_fold(tmp_path, 2, fold)
    assert trained_folds(tmp_path) == [2]
    found = load_fold(tmp_path, 2, SMALL)
    assert found.scores == fold.scores
    assert found.temperature == pytest.approx(0.2)
    torch.testing.assert_close(found.prototypes, fold.prototypes)
    window = torch.rand(1, 1, 64, 100)
    torch.testing.assert_close(found.encoder(window), fold.encoder(window), rtol=0.01, atol=0.01)


def test_a_model_carries_what_the_run_folder_has(tmp_path, fold):
    run, model = tmp_path / "run", tmp_path / "model"
    assert place_of_folds(run, model) == model / "folds"
    save_fold(run, 0, fold)
    carry_folds(run, model)
    assert trained_folds(model / "folds") == [0]
    assert place_of_folds(run, model) == run


@pytest.mark.parametrize(
    "left", [slice(0, 0), slice(0, 400), slice(1, None)], ids=["empty", "cut", "shifted"]
)
def test_a_damaged_fold_is_named(tmp_path, fold, left):
    save_fold(tmp_path, 1, fold)
    path = fold_path(tmp_path, 1)
    path.write_bytes(path.read_bytes()[left])
    with pytest.raises(TrainingError, match="audio_fold1"):
        load_fold(tmp_path, 1, SMALL)


def test_a_fold_of_another_shape_is_named(tmp_path, fold):
    save_fold(tmp_path, 1, fold)
    with pytest.raises(TrainingError, match="audio_fold1"):
        load_fold(tmp_path, 1, BUNDLED_AUDIO_ENCODER)


def test_a_folder_that_cannot_be_written_is_told(tmp_path, fold):
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="cannot be written"):
        save_fold(tmp_path / "file", 0, fold)


def test_temperatures_are_averaged_as_ratios(fold):
    other = HeldOut(fold.encoder, fold.prototypes, 0.05, fold.scores)
    assert mean_temperature([fold, other], 1.0) == pytest.approx(0.1)
    assert mean_temperature([], 0.3) == 0.3


def test_a_run_begins_with_a_models_image_encoder(tmp_path):
    begin_with(tmp_path, find_model("world"))
    assert load_bank(tmp_path / "bank.npz", len(FAMILIES)).size == 128
    accuracy, order = judge(Bank.load(tmp_path / "bank.npz"))
    assert accuracy > 0.9
    assert order > 0.6
    kept = load_image_encoder(tmp_path, torch.device("cpu")).state_dict()
    (tmp_path / "image_encoder.pt").unlink()
    begin_with(tmp_path, find_model("world"))  # it has a bank: nothing is touched
    assert not (tmp_path / "image_encoder.pt").exists()
    assert all(np.isfinite(value.numpy()).all() for value in kept.values())


def test_without_a_model_nothing_is_begun(tmp_path, tiny_folder):
    begin_with(tmp_path, tmp_path / "missing")
    begin_with(tmp_path, tiny_folder)  # which cannot see
    assert not (tmp_path / "bank.npz").exists()


def test_the_bundled_model_carries_all_folds():
    model = find_model("world")
    assert trained_folds(model / "folds") == list(range(FOLDS))
    for number in range(FOLDS):
        found = load_fold(model / "folds", number)
        assert found.prototypes.shape == (len(FAMILIES), 128)
        assert found.scores[0] > 0.7
