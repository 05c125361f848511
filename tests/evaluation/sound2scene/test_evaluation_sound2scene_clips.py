"""`s2s-live eval sound2scene` on small clips, with a small model and networks that know nothing."""

import csv
import json
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from torchvision.models import inception_v3

from s2s_live.cli import build_parser
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.model import load_model
from s2s_live.errors import ModelError, TrainingError
from s2s_live.evaluation.sound2scene.clip_judge import ClipJudge
from s2s_live.evaluation.sound2scene.material import Painter
from s2s_live.store.folder import ModelFolder

SMALLEST = "ViT-S-32-alt"


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Twelve clips of three categories, one of them broken; two names without a label."""
    root = tmp_path_factory.mktemp("clips")
    random = np.random.default_rng(2)
    rows = []
    for folder in ("images", "audios"):
        (root / folder).mkdir()
    for number in range(14):
        pixels = random.integers(0, 255, (40, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "images" / f"c{number}.jpg")
        time = np.arange(16_000) / 16_000
        soundfile.write(root / "audios" / f"c{number}.wav", 0.3 * np.sin(900 * (number + 1) * time), 16_000)
        if number < 12:
            split = "test" if number < 4 else "train"
            rows.append((f"c{number}", ("dog barking", "raining", "thunder")[number % 3], split))
    (root / "audios" / "c5.wav").write_bytes(b"no sound")
    with (root / "clips.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("name", "label", "split"), *rows])
    return root


@pytest.fixture(scope="module")
def inception(tmp_path_factory):
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("inception") / "inception.pth"
    network = inception_v3(weights=None, num_classes=5, aux_logits=False, init_weights=False)
    torch.save(network.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def clip_weights(tmp_path_factory):
    import open_clip

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("clip") / "clip.pt"
    torch.save(open_clip.create_model(SMALLEST, load_weights=False).state_dict(), path)
    return path


def evaluate(model, clips, out, *more):
    given = ["eval", "sound2scene", "--model", model, "--data", clips, "--out", out, *more]
    options = build_parser().parse_args([str(argument) for argument in given])
    return options.run(options)


def test_without_judges_the_rest_is_told(model_folder, clips, tmp_path, capsys):
    assert evaluate(model_folder, clips, tmp_path, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["clips"] == 11
    assert [figures[key] for key in ("r1", "r5", "fid", "is")] == [None] * 4
    assert figures["categories"] == {
        "dog barking": {"clips": 4},
        "raining": {"clips": 4},
        "thunder": {"clips": 3},
    }
    assert [name for name, _ in figures["problems"]] == ["c5"]
    assert any("--clip" in note for note in figures["notes"])
    assert any("--inception" in note for note in figures["notes"])
    assert json.loads((tmp_path / "report.json").read_text()) == figures
    text = (tmp_path / "report.md").read_text()
    assert "| raining | 4 | - | - | - |" in text
    assert "c5 cannot be read as sound" in text
    sheet = cv2.imread(str(tmp_path / "sheet.jpg"))
    assert sheet.shape == (260, 1040, 3)
    assert [bool(sheet[140, 130 * k + 60].any()) for k in range(4)] == [True, True, True, False]


@pytest.mark.slow
def test_inception_gives_fid_and_is(model_folder, clips, inception, tmp_path, capsys):
    assert evaluate(model_folder, clips, tmp_path, "--inception", inception, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["fid"] > 0
    assert 1.0 <= figures["is"]["mean"] <= 5.0
    assert all(row["feature_gap"] > 0 for row in figures["categories"].values())
    evaluate(model_folder, clips, tmp_path, "--inception", inception, "--json")
    again = json.loads(capsys.readouterr().out)
    assert again["fid"] == figures["fid"]


@pytest.mark.slow
def test_few_clips_have_no_inception_score(model_folder, clips, inception, tmp_path, capsys):
    assert evaluate(model_folder, clips, tmp_path, "--inception", inception, "--split", "test", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["clips"], figures["is"]) == (4, None)
    assert figures["fid"] > 0
    assert any("IS needs 10 clips" in note for note in figures["notes"])


def test_without_open_clip_what_is_missing_is_told(model_folder, clips, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "open_clip", None)  # as Python has it for what cannot be imported
    assert evaluate(model_folder, clips, tmp_path, "--clip", "clip.pt", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["r1"] is None
    assert any("pip install open_clip_torch" in note for note in figures["notes"])


def test_clip_gives_retrieval(model_folder, clips, clip_weights, tmp_path, capsys):
    chosen = ["--clip", clip_weights, "--clip-architecture", SMALLEST, "--prompt", "the sight of {}"]
    assert evaluate(model_folder, clips, tmp_path, *chosen, "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["r5"] == 1.0  # there are but three categories
    counts = [row["clips"] for row in figures["categories"].values()]
    shares = [row["r1"] for row in figures["categories"].values()]
    assert figures["r1"] == pytest.approx(np.dot(counts, shares) / sum(counts))


def test_clip_sees_and_reads_as_open_clip_does(clip_weights):
    import open_clip

    judge = ClipJudge(clip_weights, SMALLEST, "a {}")
    model, _, preprocess = open_clip.create_model_and_transforms(SMALLEST, load_weights=False)
    model.load_state_dict(torch.load(clip_weights, weights_only=True))
    model.eval()
    smooth = cv2.resize(np.random.default_rng(0).integers(0, 255, (6, 6, 3), dtype=np.uint8), (128, 128))
    with torch.no_grad():
        seen = model.encode_image(preprocess(Image.fromarray(smooth))[None], normalize=True)
        read = model.encode_text(open_clip.get_tokenizer(SMALLEST)(["a dog"]), normalize=True)
    pixels = torch.from_numpy(smooth).permute(2, 0, 1)[None] / 127.5 - 1.0
    assert float((judge.pictures(pixels) @ seen.T).squeeze()) > 0.999
    assert float((judge.categories(["dog"]) @ read.T).squeeze()) > 0.9999


def test_other_weights_are_refused(tmp_path, clip_weights):
    with pytest.raises(ModelError, match="does not fit"):
        ClipJudge(clip_weights, "RN50")
    with pytest.raises(ModelError, match="knows no"):
        ClipJudge(clip_weights, "ViT-of-nobody")


def test_the_same_seed_paints_the_same(model_folder):
    model = load_model(ModelFolder.open(model_folder))
    sound = 0.1 * np.random.default_rng(1).standard_normal(16_000).astype(np.float32)
    one, same = (Painter(model, 5).paint([sound, 2 * sound]) for _ in range(2))
    assert torch.equal(one, same)
    assert not torch.equal(one, Painter(model, 6).paint([sound, 2 * sound]))
    assert float(one.abs().max()) <= 1.0


def test_a_generator_with_classes_paints_the_one_asked_for(model_folder):
    model = load_model(ModelFolder.open(model_folder))
    with pytest.raises(ModelError, match="has no classes"):
        Painter(model, 5, label=1)
    generator = replace(model.config.generator, fields=None, norm="bigbn", classes=3, class_size=5)
    torch.manual_seed(0)
    config = replace(model.config, generator=generator, fields=None)
    several = replace(model, config=config, generator=Generator(generator).eval())
    sound = [0.1 * np.random.default_rng(1).standard_normal(16_000).astype(np.float32)]
    zeroth, second = (Painter(several, 5, label).paint(sound) for label in (0, 2))
    assert not torch.equal(zeroth, second)
    for label in (3, -1):
        with pytest.raises(ModelError, match="classes 0 to 2"):
            Painter(several, 5, label)


@pytest.mark.parametrize("damage", ["missing", "other columns", "other names"])
def test_clips_without_labels_are_told(model_folder, clips, tmp_path, damage):
    folder = tmp_path / "clips"
    for name in ("images", "audios"):
        (folder / name).mkdir(parents=True)
    (folder / "images" / "c0.jpg").write_bytes((clips / "images" / "c0.jpg").read_bytes())
    (folder / "audios" / "c0.wav").write_bytes((clips / "audios" / "c0.wav").read_bytes())
    if damage != "missing":
        heading = "name,label,split" if damage == "other names" else "file,class"
        (folder / "clips.csv").write_text(f"{heading}\nd0,dog,test\n")
    with pytest.raises(TrainingError, match=r"clips\.csv"):
        evaluate(model_folder, folder, tmp_path / "out")
