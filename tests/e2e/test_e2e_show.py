"""The whole way: sound into a microphone, a scene on the screen, both in the recording."""

import os
import signal
import subprocess
import sys
import time

import av
import cv2
import numpy as np
import pytest
import soundfile

from s2s_live.engines.registry import open_engine
from s2s_live.evaluation.hearing import hear_file
from s2s_live.store.library import find_model
from s2s_live.world.sounds import synthesise

pytestmark = [pytest.mark.slow, pytest.mark.virtual, pytest.mark.timeout(240)]

PART_S = 8.0


def wait_for(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {seconds} s"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def sounds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sounds")
    paths = {}
    for family, seed in (("rain", 5), ("fire", 6)):
        samples = synthesise(family, 0.7, seed, PART_S)
        # As loud as may be without a crackle that clips, of which the window would warn.
        gain = min(0.1 / float(np.sqrt(np.mean(samples**2))), 0.7 / float(np.abs(samples).max()))
        paths[family] = folder / f"{family}.wav"
        soundfile.write(paths[family], gain * samples, 16_000)
    return paths


def start_app(screen, mic, folder, *arguments):
    environment = {
        **screen.env,
        **mic.env,
        # One place for all starts of a test, as one person's are.
        "S2S_LIVE_CONFIG": str(folder.parent / "config"),
        "S2S_LIVE_LOGS": str(folder.parent / "logs"),
        "S2S_LIVE_MEMORY": str(folder.parent / "memory"),
        "S2S_LIVE_MILESTONES": str(folder / "marks"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "s2s_live", "run", "--device", "vmic1", *map(str, arguments)],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    marks = folder / "marks"
    try:
        wait_for(lambda: marks.exists() and "first_frame" in marks.read_text(), 60, "the first frame")
    except AssertionError:
        process.kill()
        raise
    return process


def decode(path):
    """Frames `[n]` of (seconds, picture 64x64 RGB) and the sound `[samples]` with its rate."""
    frames, sound = [], []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            picture = frame.to_ndarray(format="rgb24")
            small = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_AREA)
            frames.append((float(frame.pts * frame.time_base), small.astype(np.float32)))
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        sound.extend(frame.to_ndarray().mean(axis=0) for frame in container.decode(audio=0))
    return frames, np.concatenate(sound).astype(np.float32), rate


def warmth(picture):
    """Red above blue, of 255: flames have it, rain has not."""
    return float(picture[..., 0].mean() - picture[..., 2].mean())


def test_rain_and_fire_are_seen_on_the_screen_and_in_the_recording(screen, virtual_mic, sounds, tmp_path):
    take = tmp_path / "take.mp4"
    process = start_app(screen, virtual_mic, tmp_path, "--record", take, "--seed", "1")
    screenshots = {}
    try:
        for family, path in sounds.items():
            virtual_mic.play(path, wait=False)
            time.sleep(PART_S - 2)
            screenshots[family] = cv2.imread(str(screen.screenshot(tmp_path / f"{family}.png")))[..., ::-1]
            time.sleep(2)
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        _, errors = process.communicate(timeout=20)
        assert time.monotonic() - begun < 8, "closing while recording is prompt"
        assert process.returncode == 0, errors
    finally:
        process.kill()
    keep = os.environ.get("S2S_LIVE_SCREENSHOTS")
    if keep:
        os.makedirs(keep, exist_ok=True)  # noqa: PTH103
        for family, picture in screenshots.items():
            cv2.imwrite(os.path.join(keep, f"{family}.png"), picture[..., ::-1])  # noqa: PTH118
    assert warmth(screenshots["fire"]) > warmth(screenshots["rain"]) + 5
    check_recording(take, tmp_path)


def check_recording(take, folder):
    frames, sound, rate = decode(take)
    assert len(frames) > 30 * 2 * (PART_S - 1)
    steps = np.diff([at for at, _ in frames])
    assert steps == pytest.approx(1 / 30, abs=1e-3), "the frame rate is constant"
    assert len(sound) / rate == pytest.approx(len(frames) / 30, abs=0.1)
    halves = {"rain": [], "fire": []}
    engine = open_engine(find_model("world"))
    try:
        for family in halves:
            start, stop = find_family(engine, sound, rate, family, folder)
            halves[family] = [picture for at, picture in frames if start + 2.0 <= at < stop]
            assert len(halves[family]) > 60
    finally:
        engine.close()
    rain, fire = (np.mean(halves[family], axis=0) for family in ("rain", "fire"))
    assert np.abs(rain - fire).mean() > 15, "two clearly different scenes"
    assert warmth(fire) > 5, "flames are warm, even under a blue night"
    assert warmth(rain) < -15, "rain is cold"


def find_family(engine, sound, rate, family, folder):
    """(start, stop) in seconds of where the recording sounds like a family."""
    path = folder / "sound.wav"
    soundfile.write(path, sound, rate)
    windows = [window.t for window in hear_file(engine, path).windows if window.family == family]
    assert len(windows) >= 5, f"{family} is heard in the recording"
    return min(windows), max(windows) + 1.0


def test_an_unplugged_microphone_comes_back_by_itself(screen, virtual_mic, sounds, tmp_path):
    process = start_app(screen, virtual_mic, tmp_path, "--seed", "1")
    try:
        virtual_mic.unplug("all")
        time.sleep(3)
        assert process.poll() is None
        virtual_mic.replug("all")
        time.sleep(2)
        silence = cv2.imread(str(screen.screenshot(tmp_path / "silence.png")))[..., ::-1]
        virtual_mic.play(sounds["fire"], wait=False)
        time.sleep(PART_S - 2)
        picture = cv2.imread(str(screen.screenshot(tmp_path / "again.png")))[..., ::-1]
        assert warmth(picture) > warmth(silence) + 3
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert process.returncode == 0, errors
    finally:
        process.kill()


def test_two_instances_at_once(screen, virtual_mic, tmp_path):
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        folder.mkdir()
    takes = tmp_path / "takes"
    processes = [
        start_app(screen, virtual_mic, folder, "--record", takes / "take.mp4", "--seconds", "12")
        for folder in folders
    ]
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    videos = sorted(takes.glob("*.mp4"))
    assert len(videos) == 2, "neither take replaces the other"
    for video in videos:
        frames, _, _ = decode(video)
        assert len(frames) > 30
