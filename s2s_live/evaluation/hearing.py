"""What an engine hears in a sound file: per window and as a whole."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from s2s_live.audio.program_file import program_blocks
from s2s_live.engines.base import Engine, EngineSpec, Floats, Target
from s2s_live.live.listener import Listener
from s2s_live.live.offline import in_hops

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


def hear_file(engine: Engine, path: Path) -> HeardFile:
    """Hear a file as a live show would, but whole windows alone: one every half window.

    A clip shorter than a window is heard once, at its end, with silence before it.

    Raises:
        AudioError: the file cannot be read.
    """
    listener = Listener(engine, 0)
    spec = engine.spec
    stride = max(round(spec.window_s / 2 / spec.hop_s), 1)
    hops_per_window = round(spec.window_s / spec.hop_s)
    powers: deque[float] = deque(maxlen=hops_per_window)
    heard: list[tuple[float, Target, bool]] = []
    fresh = False
    for block in in_hops(program_blocks(path), listener.hop_length):
        listener.push(block)
        powers.append(float(np.mean(np.square(block, dtype=np.float64))))
        hops = listener.next_hop
        fresh = hops < hops_per_window
        if hops >= hops_per_window and (hops - hops_per_window) % stride == 0:
            heard.append(_hear(listener, spec, powers))
    if fresh:
        heard.append(_hear(listener, spec, powers))
    return _summary(engine, path, heard)


def _hear(listener: Listener, spec: EngineSpec, powers: Iterable[float]) -> tuple[float, Target, bool]:
    """(start of the window in seconds, target, whether it sounds)."""
    level_db = 10.0 * math.log10(max(float(np.mean(list(powers))), 1e-12))
    start = max(listener.next_hop * spec.hop_s - spec.window_s, 0.0)
    return round(start, 3), listener.hear_whole(), level_db >= GATE_DB


def _summary(engine: Engine, path: Path, heard: list[tuple[float, Target, bool]]) -> HeardFile:
    windows = [
        HeardWindow(t, target.family, round(target.confidence, 4)) if sounds else HeardWindow(t, SILENCE, 1.0)
        for t, target, sounds in heard
    ]
    sounding = [target for _, target, sounds in heard if sounds]
    embeddings = np.stack([target.latent for _, target, _ in heard])
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
