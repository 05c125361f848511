"""The audio stage on a tiny network: it learns, resumes, refits and writes what the export reads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.errors import TrainingError
from s2s_live.training import audio_state
from s2s_live.training.audio import AudioRun, AudioSettings, Sampler, train_audio
from s2s_live.training.audio_bank import load_bank, stand_in_bank
from s2s_live.training.audio_features import encoder_input
from s2s_live.training.audio_pool import Pool, fill
from s2s_live.training.audio_report import report
from s2s_live.training.held_out import load_fold
from s2s_live.training.recordings import Clip
from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.sounds import synthesise

FAMILIES = len(FAMILY_IDS)
TINY = AudioSettings(
    budget_s=1.0,
    batch=16,
    made=1,
    versions=0,
    encoder=AudioEncoderConfig(18, 4, 16),
    refit_s=0.3,
    save_every_s=0.2,
    prototype_batches=1,
)


@pytest.fixture(scope="module")
def bank():
    return stand_in_bank(FAMILIES, size=16, each=8)


@pytest.fixture(scope="module")
def pool():
    made = Pool()
    fill(made, [], 1, 0, 0)
    return made


def clips(families=("rain", "dog"), sources=4):
    return [
        Clip(Path(f"{f}{k}.wav"), f, (f,), f"x/{f}{k}", "me", "CC0", False, synthesise(f, 0.6, k, 2.0))
        for f in families
        for k in range(sources)
    ]


def test_the_stage_writes_weights_prototypes_and_temperature(tmp_path, bank):
    said = []
    result = train_audio(tmp_path, bank, clips(), replace(TINY, fold=0), said.append)
    assert result["clips"] == 2
    assert 0 <= result["real_window_top1"] <= 1
    assert set(result["by_family"]) == {"rain", "dog"}
    assert train_audio(tmp_path, bank, clips(), TINY) == {}
    made = torch.load(tmp_path / "audio_encoder.pt", weights_only=True)
    AudioEncoder(TINY.encoder).load_state_dict(made["state_dict"])
    assert made["prototypes"].shape == (FAMILIES, 16)
    torch.testing.assert_close(made["prototypes"].norm(dim=1), torch.ones(FAMILIES))
    fold = load_fold(tmp_path, 0, TINY.encoder)
    assert made["temperature"] == pytest.approx(fold.temperature)
    assert made["folds"].shape == (1, 3)
    assert made["folds"][0, 0] == pytest.approx(result["real_window_top1"])
    table = report(tmp_path, clips(), config=TINY.encoder)
    assert table["real_clip_top1"] == result["real_clip_top1"]
    assert [row["fold"] for row in table["folds"]] == [0]
    with pytest.raises(TrainingError, match="Fold 1"):
        report(tmp_path, clips(), 1, TINY.encoder)
    with pytest.raises(TrainingError, match="No fold"):
        report(tmp_path / "other", clips())


def test_training_lowers_every_term(tmp_path, bank, pool):
    torch.manual_seed(0)
    run = AudioRun(tmp_path, bank, replace(TINY, budget_s=1e9, batch=32))
    sampler = Sampler(pool, 32, 0)
    batch = sampler.next()
    first = run._one(batch, 0.0)
    for _ in range(25):
        last = run._one(batch, 0.0)
    assert all(last[name] < first[name] for name in first)


def test_a_run_resumes_where_it_stopped(tmp_path, bank, pool):
    run = AudioRun(tmp_path, bank, TINY)
    run.train(Sampler(pool, 16, 0))
    again = AudioRun(tmp_path, bank, TINY)
    assert again.resume()
    assert (again.step, again.seconds) == (run.step, run.seconds)
    kept = [len(optimiser.state) for optimiser in again.optimisers]
    assert kept == [len(optimiser.state) for optimiser in run.optimisers]
    assert min(kept) > 0
    for name, value in run.learner.state_dict().items():
        torch.testing.assert_close(again.learner.state_dict()[name], value)
    again.train(Sampler(pool, 16, 0))
    assert again.step == run.step


def test_new_pictures_send_a_finished_run_back_a_stretch(tmp_path, bank, pool):
    run = AudioRun(tmp_path, bank, TINY)
    run.train(Sampler(pool, 16, 0))
    other = AudioRun(tmp_path, stand_in_bank(FAMILIES, 16, 8, seed=5), TINY)
    assert other.resume()
    assert other.seconds == pytest.approx(0.7)
    assert other.step == run.step
    before = other.learner.encoder.fc.weight.clone()
    other.refit(Sampler(pool, 16, 0), batches=4)
    assert not torch.equal(before, other.learner.encoder.fc.weight)
    batch = Sampler(pool, 16, 1).next()
    with torch.no_grad():
        found, _ = other.learner(encoder_input(batch.power))
    target = other.bank.mean(batch.family, batch.intensity)
    assert (found * target).sum(1).mean() > 0.5


def test_a_damaged_checkpoint_is_named(tmp_path, bank):
    run = AudioRun(tmp_path, bank, TINY)
    assert not run.resume()
    run.state_path.write_bytes(b"nothing")
    with pytest.raises(TrainingError, match="damaged"):
        run.resume()
    torch.save({"learner": {}, "step": 0}, run.state_path)
    with pytest.raises(TrainingError, match="another version"):
        run.resume()


def test_saving_leaves_the_old_file_whole_when_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "state.pt"
    audio_state.save(path, {"step": 1})

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(audio_state.torch, "save", full)
    with pytest.raises(TrainingError, match="No space"):
        audio_state.save(path, {"step": 2})
    monkeypatch.undo()
    assert audio_state.load(path) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_the_average_follows():
    module = torch.nn.Linear(2, 1)
    average = audio_state.Average(module, 0.9)
    with torch.no_grad():
        module.weight.fill_(3.0)
    for _ in range(200):
        average.update(module)
    torch.testing.assert_close(average.state["weight"], module.weight.data, atol=0.01, rtol=0)


def test_bank_pairs_by_family_and_intensity(tmp_path, bank):
    family = torch.tensor([0, 0, 5])
    level = torch.tensor([0.0, 1.0, 0.5])
    drawn = bank.draw(family, level, torch.Generator().manual_seed(0))
    means = bank.mean(family, level)
    torch.testing.assert_close(means.norm(dim=1), torch.ones(3))
    nearest = torch.einsum("bd,fsd->bfs", drawn, bank.means).flatten(1).argmax(1) // bank.means.shape[1]
    assert nearest.tolist() == family.tolist()
    path = tmp_path / "bank.npz"
    np.savez(
        path, family=bank.family.numpy(), intensity=bank.intensity.numpy(), embedding=bank.embedding.numpy()
    )
    torch.testing.assert_close(load_bank(path, FAMILIES).centres, bank.centres)
    with pytest.raises(TrainingError, match="families"):
        load_bank(path, FAMILIES + 1)
    path.write_bytes(b"PK nothing")
    with pytest.raises(TrainingError, match="cannot be read"):
        load_bank(path, FAMILIES)
