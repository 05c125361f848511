"""Pictures and WAV, stills, offline files, encoders."""

from __future__ import annotations

import time
import wave

import cv2
import numpy as np
import pytest

from s2s_live.errors import RecordingError
from s2s_live.record.codecs import encoders
from s2s_live.record.offline import OfflineWriter
from s2s_live.record.recorder import Recorder
from s2s_live.record.settings import RecordSettings
from s2s_live.record.still import save_still
from s2s_live.record.video import VideoWriter

RATE = 48_000


def test_png_sequence_and_wav(tmp_path, ring, frame):
    recorder = Recorder(RecordSettings(tmp_path, size=32, format="png", stem="take", fps=25), ring, 0)
    recorder.start()
    sound = np.random.default_rng(0).uniform(-1, 1, (RATE, 2)).astype(np.float32)
    for position in range(0, RATE, 1920):
        recorder.offer(frame(position, position // 1920 * 10))
        ring.write(sound[position : position + 1920])
        while recorder.status().behind_s > 0.3:  # a late recorder leaves frames out
            time.sleep(0.001)
    recording = recorder.stop()
    assert recording.complete
    assert recording.path == tmp_path / "take"
    pictures = sorted(recording.path.glob("*.png"))
    assert [picture.name for picture in pictures] == [f"{number:06d}.png" for number in range(1, 26)]
    for number in (0, 7, 24):
        picture = cv2.imread(str(pictures[number]))
        assert picture.shape == (32, 32, 3)
        assert (picture == number * 10).all()
    with wave.open(str(recording.path / "sound.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (RATE, 2, RATE)
        raw = np.frombuffer(file.readframes(RATE), np.uint8).reshape(-1, 3)
    wide = np.zeros((len(raw), 4), np.uint8)
    wide[:, 1:] = raw
    got = wide.view("<i4").reshape(-1, 2) / 2**31
    assert np.abs(got - sound).max() < 1e-6


def test_a_png_sequence_without_sound_has_no_wav(tmp_path, ring):
    recorder = Recorder(RecordSettings(tmp_path, size=32, format="png", stem="take", sound=False), ring, 0)
    recorder.start()
    ring.write(np.zeros((RATE, 2), np.float32))
    assert not (recorder.stop().path / "sound.wav").exists()


def test_a_still_has_the_right_colours_size_and_name(tmp_path, frame):
    picture = np.zeros((32, 32, 3), np.uint8)
    picture[:] = (200, 100, 50)
    paths = [save_still(frame(0, picture), tmp_path / "stills", 301) for _ in range(2)]
    assert paths[0] != paths[1]
    assert paths[0].name.startswith("s2s-live 20")
    got = cv2.imread(str(paths[0]))
    assert got.shape == (300, 300, 3)
    assert (got == (50, 100, 200)).all()


def test_a_still_that_cannot_be_written_is_named(tmp_path, frame):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(RecordingError):
        save_still(frame(0), tmp_path / "file", 100)


def test_an_offline_file_appears_only_when_it_is_whole(tmp_path, film, boxes_of):
    path = tmp_path / "new" / "out.mp4"
    with OfflineWriter(path, 96, 24, width=128) as writer:
        for number in range(48):
            writer.write_frame(np.full((48, 64, 3), number * 5, np.uint8))
            writer.write_sound(np.full((2000, 2), 0.1, np.float32))
            assert not path.exists()
    assert [entry.name for entry in path.parent.iterdir()] == ["out.mp4"]
    got = film(path)
    assert got.size == (128, 96)
    assert len(got.times) == 48
    assert np.all(np.diff(got.luma) > 0)
    assert got.seconds == pytest.approx(2.0, abs=0.03)
    assert "moof" not in boxes_of(path)
    assert boxes_of(path).index("moov") < boxes_of(path).index("mdat")


def test_an_aborted_render_leaves_what_was_there(tmp_path):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"older")

    def render():
        with OfflineWriter(path, 64, 30) as writer:
            writer.write_frame(np.zeros((64, 64, 3), np.uint8))
            raise KeyError

    with pytest.raises(KeyError):
        render()
    assert path.read_bytes() == b"older"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.mp4"]


def test_offline_files_are_the_same_twice(tmp_path):
    for name in "ab":
        with OfflineWriter(tmp_path / f"{name}.mp4", 64, 30) as writer:
            for number in range(20):
                writer.write_frame(np.full((64, 64, 3), number, np.uint8))
                writer.write_sound(np.zeros((1600, 2), np.float32))
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("name", ["file/out.mp4", "file"])
def test_an_offline_path_that_cannot_be_written(tmp_path, name):
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "out.mp4").mkdir()

    def render():
        with OfflineWriter(tmp_path / name, 64, 30) as writer:
            writer.write_frame(np.zeros((64, 64, 3), np.uint8))
            writer.write_sound(np.zeros((4800, 2), np.float32))

    with pytest.raises(RecordingError):
        render()
    assert not list(tmp_path.rglob("*.part"))


def test_a_video_without_a_single_frame_or_sample_closes(tmp_path):
    for live in (True, False):
        writer = VideoWriter(tmp_path / f"{live}.mp4", 64, 30, live=live)
        writer.close()
        writer.close()


def test_a_picture_of_the_wrong_kind_is_refused(tmp_path):
    writer = VideoWriter(tmp_path / "x.mp4", 64, 30)
    for picture in (np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3), np.float32)):
        with pytest.raises(RecordingError):
            writer.write_frame(picture)
    writer.close()


def test_the_encoders_are_known():
    found = encoders()
    assert found["video"] in ("libx264", "libopenh264", "mpeg4")
    assert found["sound"] == "aac"


@pytest.mark.parametrize("live", [True, False])
def test_the_last_resort_encoder_works_too(tmp_path, monkeypatch, film, live):
    monkeypatch.setattr("s2s_live.record.codecs._VIDEO", ("no_such_encoder", "mpeg4"))
    assert "MPEG-4" in encoders()["message"]
    writer = VideoWriter(tmp_path / "x.mp4", 128, 30, live=live)
    for _ in range(10):
        writer.write_frame(np.full((64, 64, 3), 200, np.uint8))
        writer.write_sound(np.zeros((1600, 2), np.float32))
    writer.close()
    got = film(tmp_path / "x.mp4")
    assert len(got.times) == 10
    assert np.abs(got.last.astype(int) - 200).max() <= 3


def test_without_any_encoder_the_way_out_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("s2s_live.record.codecs._VIDEO", ("no_such_encoder",))
    assert encoders()["message"]
    with pytest.raises(RecordingError, match="PNG sequence"):
        VideoWriter(tmp_path / "x.mp4", 64, 30)
