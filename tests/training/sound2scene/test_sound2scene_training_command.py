"""`s2s-live train sound2scene` as the command line has it, with the real networks' sizes."""

import json

import pytest
import torch

from s2s_live.cli import build_parser
from s2s_live.engines.sound2scene.image_encoder import SwavEncoder
from s2s_live.errors import ModelError, TrainingError
from s2s_live.training.loop import claimed
from s2s_live.training.sound2scene.recipe import LOSSES, PRECISIONS, recipe_of
from s2s_live.training.sound2scene.trainer import Recipe


@pytest.fixture(scope="module")
def swav(tmp_path_factory):
    """Weights as SwAV's authors publish them, from a network that knows nothing."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("swav") / "swav.pth.tar"
    torch.save({f"module.{name}": w for name, w in SwavEncoder().state_dict().items()}, path)
    return path


def parse(*arguments):
    return build_parser().parse_args(["train", "sound2scene", *map(str, arguments)])


def test_the_defaults_are_the_published_ones():
    options = parse("--data", "d", "--image-encoder", "e")
    assert recipe_of(options) == Recipe()
    published = {"epochs": 100, "batch": 64, "rate": 1e-3, "weight_decay": 1e-5, "seed": 1234}
    published |= {"loss": "InfoNCE_with_L2", "precision": "fp32"}
    assert {name: getattr(Recipe(), name) for name in published} == published


def test_what_the_options_name_is_there():
    from s2s_live.training.sound2scene import losses

    assert set(LOSSES) == set(losses.LOSSES)
    for precision in PRECISIONS:
        assert recipe_of(parse("--data", "d", "--image-encoder", "e", "--precision", precision))


def test_every_encoder_can_be_trained():
    given = ["--data", "d", "--image-encoder", "e"]
    for depth, pool in ((34, "vlad"), (50, "avg"), (152, "avg")):
        encoder = recipe_of(parse(*given, "--depth", depth, "--pool", pool)).encoder
        assert (encoder.depth, encoder.width, encoder.embedding_size, encoder.pool) == (depth, 64, 2048, pool)
    with pytest.raises(ModelError, match="NetVLAD"):
        recipe_of(parse(*given, "--depth", 50, "--pool", "vlad"))


@pytest.mark.slow
def test_a_run_folder_is_one_runs_alone(pairs_folder, swav, tmp_path):
    options = parse("--data", pairs_folder, "--image-encoder", swav, "--run-folder", tmp_path / "run")
    with claimed(tmp_path / "run", "sound2scene"), pytest.raises(TrainingError, match="already"):
        options.run(options)


@pytest.mark.slow
def test_a_run_folder_that_cannot_be_made_is_told(pairs_folder, swav, tmp_path):
    (tmp_path / "file").write_text("")
    options = parse(
        "--data", pairs_folder, "--image-encoder", swav, "--run-folder", tmp_path / "file" / "run"
    )
    with pytest.raises(TrainingError, match="cannot be written"):
        options.run(options)


@pytest.mark.slow
def test_a_run_and_going_on_with_it(make_pair, swav, tmp_path):
    for number in range(4):
        for frame in range(2):
            make_pair(tmp_path / "data", f"n{number}", number)
            image = tmp_path / "data" / "images" / f"n{number}.jpg"
            image.rename(image.with_name(f"n{number}.0{frame}-{frame}.jpg"))
    run = tmp_path / "run"
    given = ["--data", tmp_path / "data", "--image-encoder", swav, "--run-folder", run, "--batch", 3]
    given += ["--workers", 0, "--device", "cpu", "--holdout", 1e-9, "--frames", 2]
    assert parse(*given, "--epochs", 1).run(parse(*given, "--epochs", 1)) == 0
    options = parse(*given, "--epochs", 2)
    assert options.run(options) == 0
    rows = [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == [1, 2, 3, 4]
    assert sum("validation" in row for row in rows) == 2
    weights = torch.load(run / "sound2scene.pth", weights_only=True)
    assert weights["audnet.fc.weight"].shape == (2048, 512)
    options = parse(*given, "--rate", 1e-4)
    with pytest.raises(TrainingError, match="other settings"):
        options.run(options)


@pytest.mark.parametrize(
    ("more", "why"),
    [(["--batch", 0], "--batch"), (["--holdout", 0.9], "--holdout"), (["--rate", 0], "--rate")],
)
def test_numbers_that_cannot_be_are_told(tmp_path, more, why):
    options = parse("--data", tmp_path, "--image-encoder", "e", *more)
    with pytest.raises(TrainingError, match=why):
        options.run(options)


def test_a_missing_image_encoder_is_told(pairs_folder, tmp_path):
    given = ["--data", pairs_folder, "--image-encoder", tmp_path / "none.pth", "--device", "cpu"]
    options = parse(*given, "--run-folder", tmp_path / "run")
    with pytest.raises(ModelError, match=r"none\.pth"):
        options.run(options)
    assert not (tmp_path / "run").exists()


def test_pairs_to_validate_on_can_be_given(pairs_folder, make_pair, tmp_path):
    from s2s_live.training.sound2scene.recipe import open_material
    from s2s_live.training.team import Team

    make_pair(tmp_path, "other", 1)
    given = ["--data", pairs_folder, "--image-encoder", "e", "--validation", tmp_path]
    material = open_material(parse(*given), Team())
    assert (len(material.training), [p.name for p in material.validation.pairs]) == (14, ["other"])
    with pytest.raises(TrainingError, match="processes"):
        open_material(parse(*given, "--batch", 2), Team(0, 3))
