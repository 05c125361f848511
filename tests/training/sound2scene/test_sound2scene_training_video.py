"""Clips out of videos: the right frames, the right sound, and what is wrong with the others."""

import json
from fractions import Fraction

import numpy as np
import pytest
import soundfile
from PIL import Image

from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.collections_of_videos import parse_name, vegas, vggsound
from s2s_live.training.sound2scene.extraction import Plan, Task, begin, extract, extract_all
from s2s_live.training.sound2scene.source import open_source
from s2s_live.training.sound2scene.video import Cut, UnreadableClipError, read_clip


def seconds_of(picture):
    """When a frame is shown, as its grey says."""
    return float(np.asarray(picture, np.float64).mean()) / 25


@pytest.mark.parametrize("fps", [30, 25, Fraction(30000, 1001), 10, 9, 5])
def test_frames_are_a_tenth_of_a_second_apart_at_any_rate(tmp_path, make_video, fps):
    path = make_video(tmp_path / "v.mp4", fps)
    clip = read_clip(path, Cut(), range(100))
    assert sorted(clip.pictures) == list(range(100))
    for step, picture in clip.pictures.items():
        # The newest frame not after the step's own moment, to half a step.
        newest = np.floor((step / 10 + 0.05) * float(fps) + 1e-6) / float(fps)
        assert seconds_of(picture) == pytest.approx(newest, abs=0.07), step


def test_slow_videos_repeat_frames(tmp_path, make_video):
    clip = read_clip(make_video(tmp_path / "v.mp4", 5), Cut(), range(100))
    shown = [round(5 * seconds_of(clip.pictures[step])) for step in range(100)]
    assert shown == sorted(shown)
    assert {shown.count(value) for value in set(shown)} <= {1, 2, 3}
    assert len(set(shown)) == 50


def test_a_whole_video_is_cut_where_the_clip_is(tmp_path, make_video):
    path = make_video(tmp_path / "v.mp4", 25, 9.0)
    clip = read_clip(path, Cut(4.0, 3.0), [0, 10, 29, 30])
    assert sorted(clip.pictures) == [0, 10, 29]
    assert clip.steps == 30
    assert [seconds_of(clip.pictures[k]) for k in (0, 10, 29)] == pytest.approx([4.0, 5.0, 6.9], abs=0.1)
    assert len(clip.samples) == 48_000


@pytest.mark.parametrize(("rate", "layout"), [(44_100, "stereo"), (48_000, "mono"), (16_000, "mono")])
def test_sound_is_ten_seconds_of_mono_at_16_khz(tmp_path, make_video, rate, layout):
    clip = read_clip(make_video(tmp_path / "v.mp4", 10, 10.6, rate, layout), Cut(), [0])
    assert len(clip.samples) == 160_000
    middle = clip.samples[40_000:120_000]
    height = np.argmax(np.abs(np.fft.rfft(middle))) * 16_000 / len(middle)
    assert height == pytest.approx(440, abs=1)
    loud = 0.4 * (0.75 if layout == "stereo" else 1.0)
    assert np.sqrt(2.0) * middle.std() == pytest.approx(loud, rel=0.1)


def test_frames_that_a_short_clip_has_not_are_left_out(tmp_path, make_video):
    clip = read_clip(make_video(tmp_path / "v.mp4", 10, 4.0), Cut(), [-1, 0, 39, 40, 83])
    assert sorted(clip.pictures) == [0, 39]
    assert clip.steps == 40


def test_videos_that_give_no_pair_say_why(tmp_path, make_video):
    (tmp_path / "nonsense.mp4").write_bytes(b"no video" * 100)
    whole = make_video(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    make_video(tmp_path / "mute.mp4", 10, 2.0, layout=None)
    for name, why in {"nonsense": "cannot be read", "cut": "cannot be read", "mute": "no sound"}.items():
        with pytest.raises(UnreadableClipError, match=why):
            read_clip(tmp_path / f"{name}.mp4", Cut(), [0])


def test_a_pair_is_written_and_paired(tmp_path, make_video):
    path = make_video(tmp_path / "v.mp4")
    task = Task("id_-x_0_10000", path, Cut(), (48, 3, 200))
    outcome = extract(task, Plan(made(tmp_path / "out"), side=32))
    assert (outcome.kind, outcome.out_of_range) == ("written", (200,))
    pairs = open_source(tmp_path / "out").pairs
    assert [pair.image for pair in pairs] == ["id_-x_0_10000.00-48.jpg", "id_-x_0_10000.01-3.jpg"]
    with Image.open(tmp_path / "out" / "images" / pairs[0].image) as picture:
        assert picture.size == (48, 32)
        assert seconds_of(picture) == pytest.approx(4.7, abs=0.1)
    info = soundfile.info(tmp_path / "out" / "audios" / "id_-x_0_10000.wav")
    assert (info.samplerate, info.channels, info.frames, info.subtype) == (16_000, 1, 160_000, "PCM_16")


def made(out):
    for folder in ("images", "audios"):
        (out / folder).mkdir(parents=True)
    return out


@pytest.mark.parametrize(("offset", "shown"), [(1, 4.6), (0, 4.7)])
def test_the_offset_of_the_numbers_is_a_setting(tmp_path, make_video, offset, shown):
    task = Task("a", make_video(tmp_path / "v.mp4"), Cut(), (47,))
    assert extract(task, Plan(made(tmp_path / "out"), offset=offset)).kind == "written"
    with Image.open(tmp_path / "out" / "images" / "a.jpg") as picture:
        assert seconds_of(picture) == pytest.approx(shown, abs=0.08)


def test_without_moments_the_middle_of_what_there_is(tmp_path, make_video):
    out = made(tmp_path / "out")
    for name, length in (("long", 10.0), ("short", 3.0)):
        extract(Task(name, make_video(tmp_path / f"{name}.mp4", 10, length)), Plan(out))
    found = []
    for name in ("long", "short"):
        with Image.open(out / "images" / f"{name}.jpg") as picture:
            found.append(seconds_of(picture))
    assert found == pytest.approx([5.0, 1.5], abs=0.1)


@pytest.mark.parametrize("workers", [1, 2])
def test_many_clips_are_reported_and_a_second_run_keeps_them(tmp_path, make_video, workers):
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    tasks = [
        Task("good", make_video(tmp_path / "good.mp4"), Cut(), (5, 300)),
        Task("none", make_video(tmp_path / "none.mp4", 10, 2.0), Cut(), (80,)),
        Task("brief", make_video(tmp_path / "brief.mp4", 10, 2.0, sound_seconds=0.5), Cut(), (3,)),
        Task("bad", tmp_path / "bad.mp4"),
        Task("away", None),
    ]
    out = tmp_path / "out"
    counts = extract_all(tasks, Plan(out), workers).counts
    wrong = {"missing": 1, "frames out of range": 2, "channels mixed": 1, "sound resampled": 1}
    assert counts == {"written": 1, "unreadable": 3, **wrong}
    table = json.loads((out / "report.json").read_text())
    assert {row["name"]: row["out_of_range"] for row in table["problems"]} == {
        "good": [300], "none": [80], "brief": [], "bad": [], "away": [],
    }  # fmt: skip
    assert sorted(path.name for path in out.rglob("*.*")) == [
        "good.00-5.jpg", "good.wav", "plan.json", "report.json",
    ]  # fmt: skip
    before = (out / "audios" / "good.wav").stat().st_mtime_ns
    (tmp_path / "bad.mp4").write_bytes((tmp_path / "good.mp4").read_bytes())
    counts = extract_all(tasks, Plan(out), workers).counts
    assert counts == {"already": 1, "written": 1, "unreadable": 2, **wrong}
    assert (out / "audios" / "good.wav").stat().st_mtime_ns == before


def test_slow_videos_are_named(tmp_path, make_video):
    tasks = [
        Task("slow", make_video(tmp_path / "slow.mp4", 5)),
        Task("swift", make_video(tmp_path / "b.mp4")),
    ]
    extract_all(tasks, Plan(tmp_path / "out"))
    for _ in range(2):  # said again by a second run, which cuts nothing
        table = json.loads((tmp_path / "out" / "report.json").read_text())
        assert table["counts"]["under 10 frames per second"] == 1
        assert [row["name"] for row in table["problems"]] == ["slow"]
        extract_all(tasks, Plan(tmp_path / "out"))


def test_an_interrupted_run_has_told_of_what_it_did(tmp_path, make_video, monkeypatch):
    tasks = [Task("a", make_video(tmp_path / "a.mp4"), Cut(), (5, 300)), Task("b", None), Task("c", None)]

    def interrupted(task, plan):
        if task.name == "b":
            raise KeyboardInterrupt
        return extract(task, plan)

    monkeypatch.setattr("s2s_live.training.sound2scene.extraction.extract", interrupted)
    with pytest.raises(KeyboardInterrupt):
        extract_all(tasks, Plan(tmp_path / "out"))
    monkeypatch.undo()
    table = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [(row["name"], row["out_of_range"]) for row in table["problems"]] == [("a", [300])]
    counts = extract_all(tasks, Plan(tmp_path / "out")).counts
    assert (counts["already"], counts["missing"], counts["frames out of range"]) == (1, 2, 1)


@pytest.mark.parametrize("damage", ["cut short", "missing"])
def test_pairs_of_an_unknown_plan_are_left_alone(tmp_path, make_video, damage):
    out = tmp_path / "out"
    extract_all([Task("a", make_video(tmp_path / "a.mp4"))], Plan(out))
    (out / "plan.json").write_text("{") if damage == "cut short" else (out / "plan.json").unlink()
    with pytest.raises(TrainingError, match="not how they were cut"):
        extract_all([Task("b", tmp_path / "a.mp4")], Plan(out))
    assert not (out / "audios" / "b.wav").exists()


@pytest.mark.parametrize("text", ["file,label,source\na,b,c\n", "name,label,split\na\n", "", "\xe4"])
def test_another_table_in_the_place_of_the_labels_is_left_alone(tmp_path, text):
    path = tmp_path / "clips.csv"
    path.write_bytes(text.encode("cp1252"))
    with pytest.raises(TrainingError, match=r"clips\.csv"):
        begin(Plan(tmp_path), [("a", "rain", "train")])
    assert path.read_bytes() == text.encode("cp1252")


def test_a_report_of_before_there_were_remarks_is_read(tmp_path, make_video):
    out = tmp_path / "out"
    extract_all([Task("a", make_video(tmp_path / "a.mp4"), Cut(), (5, 300))], Plan(out))
    table = json.loads((out / "report.json").read_text())
    for row in table["problems"]:
        del row["remarks"]
    (out / "report.json").write_text(json.dumps(table))
    assert extract_all([Task("a", tmp_path / "a.mp4")], Plan(out)).counts["frames out of range"] == 1


def test_a_full_disk_stops_with_a_word_and_leaves_no_half_pair(tmp_path, make_video):
    tasks = [Task("a", make_video(tmp_path / "a.mp4"))]
    resource = pytest.importorskip("resource", reason="no limit on the size of files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(TrainingError, match="cannot be written"):
            extract_all(tasks, Plan(tmp_path / "out"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list((tmp_path / "out" / "audios").iterdir()) == []
    assert extract_all(tasks, Plan(tmp_path / "out")).counts["written"] == 1


def test_names_are_parted_from_the_right():
    assert parse_name("9fh_-_TI_44000_54000") == ("9fh_-_TI", 44000, 54000)
    assert parse_name("-12_3_0_10000") == ("-12_3", 0, 10000)
    with pytest.raises(ValueError, match="names no video"):
        parse_name("_0_10000")


def test_vggsound_finds_videos_as_people_name_them(tmp_path):
    videos = tmp_path / "videos" / "deep"
    videos.mkdir(parents=True)
    for name in ("a_b_44000_54000.mp4", "-c_000007.webm", "d_9.mkv", "e.mp4"):
        (videos / name).touch()
    rows = 'a_b,44,"dog, barking",train\n-c,7,rain,test\nd,9,rain,test\ne,30,wind,train\nf,1,wind,train\n'
    (tmp_path / "v.csv").write_text(rows)
    names = ("a_b_44000_54000", "-c_7000_17000", "d_9000_19000", "e_30000_40000", "f_1000_11000")
    moments = {name: [47, 46, 9] for name in names}
    (tmp_path / "m.json").write_text(json.dumps(moments))
    listed = vggsound(tmp_path / "v.csv", tmp_path / "videos", tmp_path / "m.json", 2)
    assert [clip.task.name for clip in listed] == list(names)
    found = [clip.task.path.name if clip.task.path else None for clip in listed]
    assert found == ["a_b_44000_54000.mp4", "-c_000007.webm", "d_9.mkv", "e.mp4", None]
    assert [clip.task.cut.begin_s for clip in listed] == [0, 0, 0, 30, 1]
    assert {clip.task.frames for clip in listed} == {(47, 46)}
    assert (listed[0].label, listed[0].split) == ("dog, barking", "train")
    del moments["e_30000_40000"]
    (tmp_path / "m.json").write_text(json.dumps(moments))
    assert len(vggsound(tmp_path / "v.csv", tmp_path / "videos", tmp_path / "m.json", 2)) == 4


@pytest.mark.parametrize(
    ("rows", "moments"),
    [("a,b\nc,d\n", "{}"), ("../up,3,x,y\n", "{}"), ("a,3,x,y\n", "[]"), ("a,3,x,y\n", '{"a": [1]}')],
)
def test_lists_that_are_none_are_told(tmp_path, rows, moments):
    (tmp_path / "a.mp4").touch()
    (tmp_path / "v.csv").write_text(rows)
    (tmp_path / "m.json").write_text(moments)
    with pytest.raises(TrainingError):
        vggsound(tmp_path / "v.csv", tmp_path, tmp_path / "m.json", 1)


def test_vegas_folders_are_classes(tmp_path):
    for name in ("dog/videos/v.1.mp4", "rail transport/v2.mp4"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "m.json").write_text('{"dog_v_1": [7, 8]}')
    listed = vegas(tmp_path, tmp_path / "m.json", 1)
    assert [(clip.task.name, clip.label) for clip in listed] == [
        ("dog_v_1", "dog"),
        ("rail_transport_v2", "rail transport"),
    ]
    assert [clip.task.frames for clip in listed] == [(7,), ()]
