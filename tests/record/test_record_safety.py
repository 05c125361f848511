"""What a kill, a full disk and a closing program leave behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from waiting import wait_for

from s2s_live.record import pending
from s2s_live.record.detached import finish_pending
from s2s_live.record.fragments import trim_fragments
from s2s_live.record.recorder import Recorder
from s2s_live.record.remux import finish, main, read_contents
from s2s_live.record.settings import RecordSettings
from s2s_live.record.video import VideoWriter

RATE = 48_000

SHOW = """
import resource, signal, sys, time
from pathlib import Path
import numpy as np
from s2s_live.audio.ring import SampleRing
from s2s_live.live.frame import Frame
from s2s_live.record.recorder import Recorder
from s2s_live.record.settings import RecordSettings

folder, size, form, limit, seconds, speed = Path(sys.argv[1]), *sys.argv[2:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
ring = SampleRing(30 * 48_000, 2, 48_000)
settings = RecordSettings(folder, size=int(size), format=form, stem="take", stop_below=0, warn_below=0)
recorder = Recorder(settings, ring, 0)
recorder.start()
chance = np.random.default_rng(0)
began = time.monotonic()
for tick in range(int(float(seconds) * 100)):
    ring.write(chance.normal(0, 0.1, (480, 2)).astype(np.float32))
    if tick % 2 == 0:
        picture = chance.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        recorder.offer(Frame(tick, tick * 480, picture, 0.0, 0.0))
    print(ring.written, recorder.status().state, flush=True)
    time.sleep(max(0.0, began + (tick + 1) * 0.01 / float(speed) - time.monotonic()))
while recorder.status().state == "recording" and recorder.status().behind_s > 0.3:
    time.sleep(0.01)
status = recorder.status()
recording = recorder.stop()
print("end", status.state, recording.complete, recording.frames, recording.message, flush=True)
"""


def show(folder, size=64, form="mp4", limit=0, seconds=60.0, speed=1.0):
    arguments = [str(folder), str(size), form, str(limit), str(seconds), str(speed)]
    return subprocess.Popen(
        [sys.executable, "-c", SHOW, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": "."},
    )


def kill_at(child, samples):
    """SIGKILL once the programme is that long; returns how long it was."""
    written = 0
    for line in child.stdout:
        written = int(line.split()[0])
        if written >= samples:
            break
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return written


def fragmented(path, seconds=3, size=64):
    writer = VideoWriter(path, size, 30, live=True)
    chance = np.random.default_rng(1)
    for _ in range(seconds * 30):
        writer.write_frame(chance.integers(0, 256, (32, 32, 3), dtype=np.uint8))
        writer.write_sound(chance.normal(0, 0.1, (1600, 2)).astype(np.float32))
    writer.close()
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_recording_plays_up_to_the_last_second_and_is_finished_at_the_next_start(
    tmp_path, film, boxes_of
):
    written = kill_at(show(tmp_path), 3 * RATE)
    path = tmp_path / "take.mp4"
    got = film(path)
    assert len(got.times) / 30 > written / RATE - 1.0
    assert got.seconds > written / RATE - 1.0
    assert "moof" in boxes_of(path)

    assert finish_pending(tmp_path) == [path]
    assert wait_for(lambda: not pending.unfinished(tmp_path))
    plain = film(path)
    assert "moof" not in boxes_of(path)
    assert boxes_of(path).index("moov") < boxes_of(path).index("mdat")
    assert plain.times == got.times
    assert plain.seconds == got.seconds
    assert finish_pending(tmp_path) == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["take.mp4"]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_png_recording_has_a_valid_wav(tmp_path):
    written = kill_at(show(tmp_path, form="png"), 2 * RATE)
    with wave.open(str(tmp_path / "take" / "sound.wav")) as sound:
        frames = sound.getnframes()
        assert len(sound.readframes(frames)) == frames * 6
    assert frames > written - RATE
    assert len(list((tmp_path / "take").glob("*.png"))) > (written / RATE - 1.0) * 30


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_FSIZE")
@pytest.mark.parametrize(("form", "limit"), [("mp4", 2_000_000), ("png", 400_000)])
def test_a_full_disk_ends_the_take_in_words_and_what_was_written_plays(tmp_path, form, limit, film):
    """A limit on the file's size fails the write in the middle, as a full disk does."""
    child = show(tmp_path, 256, form, limit, 5.0, 4.0)
    lines = child.stdout.read().splitlines()
    assert child.wait() == 0
    assert lines[-1].startswith("end failed False")
    assert "largest size" in lines[-1]
    assert len(lines) == 501, "the show went on to its end"
    if form == "mp4":
        got = film(tmp_path / "take.mp4")
        assert len(got.times) > 10
        assert abs(len(got.times) / 30 - got.seconds) < 0.6
    else:
        assert len(list((tmp_path / "take").glob("*.png"))) > 10
        with wave.open(str(tmp_path / "take" / "sound.wav")) as sound:
            assert len(sound.readframes(RATE * 60)) == sound.getnframes() * 6 > 0


@pytest.fixture
def tiny_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = sys.platform == "linux" and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("mounting is not permitted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=False)


def test_a_really_full_disk(tiny_disk, film):
    child = show(tiny_disk, 256, "mp4", 0, 5.0, 4.0)
    lines = child.stdout.read().splitlines()
    child.wait()
    assert lines[-1].startswith("end failed False")
    assert "The disk is full" in lines[-1]
    assert len(film(tiny_disk / "take.mp4").times) > 10


def test_half_a_fragment_is_cut_off(tmp_path, film, boxes_of):
    path = fragmented(tmp_path / "take.mp4")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    assert trim_fragments(path)
    assert boxes_of(path)[-1] == "mdat"
    assert len(film(path).times) >= 30
    path.write_bytes(whole[:700])
    assert not trim_fragments(path)
    assert path.stat().st_size == 700


def test_a_clean_stop_is_rewritten_beside_the_show(tmp_path, ring, frame, film, boxes_of):
    recorder = Recorder(RecordSettings(tmp_path, size=64, stem="take"), ring, 0)
    recorder.start()
    ring.write(np.zeros((2 * RATE, 2), np.float32))
    recorder.offer(frame(0))
    path = recorder.stop().path
    assert wait_for(lambda: not recorder.status().converting)
    assert not pending.unfinished(tmp_path)
    assert "moof" not in boxes_of(path)
    got = film(path)
    assert len(got.times) == 60
    assert got.tags == (1, 1, 1, 1)


def test_a_video_being_recorded_is_left_alone(tmp_path, boxes_of):
    path = fragmented(tmp_path / "take.mp4")
    mark = pending.hold(path)
    assert pending.hold(path) is None
    before = path.read_bytes()
    assert main([str(path)]) == 1
    assert path.read_bytes() == before
    mark.release(done=False)
    assert main([str(path)]) == 0
    assert "moof" not in boxes_of(path)


def test_with_too_little_space_the_fragmented_file_stays_and_is_tried_again(tmp_path, monkeypatch):
    path = fragmented(tmp_path / "take.mp4", 1)
    before = path.read_bytes()
    monkeypatch.setattr("s2s_live.record.remux._SPARE", 10**18)
    assert not finish(path)
    assert path.read_bytes() == before
    assert pending.unfinished(tmp_path) == [path]
    monkeypatch.undo()
    assert finish(path)
    assert pending.unfinished(tmp_path) == []


def test_a_copy_that_differs_never_replaces_the_original(tmp_path, monkeypatch):
    path = fragmented(tmp_path / "take.mp4", 1)
    before = path.read_bytes()

    def lossy(copy):
        contents = read_contents(copy)
        contents.streams[0].packets -= 1
        return contents

    monkeypatch.setattr("s2s_live.record.remux.read_contents", lossy)
    assert finish(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["take.mp4"]


@pytest.mark.parametrize("content", [None, b"", b"not a video at all, but long enough to look at"])
def test_marks_of_lost_or_broken_videos_are_cleared(tmp_path, content):
    path = tmp_path / "take.mp4"
    pending.hold(path).release(done=False)
    if content is not None:
        path.write_bytes(content)
    assert finish(path)
    assert pending.unfinished(tmp_path) == []
    assert content is None or path.read_bytes() == content


def test_pending_in_a_folder_that_is_not_there(tmp_path):
    assert finish_pending(tmp_path / "nowhere") == []
    assert finish_pending(Path("/proc/nowhere")) == []
