"""Small pairs: a colour goes with a tone. Small videos. And a small image encoder to learn from."""

import av
import numpy as np
import pytest
import soundfile
import torch
from PIL import Image
from torch import nn

from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.training.sound2scene.trainer import Recipe

RATE = 16_000
SMALL = AudioEncoderConfig(depth=18, width=4, embedding_size=16)


def write_pair(root, name, number, seconds=1.0):
    """A picture of one colour, and a tone whose height goes with it."""
    random = np.random.default_rng(number)
    for folder in ("images", "audios"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    colour = (40 * (number % 5), 255 - 30 * (number % 7), 20 * (number % 11))
    pixels = np.clip(random.normal(colour, 20, (48, 64, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(root / "images" / f"{name}.jpg")
    time = np.arange(round(seconds * RATE)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * (200 + 170 * number) * time) + 0.01 * random.standard_normal(len(time))
    soundfile.write(root / "audios" / f"{name}.wav", tone, RATE)


def write_video(path, fps=25, seconds=10.0, rate=44_100, layout="stereo", sound_seconds=None):
    """A video whose frames say by their grey, 0..250, when they are shown: 25 for each second. A tone."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=fps)
        video.width, video.height, video.pix_fmt, video.bit_rate = 96, 64, "yuv420p", 2_000_000
        audio = container.add_stream("aac", rate=rate, layout=layout) if layout else None
        for index in range(round(seconds * fps)):
            grey = np.full((64, 96, 3), min(round(25 * index / fps), 250), np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(grey, "rgb24")))
        container.mux(video.encode(None))
        if audio is not None:
            time = np.arange(round((sound_seconds or seconds) * rate)) / rate
            tone = (0.4 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
            channels = len(audio.codec_context.layout.channels)
            for at in range(0, len(tone), 1024):
                piece = np.stack([tone[at : at + 1024] * (1.0 if k == 0 else 0.5) for k in range(channels)])
                frame = av.AudioFrame.from_ndarray(piece, "fltp", layout)
                frame.sample_rate, frame.pts = rate, at
                container.mux(audio.encode(frame))
            container.mux(audio.encode(None))
    return path


@pytest.fixture
def make_video():
    return write_video


@pytest.fixture(scope="session")
def pairs_folder(tmp_path_factory):
    """Fourteen pairs; read only."""
    root = tmp_path_factory.mktemp("pairs")
    for number in range(14):
        write_pair(root, f"clip-{number}_{number}000_{number + 10}000", number)
    return root


@pytest.fixture
def make_pair():
    return write_pair


@pytest.fixture
def image_encoder():
    torch.manual_seed(7)
    layers = [
        nn.Conv2d(3, 8, 9, stride=8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 16),
    ]
    return nn.Sequential(*layers, nn.ReLU())


@pytest.fixture
def recipe():
    return Recipe(epochs=2, batch=4, encoder=SMALL, checkpoint_steps=2)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
