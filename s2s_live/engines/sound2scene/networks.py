"""The engine's two networks, opened in the fastest runtime: one that hears, one that paints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import platformdirs
import torch
from torch import nn

from s2s_live.engines.base import Floats
from s2s_live.engines.runtime import Runtime, open_runtime
from s2s_live.engines.sound2scene.description import Sound2SceneConfig
from s2s_live.engines.sound2scene.folding import tone_curve
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.live_painting import LivePainting, Scene
from s2s_live.engines.sound2scene.loading import load_generator
from s2s_live.features.opening import open_front_end
from s2s_live.store.folder import ModelFolder

Z_LIMIT = 2.0
"""z is cut here before truncation scales it: beyond lie scenes that training hardly saw."""
SAMPLES = 28
"""Inputs that ranges for 8 bits are measured on and results compared on."""
GRAPH_VERSION = 3
"""Raised whenever the networks' graphs change, so that converted ones in users' caches are not mistaken."""


def open_networks(
    folder: ModelFolder,
    config: Sound2SceneConfig,
    generator: Generator | None,
    prototypes: Floats,
    device: str,
    threads: int,
    prefer: str,
) -> tuple[Runtime, Runtime]:
    """Runtimes that hear and paint: two, so that they run at once on two threads.

    `generator` is given where it is loaded already. Raises ModelError as `open_runtime` does.
    """
    hear = open_runtime(
        lambda: _hearing_network(folder, config),
        lambda: [open_front_end(config.front_end.to_json()).window()[None]],
        device=device,
        threads=threads,
        cache=_cache_file(folder.hash, "hear"),
        prefer=prefer,
    )
    paint = open_runtime(
        lambda: LivePainting(generator or load_generator(folder, config), config.fields).eval(),
        lambda: next(_scenes(config, generator, prototypes)),
        device=device,
        threads=threads,
        cache=_cache_file(folder.hash, "paint"),
        prefer=prefer,
        samples=lambda: list(_scenes(config, generator, prototypes)),
    )
    return hear, paint


def _hearing_network(folder: ModelFolder, config: Sound2SceneConfig) -> nn.Module:
    # These bring torchvision with them, a second that a start with converted networks can do without.
    from s2s_live.engines.sound2scene.audio_encoder import UnitEncoder
    from s2s_live.engines.sound2scene.model import load_audio_encoder

    return UnitEncoder(load_audio_encoder(folder, config)).eval()


def _scenes(
    config: Sound2SceneConfig, generator: Generator | None, prototypes: Floats
) -> Iterator[list[Floats]]:
    """What painting may be given: scenes between families, at the ends and in the middle of their ranges."""
    rng = np.random.default_rng(0)
    fields = config.fields
    scene = Scene(generator, fields, 0) if generator is not None and fields is not None else None
    for _ in range(SAMPLES):
        z = rng.standard_normal((1, config.generator.z_size)).clip(-Z_LIMIT, Z_LIMIT).astype(np.float32)
        moved = rng.uniform(-50.0, 50.0, (config.layers, 2))
        values, offsets, *still = scene.at(moved) if scene else (None, None)
        fresh = [item.copy() for item in (values, offsets) if item is not None]
        yield [z, _latent(rng, prototypes, config.generator.feature_size), tone_curve(), *fresh, *still]


def _latent(rng: np.random.Generator, prototypes: Floats, size: int) -> Floats:
    """A unit latent `[1, size]` on the way from one family to another."""
    ends = prototypes[rng.integers(len(prototypes), size=2)] if len(prototypes) else rng.random((2, size))
    share = rng.random()
    latent = share * ends[0] + (1.0 - share) * ends[1]
    unit: Floats = (latent / np.linalg.norm(latent)).astype(np.float32)[None]
    return unit


def _cache_file(name: str, part: str) -> Path:
    folder = platformdirs.user_cache_path("s2s-live", appauthor=False) / "networks"
    return folder / f"{name}-{part}-{GRAPH_VERSION}-torch{torch.__version__}"
