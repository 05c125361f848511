"""What an engine hears in a sound file: per window and as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from s2s_live.audio.resample import StreamingResampler
from s2s_live.engines.base import Engine, Floats, Target
from s2s_live.errors import AudioError

GATE_DB = -60.0
"""Windows quieter than this are silence, as in a live show with default settings."""
SILENCE = "silence"


@dataclass(frozen=True)
class HeardWindow:
    """One window of the file."""

    t: float
    """Start of the window, seconds."""
    family: str
    confidence: float


@dataclass(frozen=True)
class HeardFile:
    """A whole file."""

    file: str
    family: str
    confidence: float
    windows: list[HeardWindow]
    embedding: Floats = field(repr=False)
    """`[D]`, unit: mean direction of the windows that sound."""
    embeddings: Floats = field(repr=False)
    """`[windows, D]`, unit."""


def mono_blocks(path: Path, rate: int) -> Iterator[Floats]:
    """The file as mono blocks `[n]` at `rate` Hz, NaN and Inf taken out.

    Raises:
        AudioError: the file cannot be read.
    """
    hint = "Use a WAV, FLAC, OGG or MP3 file that other players open."
    if not path.is_file():
        raise AudioError(f"There is no file {path}.", "Check the path.")
    try:
        with soundfile.SoundFile(path) as file:
            resampler = StreamingResampler(file.samplerate, rate, 1)
            while len(block := file.read(file.samplerate, dtype="float32", always_2d=True)):
                clean = np.nan_to_num(block.mean(axis=1), nan=0.0, posinf=0.0, neginf=0.0)
                yield resampler.process(clean).reshape(-1)
            yield resampler.process(np.zeros(0, np.float32), last=True).reshape(-1)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise AudioError(f"{path} cannot be read as sound ({error}).", hint) from error


def hear_file(engine: Engine, path: Path) -> HeardFile:
    """Hear a file window by window, a window every half window.

    A clip shorter than a window is heard once, with silence before it, as live.
    """
    spec = engine.spec
    stride = round(spec.window_s / 2 * spec.sample_rate)
    heard: list[tuple[Target, bool]] = []
    front_end = engine.front_end()
    tail: Floats = np.zeros(0, np.float32)
    for chunk, whole in _strides(mono_blocks(path, spec.sample_rate), stride):
        front_end.push(chunk)
        window = np.concatenate((tail, chunk))
        tail = chunk
        if whole and len(window) < 2 * stride:
            continue  # the first half window: nothing whole to hear yet
        if not whole and heard:
            break  # an end shorter than a stride was heard for the most part with the window before
        heard.append((engine.hear(front_end.window()), _level_db(window) >= GATE_DB))
    if not heard:
        raise AudioError(f"{path} holds no sound.", "Choose a file that is not empty.")
    return _summary(engine, path, heard, spec.window_s / 2)


def _strides(blocks: Iterator[Floats], stride: int) -> Iterator[tuple[Floats, bool]]:
    """Cut blocks into strides; the rest, if any, comes last and is marked as not whole."""
    rest: Floats = np.zeros(0, np.float32)
    count = 0
    for block in blocks:
        rest = np.concatenate((rest, block))
        while len(rest) >= stride:
            yield rest[:stride], True
            rest, count = rest[stride:], count + 1
    if len(rest) or count == 1:
        yield rest, False


def _level_db(samples: NDArray[np.float32]) -> float:
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return 10.0 * float(np.log10(max(power, 1e-12)))


def _summary(engine: Engine, path: Path, heard: list[tuple[Target, bool]], stride_s: float) -> HeardFile:
    windows = [
        HeardWindow(round(i * stride_s, 3), target.family, round(target.confidence, 4))
        if sounds
        else HeardWindow(round(i * stride_s, 3), SILENCE, 1.0)
        for i, (target, sounds) in enumerate(heard)
    ]
    sounding = [target for target, sounds in heard if sounds]
    embeddings = np.stack([target.latent for target, _ in heard])
    if not sounding:
        return HeardFile(str(path), SILENCE, 1.0, windows, engine.silence().latent, embeddings)
    mean = np.mean([target.latent for target in sounding], axis=0)
    scores: dict[str, float] = {}
    for target in sounding:
        for family, score in target.scores.items():
            scores[family] = scores.get(family, 0.0) + score / len(sounding)
    family = max(scores, key=lambda name: scores[name]) if scores else ""
    embedding = (mean / max(float(np.linalg.norm(mean)), 1e-12)).astype(np.float32)
    return HeardFile(str(path), family, round(scores.get(family, 0.0), 4), windows, embedding, embeddings)
