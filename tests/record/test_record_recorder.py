from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from waiting import wait_for

from s2s_live.errors import RecordingError
from s2s_live.record.recorder import Recorder
from s2s_live.record.settings import RecordSettings
from s2s_live.tracing import recording as tracing

RATE = 48_000


def settings(folder, **more):
    return RecordSettings(folder=folder, **{"size": 64, "stem": "take", "remux": False} | more)


def play(recorder, ring, frame, seconds, paint_every=800, light=None, sound=None):
    """Push a show through the recorder as fast as it takes it, in 10 ms ticks."""
    first = ring.written
    painted = first
    for start in range(first, first + int(seconds * RATE), 480):
        at = np.arange(start, start + 480)
        wave = sound(at) if sound else np.zeros(480)
        ring.write(np.stack([wave, wave], 1).astype(np.float32))
        while painted < start:
            recorder.offer(frame(painted, light(painted) if light else 128, 16))
            painted += paint_every
        while recorder.status().behind_s > 0.4 and recorder.status().state == "recording":
            time.sleep(0.001)


def test_length_rate_and_sound(tmp_path, ring, frame, film):
    ring.write(np.zeros((10_000, 2), np.float32))
    recorder = Recorder(settings(tmp_path), ring, ring.written)
    recorder.start()
    play(recorder, ring, frame, 2.0, sound=lambda at: 0.5 * np.sin(at * 0.1))
    recording = recorder.stop()
    assert recording.complete
    assert (recording.frames, recording.seconds, recording.lost_samples) == (60, 2.0, 0)
    got = film(recording.path)
    assert np.allclose(np.diff(got.times), 1 / 30, atol=1e-6)
    assert len(got.times) == 60
    assert got.seconds == pytest.approx(2.0, abs=0.03)
    assert np.abs(got.sound).max() == pytest.approx(0.5, abs=0.1)
    assert got.size == (64, 64)


def test_a_trace_tells_every_slot_and_all_sound(tmp_path, ring, frame):
    recorder = Recorder(settings(tmp_path), ring, 0)
    with tracing(tmp_path / "trace.json"):
        recorder.start()
        play(recorder, ring, frame, 1.0, paint_every=4800)
        recording = recorder.stop()
    stages = {}
    for event in json.loads((tmp_path / "trace.json").read_text())["traceEvents"]:
        if event["ph"] == "X":
            stages.setdefault(event["name"], []).append(event["args"])
    assert len(stages["repeat"]) == recording.repeated > 0
    slots = [stage["slot"] for name in ("encode", "repeat") for stage in stages[name]]
    assert sorted(slots) == list(range(recording.frames))
    assert sum(stage["samples"] for stage in stages["sound"]) == RATE


def test_a_take_begins_with_the_newest_sound_not_with_history(tmp_path, ring, frame, film):
    ring.write(np.full((RATE, 2), 0.9, np.float32))
    recorder = Recorder(settings(tmp_path), ring, ring.written)
    recorder.start()
    play(recorder, ring, frame, 1.0)
    got = film(recorder.stop().path)
    assert np.abs(got.sound).max() < 0.01


def test_a_take_begins_with_the_picture_that_is_shown(tmp_path, ring, frame, film):
    ring.write(np.zeros((RATE, 2), np.float32))
    recorder = Recorder(settings(tmp_path), ring, ring.written)
    recorder.start(frame(ring.written - 4800, 200, 16))
    ring.write(np.zeros((RATE, 2), np.float32))  # a second goes by before anything is painted anew
    recording = recorder.stop()
    got = film(recording.path)
    assert len(got.times) == 30
    assert got.luma.min() > 150


def test_a_take_that_begins_before_anything_is_painted_waits_for_the_first_picture(
    tmp_path, ring, frame, film
):
    recorder = Recorder(settings(tmp_path), ring, 0)
    recorder.start()
    ring.write(np.zeros((RATE, 2), np.float32))
    time.sleep(0.2)
    assert recorder.status().frames == 0
    recorder.offer(frame(RATE, 200))
    ring.write(np.zeros((RATE, 2), np.float32))
    got = film(recorder.stop().path)
    assert len(got.times) == 60
    assert got.luma.min() > 150


@pytest.mark.parametrize(("seconds", "fps"), [pytest.param(60, 30, marks=pytest.mark.slow), (15, 60)])
def test_sound_and_picture_stay_together(tmp_path, ring, frame, film, seconds, fps):
    """A beep and a flash each second, 45 frames painted a second: within 40 ms to the end, and no drift."""
    flash = RATE // 10

    def wave(at):
        return np.where(at % RATE < flash, 0.5 * np.sin(at * 2 * np.pi * 1000 / RATE), 0.0)

    recorder = Recorder(settings(tmp_path, fps=fps), ring, 0)
    recorder.start()
    play(recorder, ring, frame, seconds, 1067, lambda at: 255 if at % RATE < flash else 0, wave)
    recording = recorder.stop()
    assert recording.complete
    assert recording.dropped == 0
    got = film(recording.path)
    assert len(got.times) == seconds * fps
    bright = got.luma > 128
    flashes = np.array(got.times)[np.flatnonzero(bright[1:] & ~bright[:-1]) + 1]
    loud = np.abs(got.sound[:, 0]) > 0.2
    starts = np.flatnonzero(loud)
    starts = starts[np.diff(starts, prepend=-RATE) > RATE // 2]
    beeps = got.sound_start + starts / RATE
    assert len(beeps) == seconds
    offsets = flashes - beeps[1:]
    assert np.abs(offsets).max() < 0.040
    early, late = np.array_split(offsets, 2)
    assert abs(early.mean() - late.mean()) < 0.010


def test_frames_are_repeated_while_the_painter_stalls(tmp_path, ring, frame, film):
    recorder = Recorder(settings(tmp_path), ring, 0)
    recorder.start()
    recorder.offer(frame(0, 200))
    ring.write(np.zeros((RATE, 2), np.float32))
    recording = recorder.stop()
    assert recording.frames == 30
    assert recording.repeated == 29
    assert film(recording.path).luma.min() > 150


def test_without_any_frame_the_picture_is_black(tmp_path, ring, film):
    recorder = Recorder(settings(tmp_path), ring, 0)
    recorder.start()
    ring.write(np.zeros((RATE, 2), np.float32))
    recording = recorder.stop()
    assert recording.frames == 30
    assert film(recording.path).luma.max() < 20


def test_lost_sound_becomes_counted_silence(tmp_path, frame, film):
    from s2s_live.audio.ring import SampleRing

    small = SampleRing(RATE // 2, 2, RATE)
    small.write(np.full((RATE, 2), 0.5, np.float32))
    recorder = Recorder(settings(tmp_path), small, 0)
    recorder.start()
    recording = recorder.stop()
    assert recording.complete
    assert recording.lost_samples == RATE // 2
    got = film(recording.path)
    assert got.seconds == pytest.approx(1.0, abs=0.03)
    assert np.abs(got.sound[: RATE // 2 - 2048]).max() < 0.05
    assert np.abs(got.sound[RATE // 2 + 2048 : RATE - 2048]).mean() > 0.3


def test_nan_and_clipped_samples_do_not_end_a_take(tmp_path, ring, frame, film):
    recorder = Recorder(settings(tmp_path), ring, 0)
    recorder.start()
    bad = np.full((RATE, 2), 7.0, np.float32)
    bad[1000:2000] = np.nan
    bad[3000:4000] = -np.inf
    ring.write(bad)
    recording = recorder.stop()
    assert recording.complete
    assert np.isfinite(film(recording.path).sound).all()


def test_without_sound(tmp_path, ring, frame, film):
    recorder = Recorder(settings(tmp_path, sound=False), ring, 0)
    recorder.start()
    play(recorder, ring, frame, 1.0)
    got = film(recorder.stop().path)
    assert len(got.times) == 30
    assert len(got.sound) == 0


def test_a_slow_disk_drops_frames_never_the_painter_nor_the_clock(tmp_path, ring, frame, film):
    """While the recorder is held up, offering stays immediate; afterwards the film is as long as the show."""
    recorder = Recorder(settings(tmp_path), ring, 0)
    for position in range(0, 20 * RATE, 1600):  # twenty seconds painted before the thread runs at all
        recorder._state = "recording"
        recorder.offer(frame(position))
    ring.write(np.zeros((20 * RATE, 2), np.float32))
    recorder._state = "idle"
    recorder.start()
    recording = recorder.stop(timeout=20.0)
    assert recording.complete
    assert recording.dropped >= 600 - 96
    assert abs(recording.frames - recording.repeated + recording.dropped - 600) <= 1
    assert recording.seconds == 20.0
    assert len(film(recording.path).times) == 600


@pytest.mark.parametrize("cut", [True, False])
def test_stop_returns_in_time_even_with_a_backlog(tmp_path, ring, film, cut):
    """Eight seconds behind at a large size: a closing program gets a shorter take, another one all of it."""
    recorder = Recorder(settings(tmp_path, size=480), ring, 0)
    ring.write(np.zeros((8 * RATE, 2), np.float32))
    recorder.start()
    recording = recorder.stop(timeout=0.5, cut=cut)
    if not cut and not recording.complete:
        assert "background" in recording.message
    assert wait_for(lambda: recorder.status().state == "finished", 60)
    assert recorder.stop().complete
    frames = recorder.status().frames
    assert frames == 240 or (cut and frames < 240)
    got = film(recording.path)
    assert len(got.times) == frames
    assert got.seconds == pytest.approx(frames / 30, abs=0.06)


def test_stop_twice_and_offer_after_stop_are_harmless(tmp_path, ring, frame):
    recorder = Recorder(settings(tmp_path), ring, 0)
    recorder.start()
    play(recorder, ring, frame, 0.5)
    first = recorder.stop()
    recorder.offer(frame(10**6))
    assert recorder.stop() == first
    assert recorder.status().state == "finished"
    assert not [t for t in threading.enumerate() if t.name == "s2s-recorder"]


def test_odd_sizes_are_made_even(tmp_path):
    assert settings(tmp_path, size=1079).size == 1078


@pytest.mark.parametrize("wrong", [{"size": 4000}, {"size": 2}, {"fps": 0}, {"format": "gif"}])
def test_what_cannot_be_recorded_is_refused_by_name(tmp_path, wrong):
    with pytest.raises(RecordingError) as caught:
        settings(tmp_path, **wrong)
    assert caught.value.hint


def test_up_to_2160(tmp_path, ring, frame, film):
    recorder = Recorder(settings(tmp_path, size=2160, fps=5), ring, 0)
    recorder.start()
    play(recorder, ring, frame, 1.0, 9600)
    assert film(recorder.stop(10).path).size == (2160, 2160)


def test_a_folder_that_cannot_be_written_is_said_at_once(tmp_path, ring):
    (tmp_path / "file").write_bytes(b"")
    recorder = Recorder(settings(tmp_path / "file" / "takes"), ring, 0)
    with pytest.raises(RecordingError) as caught:
        recorder.start()
    assert "Choose another folder" in caught.value.hint
    assert recorder.status().state == "idle"
    assert not recorder.stop().complete


def test_a_nearly_full_disk_warns_then_ends_the_take(tmp_path, ring, frame, film):
    free = 10**18
    warned = Recorder(settings(tmp_path, warn_below=free, stop_below=0), ring, 0)
    warned.start()
    play(warned, ring, frame, 1.5)
    assert wait_for(lambda: "MB are free" in warned.status().message)
    assert warned.stop().complete

    with pytest.raises(RecordingError, match="MB are free"):
        Recorder(settings(tmp_path, stop_below=free), ring, 0).start()

    ended = Recorder(settings(tmp_path, stop_below=1), ring, ring.written)
    ended.start()
    object.__setattr__(ended._settings, "stop_below", free)
    play(ended, ring, frame, 2.0)
    assert wait_for(lambda: ended.status().state == "finished")
    assert "was ended" in ended.status().message
    recording = ended.stop()
    assert recording.complete
    assert 1.0 <= recording.seconds < 2.0
    assert len(film(recording.path).times) == recording.frames


def test_status_shows_progress(tmp_path, ring, frame):
    recorder = Recorder(settings(tmp_path), ring, 0)
    assert recorder.status().state == "idle"
    recorder.start()
    play(recorder, ring, frame, 3.0)
    assert wait_for(lambda: recorder.status().seconds > 2.0 and recorder.status().bytes > 0)
    status = recorder.status()
    assert status.state == "recording"
    assert status.free_bytes > 0
    assert status.path == tmp_path / "take.mp4"
    assert status.heartbeat > 0
    recorder.stop()


def test_the_encoder_failing_ends_the_take_not_the_show(tmp_path, ring, frame, monkeypatch):
    """The file vanishes under the recorder: whatever the encoder raises, the thread ends in words."""
    recorder = Recorder(settings(tmp_path, format="png"), ring, 0)
    recorder.start()
    play(recorder, ring, frame, 0.5)
    assert wait_for(lambda: recorder.status().frames > 5)
    taken = tmp_path / "take"
    taken.rename(tmp_path / "moved")
    Path(taken).write_bytes(b"")
    play(recorder, ring, frame, 1.0)
    assert wait_for(lambda: recorder.status().state == "failed")
    assert "Choose another folder." in recorder.status().message
    recorder.offer(frame(ring.written))
    assert not recorder.stop().complete
    assert len(list((tmp_path / "moved").glob("*.png"))) > 5
