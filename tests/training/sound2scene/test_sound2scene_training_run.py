"""A training run: what it learns, how it stops and goes on, what it does with what is broken."""

import json
import sys
from dataclasses import replace

import pytest
import torch

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.items import Batch, Pairs
from s2s_live.training.sound2scene.journal import open_board
from s2s_live.training.sound2scene.loading import split
from s2s_live.training.sound2scene.losses import info_nce_l2
from s2s_live.training.sound2scene.source import open_source
from s2s_live.training.sound2scene.trainer import Material, Trainer


@pytest.fixture
def material(pairs_folder):
    return material_of(pairs_folder)


def material_of(folder, workers=0):
    source = open_source(folder)
    training, held = split(source.pairs, 0.2)
    return Material(Pairs(source, training), Pairs(source, held), workers)


def journal(folder):
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]


def checkpoint(folder):
    return torch.load(folder / "checkpoint.pt", weights_only=True)


def assert_equal(one, other, where=""):
    assert type(one) is type(other), where
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for name in one:
            assert_equal(one[name], other[name], f"{where}/{name}")
    elif isinstance(one, list | tuple):
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            assert_equal(a, b, f"{where}/{index}")
    else:
        assert one == other, where


class StoppedError(Exception):
    pass


class Stopping(Trainer):
    """Is interrupted, as by Ctrl+C, before a step."""

    last = 0

    def _learn(self, batch: Batch) -> float | None:
        if self.step == self.last:
            raise StoppedError
        return super()._learn(batch)


def test_it_learns(tmp_path, material, image_encoder, recipe):
    trainer = Trainer(tmp_path, material, image_encoder, replace(recipe, epochs=10, rate=3e-3))
    before = trainer.validate()
    trainer.train()
    rows = journal(tmp_path)
    losses = [row["loss"] for row in rows if "loss" in row]
    steps = -(-len(material.training) // recipe.batch)
    assert len(losses) == 10 * steps
    assert sum(losses[-steps:]) < sum(losses[:steps]) - 0.1
    assert trainer.best < before
    assert trainer.best == min(row["validation"] for row in rows if "validation" in row)


def test_the_best_encoder_is_an_official_checkpoint(tmp_path, material, image_encoder, recipe):
    trainer = Trainer(tmp_path, material, image_encoder, replace(recipe, epochs=1))
    trainer.train()
    weights = torch.load(tmp_path / "sound2scene.pth", weights_only=True)
    encoder = AudioEncoder(recipe.encoder)
    assert set(weights) == {f"audnet.{name}" for name in encoder.state_dict()}
    assert_equal(weights["audnet.fc.weight"], trainer.encoder.state_dict()["fc.weight"])


def test_validation_is_the_mean_over_pairs_of_batches_as_in_training(
    tmp_path, material, image_encoder, recipe
):
    trainer = Trainer(tmp_path, material, image_encoder, replace(recipe, batch=3))
    trainer.encoder.eval()
    items = [material.validation[index] for index in range(len(material.validation))]
    assert len(items) == 4  # batches of 3 and 1, whichever pairs they hold; one alone has no loss
    with torch.no_grad():
        sounds = trainer.encoder(torch.stack([item.spectrogram for item in items]))
        images = image_encoder(trainer._prepare(torch.stack([item.picture for item in items])))
    possible = []
    for alone in range(4):
        rest = [index for index in range(4) if index != alone]
        possible.append(3.0 * float(info_nce_l2(images[rest], sounds[rest])) / 4.0)
    assert min(abs(trainer.validate() - value) for value in possible) < 1e-6


@pytest.mark.parametrize("last", [1, 3, 5])
def test_a_run_that_was_interrupted_ends_as_one_that_was_not(tmp_path, material, image_encoder, recipe, last):
    Trainer(tmp_path / "whole", material, image_encoder, recipe).train()
    stopped = Stopping(tmp_path / "broken", material, image_encoder, recipe)
    stopped.last = last
    with pytest.raises(StoppedError):
        stopped.train()
    torch.manual_seed(99)  # whatever happened in between
    again = Trainer(tmp_path / "broken", material, image_encoder, recipe)
    assert again.step == last // 2 * 2 or again.batch == 0
    again.train()
    assert_equal(checkpoint(tmp_path / "broken"), checkpoint(tmp_path / "whole"))
    assert journal(tmp_path / "broken") == journal(tmp_path / "whole")


def test_a_validation_whose_epoch_was_not_closed_is_written_once(tmp_path, material, image_encoder, recipe):
    class Dying(Trainer):
        def save(self) -> None:
            if self.epoch and not self.batch:
                raise StoppedError
            super().save()

    settings = replace(recipe, checkpoint_steps=1)
    Trainer(tmp_path / "whole", material, image_encoder, settings).train()
    with pytest.raises(StoppedError):
        Dying(tmp_path / "broken", material, image_encoder, settings).train()
    assert "validation" in journal(tmp_path / "broken")[-1]
    Trainer(tmp_path / "broken", material, image_encoder, settings).train()
    assert journal(tmp_path / "broken") == journal(tmp_path / "whole")


def test_a_finished_run_can_be_made_longer(tmp_path, material, image_encoder, recipe):
    Trainer(tmp_path / "two", material, image_encoder, recipe).train()
    Trainer(tmp_path / "one", material, image_encoder, replace(recipe, epochs=1)).train()
    Trainer(tmp_path / "one", material, image_encoder, recipe).train()
    assert_equal(checkpoint(tmp_path / "one"), checkpoint(tmp_path / "two"))


def test_other_settings_or_pairs_are_refused(tmp_path, material, image_encoder, recipe, make_pair):
    Trainer(tmp_path / "run", material, image_encoder, replace(recipe, epochs=1)).train()
    with pytest.raises(TrainingError, match="other settings"):
        Trainer(tmp_path / "run", material, image_encoder, replace(recipe, seed=5))
    for number in range(4):
        make_pair(tmp_path / "data", f"n{number}", number)
    with pytest.raises(TrainingError, match="other settings"):
        Trainer(tmp_path / "run", material_of(tmp_path / "data"), image_encoder, recipe)


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_pairs_are_named_and_counted_and_training_goes_on(
    tmp_path, image_encoder, recipe, make_pair, caplog, workers
):
    data = tmp_path / "data"
    for number in range(12):
        make_pair(data, f"n{number}", number)
    held = {pair.name for pair in material_of(data).validation.pairs}
    bad = sorted({f"n{number}" for number in range(12)} - held)[:3]
    (data / "images" / f"{bad[0]}.jpg").write_bytes(b"no picture")
    (data / "audios" / f"{bad[1]}.wav").write_bytes(b"no sound")
    make_pair(data, bad[2], 2, seconds=0.4)
    trainer = Trainer(tmp_path / "run", material_of(data, workers), image_encoder, recipe)
    trainer.train()
    assert trainer.step > 2
    table = json.loads((tmp_path / "run" / "problems.json").read_text())
    assert (table["skipped"], table["remarks"]) == (3, 0)
    assert {row["file"] for row in table["files"]} == {f"{bad[0]}.jpg", f"{bad[1]}.wav", f"{bad[2]}.wav"}
    assert sum("left out" in record.message for record in caplog.records) == 3


def test_nothing_usable_is_told(tmp_path, image_encoder, recipe, make_pair):
    data = tmp_path / "data"
    for number in range(6):
        make_pair(data, f"n{number}", number)
        (data / "images" / f"n{number}.jpg").write_bytes(b"no picture")
    with pytest.raises(TrainingError, match="Not one pair"):
        Trainer(tmp_path / "run", material_of(data), image_encoder, recipe).train()


def test_a_full_disk_stops_cleanly_and_the_last_checkpoint_is_whole(
    tmp_path, material, image_encoder, recipe
):
    Trainer(tmp_path, material, image_encoder, replace(recipe, epochs=1)).train()
    before = (tmp_path / "checkpoint.pt").read_bytes()
    resource = pytest.importorskip("resource", reason="no limit on the size of files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, limits[1]))
    try:
        with pytest.raises(TrainingError, match="Cannot write the checkpoint"):
            Trainer(tmp_path, material, image_encoder, recipe).train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
    again = Trainer(tmp_path, material, image_encoder, recipe)
    assert again.epoch == 1
    again.train()


def test_a_damaged_checkpoint_is_told(tmp_path, material, image_encoder, recipe):
    Trainer(tmp_path, material, image_encoder, replace(recipe, epochs=1)).train()
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(TrainingError, match="Cannot read the checkpoint"):
        Trainer(tmp_path, material, image_encoder, recipe)


def test_a_loss_that_is_no_number_stops_the_run(tmp_path, material, image_encoder, recipe):
    trainer = Trainer(tmp_path, material, image_encoder, recipe)
    with torch.no_grad():
        trainer.encoder.fc.bias.fill_(float("nan"))
    with pytest.raises(TrainingError, match="nan"):
        trainer.train()


def test_mixed_precision_learns_too(tmp_path, material, image_encoder, recipe):
    plain, mixed = (
        Trainer(tmp_path / kind, material, image_encoder, replace(recipe, precision=kind))
        for kind in ("fp32", "bf16")
    )
    plain.train()
    mixed.train()
    first = [journal(tmp_path / kind)[0]["loss"] for kind in ("fp32", "bf16")]
    assert first[0] == pytest.approx(first[1], rel=0.02)
    assert first[0] != first[1]
    assert {p.dtype for p in mixed.encoder.parameters()} == {torch.float32}


def test_without_tensorboard_what_is_missing_is_told(tmp_path, material, image_encoder, recipe, monkeypatch):
    for name in ("tensorboard", "torch.utils.tensorboard"):  # as Python has it for what cannot be imported
        monkeypatch.setitem(sys.modules, name, None)
    trainer = Trainer(tmp_path, material, image_encoder, replace(recipe, epochs=1))
    with pytest.raises(TrainingError, match="pip install tensorboard"):
        trainer.train(tensorboard=True)
    assert trainer.step == 0


def test_tensorboard_is_written(tmp_path, material, image_encoder, recipe):
    trainer = Trainer(tmp_path, material, image_encoder, replace(recipe, epochs=1))
    trainer.train(tensorboard=True)
    open_board(tmp_path / "tensorboard", 3).close()
    written = list((tmp_path / "tensorboard").glob("events*"))
    assert any(b"validation" in path.read_bytes() for path in written)
