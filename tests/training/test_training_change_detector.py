"""The change detector learns from tapes, goes on where it stopped, and never meets the fold kept back."""

from pathlib import Path

import numpy as np
import pytest
import torch

from s2s_live.cli import main
from s2s_live.engines.sound2scene.change_detector import AGES, FRAMES, MELS, ChangeDetector
from s2s_live.engines.torch_runtime import TorchRuntime
from s2s_live.errors import TrainingError
from s2s_live.features.log_mel import log_mel
from s2s_live.training import change_detector
from s2s_live.training.audio_features import FRONT_END
from s2s_live.training.change_detector import (
    CHECKPOINT,
    HELD_OUT,
    Columns,
    ages_at,
    heard_through,
    train_detector,
    trained_network,
)
from s2s_live.training.recordings import Clip, folds
from s2s_live.training.tapes import Tape
from s2s_live.world.sounds import synthesise

CPU = torch.device("cpu")
RATE = 16_000


def hiss(seconds, seed=0):
    return (0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))).astype(np.float32)


def hum(seconds):
    return (0.1 * np.sin(2 * np.pi * 120 * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def test_ages_count_whole_columns_of_the_newest_sound():
    ages = ages_at((0, 2 * RATE, 3 * RATE + 80), np.array([150, 200, 212, 300, 301]))
    assert ages.tolist() == [np.inf, 0.0, 12.0, 100.0, 0.5]


def test_windows_are_drawn_by_their_age(monkeypatch):
    tape = Tape(np.concatenate([hum(3.0), hiss(3.0)]), (0, 3 * RATE))
    material = Columns.of([tape, tape])
    assert [len(ends) for ends in material.ends[:3]] == [16, 8, 8]
    columns = log_mel(tape.samples, FRONT_END)
    often = [0.0] * len(AGES)
    often[AGES.index(24)] = 1.0
    monkeypatch.setattr(change_detector, "OFTEN", often)
    windows, classes = material.draw(6, np.random.default_rng(0))
    assert windows.shape == (6, MELS, FRAMES)
    assert set(classes.tolist()) == {AGES.index(24)}
    for window in windows:
        at = [
            end for end in range(324, 328) if np.allclose(columns[:, end - FRAMES : end], window, atol=2e-3)
        ]
        assert len(at) == 1, "24 to 27 columns of the hiss"


def test_a_class_without_windows_is_not_drawn():
    material = Columns.of([Tape(hum(3.0), (0,))])
    _, classes = material.draw(50, np.random.default_rng(0))
    assert set(classes.tolist()) == {len(AGES) - 1}


def test_other_microphones_keep_the_shape_of_a_sound_and_add_their_noise():
    windows = torch.full((200, MELS, FRAMES), -1.74)  # digital silence
    found = heard_through(windows, torch.Generator().manual_seed(0)) / FRONT_END.scale + FRONT_END.offset
    floors = found.mean((1, 2))
    assert floors.min() > -21
    assert floors.max() < -12.5
    assert floors.std() > 1.5
    loud = torch.rand(4, MELS, FRAMES, generator=torch.Generator().manual_seed(1))
    levels = heard_through(loud, torch.Generator().manual_seed(0)) - loud
    assert levels.std(2).max() < 0.02, "the same at all times"
    assert levels.std(1).min() > 0.01, "not in all bands"


def made_up():
    """Recordings of several sources, of synthesised sounds."""
    found = []
    for seed, family in enumerate(["rain", "fire", "engine", "birds"] * 6):
        samples = synthesise(family, 0.6, 900 + seed, 4.0)
        found.append(Clip(Path(f"{seed}.wav"), family, (family,), f"s{seed}", "a", "CC0", False, samples))
    return found


@pytest.fixture
def small(monkeypatch):
    for name, value in {"TAPES": 2, "RECORDED_TAPES": 1, "PARTS": 5, "BATCH": 32}.items():
        monkeypatch.setattr(change_detector, name, value)


def test_recordings_of_the_fold_that_is_kept_back_are_on_no_tape(small):
    clips = made_up()
    known = change_detector._to_learn_from(clips)
    at = dict(zip((clip.path for clip in clips), folds(clips), strict=True))
    assert {at[clip.path] for clip, _ in known} == set(range(4)) - {HELD_OUT}
    assert all(at[clip.path] == fold for clip, fold in known)
    tapes = list(change_detector._recorded_tapes(known, 3))
    assert len(tapes) == 3, "one of each fold"
    assert all(len(tape.starts) == 5 for tape in tapes)


def test_recordings_too_short_for_a_window_are_done_without(small, tmp_path):
    short = [
        Clip(Path(f"{k}.wav"), "x", ("rain",), f"s{k}", "a", "CC0", False, hiss(0.9, k)) for k in range(8)
    ]
    train_detector(tmp_path, short, 0.02, CPU)
    assert trained_network(tmp_path) is not None


@pytest.mark.slow
def test_it_learns_what_begins_and_goes_on_where_it_stopped(small, tmp_path, monkeypatch):
    pair = [Tape(np.concatenate([hum(2.0), hiss(2.0, k), hum(2.0), hiss(2.0, k + 9)]),
                 (0, 2 * RATE, 4 * RATE, 6 * RATE)) for k in range(4)]  # fmt: skip
    monkeypatch.setattr(change_detector, "_synthesised_tapes", lambda _seed: iter(pair))
    train_detector(tmp_path, [], 0.1, CPU)
    before = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    train_detector(tmp_path, [], 0.5, CPU)
    after = torch.load(tmp_path / CHECKPOINT, weights_only=True)
    assert 0 < before["step"] < after["step"]
    assert after["used_s"] >= 30 > before["used_s"] >= 6
    network, recordings = trained_network(tmp_path)
    assert recordings == 0
    detector = ChangeDetector(TorchRuntime(network))
    changed = log_mel(np.concatenate([hum(2.0), hiss(0.3, 77)]), FRONT_END)[None, :, -FRAMES:]
    steady = log_mel(hum(2.0), FRONT_END)[None, :, -FRAMES:]
    columns, odds = detector(changed)
    assert columns == pytest.approx(28, abs=8)
    assert odds > 1
    assert detector(steady)[1] < odds - 2


def test_the_command_trains_it(small, tmp_path):
    assert main(["train", "world", "--stage", "changes", "--run", str(tmp_path), "--budget", "0.02"]) == 0
    assert trained_network(tmp_path) is not None


def test_a_run_folder_without_one_has_none_and_another_network_is_refused(small, tmp_path):
    assert trained_network(tmp_path) is None
    torch.save(
        {"model": {"x": torch.zeros(1)}, "optimizer": {}, "step": 1, "used_s": 1.0}, tmp_path / CHECKPOINT
    )
    with pytest.raises(TrainingError, match="another change detector"):
        train_detector(tmp_path, [], 1.0, CPU)
    with pytest.raises(TrainingError, match="another change detector"):
        trained_network(tmp_path)
