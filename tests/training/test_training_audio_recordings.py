import csv

import numpy as np
import pytest
import soundfile

from s2s_live.errors import TrainingError
from s2s_live.training.recordings import attribution, folds, load_mono, read_folders, read_labels
from s2s_live.world.families import FAMILY_IDS


def write(folder, rows, columns=("file", "label", "author", "license", "source")):
    folder.mkdir(exist_ok=True)
    with (folder / "clips.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        table.writerows(rows)


def sound(path, seconds=1.5, rate=16000, level=0.1, channels=1):
    path.parent.mkdir(exist_ok=True, parents=True)
    data = level * np.random.default_rng(0).standard_normal((int(seconds * rate), channels))
    soundfile.write(path, np.clip(data, -1, 1), rate)


def test_label_table_names_known_families_and_the_agreed_ones():
    table = read_labels()
    assert {family for families in table.values() for family in families} == set(FAMILY_IDS)
    agreed = {"person_sneeze": "voice", "coffee_shop": "crowd", "boat": "sea", "chainsaw": "engine"}
    agreed |= {
        "helicopter": "aircraft",
        "dog_bark": "dog",
        "city": "city_traffic",
        "summer_night": "night_insects",
    }
    assert {label: table[label][0] for label in agreed} == agreed


def test_label_table_with_an_unknown_family_is_refused(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("label,family\nfog,moon\n")
    with pytest.raises(TrainingError, match="moon"):
        read_labels(path)


def test_usable_files_are_read_and_others_are_named(tmp_path):
    folder = tmp_path / "mine"
    sound(folder / "a.wav")
    sound(folder / "audio" / "b.flac", rate=44100, channels=2)
    sound(folder / "short.wav", seconds=0.4)
    sound(folder / "quiet.wav", level=0.0)
    sound(folder / "slow.wav", rate=4000)
    sound(folder / "odd.wav")
    (folder / "broken.ogg").write_bytes(b"OggS nothing")
    (folder / "empty.wav").write_bytes(b"")
    names = ["a.wav", "b.flac", "short.wav", "quiet.wav", "slow.wav", "broken.ogg", "empty.wav", "gone.wav"]
    write(folder, [(n, "rain", "someone", "CC0", "web 1") for n in names] + [("odd.wav", "fog", "", "", "")])
    found = read_folders([folder])
    assert [clip.path.name for clip in found.clips] == ["a.wav", "b.flac"]
    assert found.clips[1].samples.size == pytest.approx(24000, abs=2)
    assert found.clips[0].samples.dtype == np.float32
    reasons = {problem.path.name: problem.reason for problem in found.problems}
    assert reasons == {
        "short.wav": "too short",
        "quiet.wav": "silent",
        "slow.wav": "of a sample rate below 8000 Hz",
        "broken.ogg": "unreadable",
        "empty.wav": "unreadable",
        "gone.wav": "missing",
        "odd.wav": "of the unknown label 'fog'",
    }
    assert "2 recordings used" in found.summary()
    assert "2 unreadable" in found.summary()
    assert attribution(found.clips) == [("someone", "CC0", "web 1")]


def test_a_file_with_nan_is_left_out(tmp_path):
    data = np.zeros(20000, np.float32)
    data[5] = np.nan
    soundfile.write(tmp_path / "nan.wav", data, 16000, subtype="FLOAT")
    assert load_mono(tmp_path / "nan.wav")[1] == "not finite"


def test_files_outside_the_folder_are_not_read(tmp_path):
    sound(tmp_path / "secret.wav")
    write(tmp_path / "mine", [("../secret.wav", "rain", "", "", "")])
    assert read_folders([tmp_path / "mine"]).problems[0].reason == "missing"


@pytest.mark.parametrize("text", [None, "nothing,here\n1,2\n"])
def test_a_folder_without_a_table_is_refused(tmp_path, text):
    if text:
        (tmp_path / "clips.csv").write_text(text)
    with pytest.raises(TrainingError, match=r"clips\.csv"):
        read_folders([tmp_path])


def test_whole_sources_are_held_out_and_lone_ones_never(tmp_path):
    folder = tmp_path / "mine"
    rows = []
    for index in range(8):
        sound(folder / f"r{index}.wav")
        rows.append((f"r{index}.wav", "rain", "", "", f"web {index // 2}"))
    sound(folder / "w.wav")
    write(folder, [*rows, ("w.wav", "wind", "", "", "web wind")])
    clips = read_folders([folder]).clips
    held = folds(clips, 4)
    assert held[-1] is None
    assert [held[2 * k] == held[2 * k + 1] for k in range(4)] == [True] * 4
    assert sorted({fold for fold in held if fold is not None}) == [0, 1, 2, 3]
    assert folds(clips[::-1], 4) == held[::-1]
    with pytest.raises(ValueError, match="two"):
        folds(clips, 1)
