"""`s2s-live eval world` and `s2s-live world` as the command line has them."""

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import soundfile
import torch
from torch.nn import functional

from s2s_live.cli import build_parser
from s2s_live.commands.evaluate import held_out
from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.landmarks import Landmarks
from s2s_live.engines.sound2scene.model import write_model
from s2s_live.engines.sound2scene.presets import BUNDLED_AUDIO_ENCODER
from s2s_live.errors import ModelError, S2SError, TrainingError
from s2s_live.training.held_out import HeldOut, carry_folds, save_fold
from s2s_live.training.recordings import read_folders
from s2s_live.world.families import FAMILIES

KEYS = {
    "machine", "model", "runtime", "threads", "real_window_top1", "real_clip_top1", "ece", "folds",
    "retrieval_r1", "retrieval_r5", "intensity_spearman", "z_effect", "diversity", "detail_ratio",
    "upscaler_psnr_gain", "fid_ratio", "temporal", "paint_ms",
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    torch.manual_seed(2)
    prototypes = functional.normalize(torch.rand(len(FAMILIES), 128), dim=1)
    for fold in (0, 1):
        save_fold(run, fold, HeldOut(AudioEncoder(BUNDLED_AUDIO_ENCODER), prototypes, 0.1, (0.0, 0.0, 0.0)))
    return run


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("real")
    random = np.random.default_rng(0)
    rows = [(f"{label}{k}.wav", label) for label in ("rain", "dog") for k in range(4)]
    for name, _ in rows:
        soundfile.write(folder / name, 0.1 * random.standard_normal(24_000), 16_000)
    with (folder / "clips.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label"), *rows])
    return folder


def perform(*arguments):
    options = build_parser().parse_args([str(argument) for argument in arguments])
    return options.run(options)


def evaluate(model, run, *more):
    return perform("eval", "world", "--model", model, "--run", run, "--quick", *more)


def test_json_has_every_key(model_folder, run_folder, recordings, capsys):
    assert evaluate(model_folder, run_folder, "--real", recordings, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert set(figures) >= KEYS
    assert figures["model"]["name"] == "small"
    assert figures["threads"] == 1
    assert [row["fold"] for row in figures["folds"]] == [0, 1]
    assert set(figures["retrieval_families"]) == {"rain", "fire", "dog", "silence"}
    assert figures["retrieval_families"]["dog"]["real"]
    assert not figures["retrieval_families"]["fire"]["real"]
    assert figures["retrieval_families"]["silence"]["queries"] == 2
    assert set(figures["intensity_spearman"]) == {"least", "rain", "fire"}
    assert set(figures["detail_ratio"]) == {"least", "greatest", "families"}
    assert figures["upscaler_psnr_gain"] is None
    assert "no upscaler" in figures["notes"][0]


def test_without_recordings_the_rest_is_told_beside_its_targets(model_folder, run_folder, capsys):
    assert evaluate(model_folder, run_folder) == 0
    out = capsys.readouterr().out
    found = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert found["real_window_top1"][1:] == ["-", "0.75", "or", "more"]
    assert found["retrieval_r1"][1] == "-"
    assert float(found["z_effect"][1]) > 0
    assert found["silence"][-1] == "counted"
    assert "without --real DIR" in out


def test_one_fold_alone(model_folder, run_folder, recordings, capsys):
    evaluate(model_folder, run_folder, "--real", recordings, "--fold", "1", "--json")
    assert [row["fold"] for row in json.loads(capsys.readouterr().out)["folds"]] == [1]
    with pytest.raises(TrainingError, match="holdout 2"):
        evaluate(model_folder, run_folder, "--real", recordings, "--fold", "2")


def test_the_model_folder_may_carry_the_folds(model_folder, run_folder, recordings, tmp_path, capsys):
    model = shutil.copytree(model_folder, tmp_path / "model")
    evaluate(model, run_folder, "--real", recordings, "--json")
    expected = json.loads(capsys.readouterr().out)
    carry_folds(run_folder, model)
    evaluate(model, tmp_path / "no-run", "--real", recordings, "--json")
    found = json.loads(capsys.readouterr().out)
    for key in ("folds", "ece", "real_window_top1", "retrieval_r5"):
        assert found[key] == expected[key]


def test_landmarks_draw_what_the_folds_hear(run_folder, recordings, small_model):
    clips = read_folders([recordings]).clips
    ends = Landmarks(np.eye(2, 128, dtype=np.float32), 1e4)
    plain, drawn = (
        held_out(run_folder, clips, [0], ("rain", "dog"), 4, replace(small_model, landmarks=landmarks))
        for landmarks in (None, ends)
    )
    assert [query.families for query in drawn] == [query.families for query in plain]
    for query, before in zip(drawn, plain, strict=True):
        assert float(query.embedding[2:].abs().max()) < 1e-6 < float(before.embedding[2:].abs().max())
        assert float(torch.linalg.vector_norm(query.embedding)) == pytest.approx(1.0, abs=1e-5)


def test_without_any_fold_it_says_what_to_train(model_folder, recordings, tmp_path):
    with pytest.raises(TrainingError, match="--holdout 0"):
        evaluate(model_folder, tmp_path, "--real", recordings)


def test_a_model_without_image_encoder_is_refused(small_model, run_folder, tmp_path):
    blind = replace(small_model, image_encoder=None)
    write_model(tmp_path / "blind", blind, name="blind", licence="MIT", trained={"how": "not at all"})
    with pytest.raises(ModelError, match="no image encoder"):
        evaluate(tmp_path / "blind", run_folder)


def test_families_are_listed(capsys):
    assert perform("world", "families") == 0
    assert len(capsys.readouterr().out.splitlines()) == len(FAMILIES)
    assert perform("world", "families", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {"id": "rain", "title": "Rain"}
    assert len(rows) == len(FAMILIES)


def test_a_sheet_shows_every_family_thrice(tmp_path):
    assert perform("world", "sheet", tmp_path / "a.png", "--size", "32") == 0
    assert cv2.imread(str(tmp_path / "a.png")).shape == (len(FAMILIES) * 3 // 9 * 34, 9 * 34, 3)
    perform("world", "sheet", tmp_path / "b.png", "--size", "32", "--seed", "1")
    assert (tmp_path / "a.png").read_bytes() != (tmp_path / "b.png").read_bytes()
    with pytest.raises(S2SError, match="cannot be written"):
        perform("world", "sheet", tmp_path / "missing" / "a.png", "--size", "32")


@pytest.mark.parametrize("size", ["0", "100000", "big"])
def test_a_sheet_of_no_size_is_refused(tmp_path, size, capsys):
    with pytest.raises(SystemExit):
        perform("world", "sheet", tmp_path / "a.png", "--size", size)
    assert "--size" in capsys.readouterr().err


def test_help_loads_nothing_heavy():
    heavy = "{'torch', 'cv2', 'openvino'}"
    code = f"import sys, s2s_live.cli as c; c.build_parser(); print(*{heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
