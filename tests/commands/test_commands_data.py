"""`s2s-live data` as the command line has it."""

import argparse
import csv
import json

import av
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from s2s_live.commands import data
from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.source import open_source


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def perform(*arguments):
    parser = argparse.ArgumentParser()
    data.add_parser(parser.add_subparsers())
    options = parser.parse_args(["data", *map(str, arguments)])
    return options.run(options)


def write_video(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=44_100, layout="stereo")
        for grey in range(0, 120, 4):
            picture = np.full((48, 64, 3), grey, np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(video.encode(None))
        noise = (0.1 * np.random.default_rng(0).standard_normal((2, 3 * 44_100))).astype(np.float32)
        for at in range(0, noise.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(noise[:, at : at + 1024]), "fltp", "stereo"
            )
            frame.sample_rate, frame.pts = 44_100, at
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


@pytest.fixture
def vggsound(tmp_path):
    for name in ("a_000003", "b_000000", "c_000000"):
        write_video(tmp_path / "videos" / f"{name}.mp4")
    (tmp_path / "v.csv").write_text(
        "a,3,dog barking,train\nb,0,raining,test\nc,0,raining,train\nd,0,x,train\n"
    )
    moments = {"a_3000_13000": [5, 40], "b_0_10000": [9, 8], "c_0_10000": [1, 2], "d_0_10000": [3, 4]}
    (tmp_path / "m.json").write_text(json.dumps(moments))
    return ["--csv", tmp_path / "v.csv", "--videos", tmp_path / "videos", "--moments", tmp_path / "m.json"]


def test_vggsound_becomes_pairs_shards_and_a_figure(vggsound, tmp_path, capsys):
    out, shards = tmp_path / "out", tmp_path / "shards"
    assert perform("vggsound", *vggsound, "--frames", 2, "--workers", 1, "--json", out) == 0
    table = json.loads(capsys.readouterr().out)
    counts = {"written": 3, "missing": 1, "frames out of range": 1, "channels mixed": 3, "sound resampled": 3}
    assert table["counts"] == counts
    assert [(row["name"], row["out_of_range"]) for row in table["problems"]] == [
        ("a_3000_13000", [40]),
        ("d_0_10000", []),
    ]
    with (out / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["dog barking", "raining", "raining", "x"]
    assert perform("shards", out, shards, "--per-shard", 2) == 0
    assert "5 pairs in 2 shards" in capsys.readouterr().out
    assert (shards / "clips.csv").read_bytes() == (out / "clips.csv").read_bytes()
    assert [p.image for p in open_source(shards).pairs] == [p.image for p in open_source(out).pairs]
    assert perform("measure", shards, "--seconds", 0.2, "--workers", 0, "--json") == 0
    speed = json.loads(capsys.readouterr().out)
    assert speed["pairs"] > 0
    assert speed["pairs_per_s"] == pytest.approx(speed["pairs"] / speed["seconds"], rel=0.1)
    assert speed["processor_ms"] > 0


def test_labels_and_splits_can_be_chosen(vggsound, tmp_path):
    (tmp_path / "labels.txt").write_text("raining\n")
    chosen = ["--labels", tmp_path / "labels.txt", "--split", "train", "--workers", 1]
    assert perform("vggsound", *vggsound, *chosen, tmp_path / "out") == 0
    assert [pair.name for pair in open_source(tmp_path / "out").pairs] == ["c_0_10000"]


def test_one_split_after_the_other_becomes_one_folder(vggsound, tmp_path):
    out = tmp_path / "out"
    for split in ("train", "test"):
        assert perform("vggsound", *vggsound, "--split", split, "--workers", 1, out) == 0
    with (out / "clips.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["name"][0], row["split"]) for row in rows] == [
        ("a", "train"), ("c", "train"), ("d", "train"), ("b", "test")
    ]  # fmt: skip
    report = json.loads((out / "report.json").read_text())
    assert [row["name"] for row in report["problems"]] == ["d_0_10000"]
    assert report["counts"]["written"] == 1


def test_an_interrupted_cut_has_labels(vggsound, tmp_path, monkeypatch):
    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("s2s_live.training.sound2scene.extraction.extract_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        perform("vggsound", *vggsound, "--workers", 1, tmp_path / "out")
    with (tmp_path / "out" / "clips.csv").open(newline="") as file:
        assert [row["label"] for row in csv.DictReader(file)] == ["dog barking", "raining", "raining", "x"]


@pytest.mark.parametrize("more", [["--frames", 2], ["--side", 32], ["--offset", 0], ["--moments", "other"]])
def test_a_folder_of_other_settings_is_left_alone(vggsound, tmp_path, more):
    out = tmp_path / "out"
    perform("vggsound", *vggsound, "--workers", 1, out)
    before = sorted((path, path.stat().st_mtime_ns) for path in out.rglob("*"))
    if more[0] == "--moments":
        (tmp_path / "other.json").write_text('{"a_3000_13000": [7]}')
        more = ["--moments", tmp_path / "other.json"]
    with pytest.raises(TrainingError, match=f"other settings .*{more[0][2:]}"):
        perform("vggsound", *vggsound, "--workers", 1, *more, out)
    assert sorted((path, path.stat().st_mtime_ns) for path in out.rglob("*")) == before


def test_vegas_becomes_pairs(tmp_path, capsys):
    write_video(tmp_path / "videos" / "dog" / "videos" / "one.mp4")
    assert perform("vegas", "--videos", tmp_path / "videos", "--workers", 1, tmp_path / "out") == 0
    assert "written: 1" in capsys.readouterr().out
    assert [pair.image for pair in open_source(tmp_path / "out").pairs] == ["dog_one.jpg"]


def test_not_one_clip_is_a_failure(tmp_path, capsys):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    assert perform("vegas", "--videos", tmp_path, "--workers", 1, tmp_path / "out") == 1
    assert "unreadable: 1" in capsys.readouterr().out


def test_numbers_that_cannot_be_are_told(tmp_path):
    (tmp_path / "a.mp4").touch()
    with pytest.raises(TrainingError, match="--frames"):
        perform("vegas", "--videos", tmp_path, "--frames", 0, tmp_path / "out")
    with pytest.raises(TrainingError, match="--per-shard"):
        perform("shards", tmp_path, tmp_path / "out", "--per-shard", 0)
    with pytest.raises(TrainingError, match="--seconds"):
        perform("measure", tmp_path, "--seconds", 0)


def test_measuring_what_cannot_be_used_is_told(tmp_path):
    for folder in ("images", "audios"):
        (tmp_path / folder).mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "images" / "a.jpg")
    soundfile.write(tmp_path / "audios" / "a.wav", np.zeros(100), 16_000)
    with pytest.raises(TrainingError, match="Not one pair"):
        perform("measure", tmp_path, "--seconds", 0.2, "--workers", 0)
