"""The engine's two networks, opened in the fastest runtime: one that hears, one that paints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import platformdirs

from s2s_live.engines.base import Floats
from s2s_live.engines.processor import version_of
from s2s_live.engines.runtime import Runtime, embedding_leeway, open_runtime, picture_leeway
from s2s_live.engines.sound2scene.change_detector import FRAMES, ChangeDetector
from s2s_live.engines.sound2scene.costs import count_macs, encoder_macs
from s2s_live.engines.sound2scene.description import Sound2SceneConfig, detects_changes
from s2s_live.engines.sound2scene.levels import tone_curve
from s2s_live.engines.sound2scene.planes import still_shapes
from s2s_live.engines.sound2scene.scene import Scene
from s2s_live.engines.timing import shortest
from s2s_live.features.opening import open_front_end
from s2s_live.store.folder import ModelFolder
from s2s_live.world.lattices import still_lattices

if TYPE_CHECKING:
    from torch import nn

    from s2s_live.engines.sound2scene.modules import PaintingModules

Z_LIMIT = 2.0
"""z is cut here before truncation scales it: beyond lie scenes that training hardly saw."""
TRIES = 4
"""Frames that tell how long painting takes."""
SAMPLES = 28
"""Inputs that ranges for 8 bits are measured on and results compared on."""
SOUNDS, SOUND_S = 16, 11
"""Sounds that ranges for 8 bits of hearing are measured on and results compared on, and their seconds."""
LARGE = 1e9
"""Multiplications of a hearing from which 8 bits are tried. Fewer take some milliseconds either way."""
FIRST_STILL = 5
"""Which of the painting network's inputs is the first of the still planes."""
GRAPH_VERSION = 20
"""Raised whenever the networks' graphs change, so that converted ones in users' caches are not mistaken."""
FRAME_S = 0.011
"""Painting may take so long for 60 frames a second (a usual screen) beside hearing, drawing and recording."""


@dataclass(frozen=True)
class Wish:
    """How networks are to be opened."""

    device: str = "cpu"
    threads: int = 1
    """Of each network."""
    alone: int = 0
    """Of painting while nothing is heard, where that are more."""
    prefer: str = "openvino"
    """As `open_runtime` takes it."""
    fine: bool | None = False
    """Whether to paint twice the lines, where the model can; None: where this machine is fast enough."""
    cache: Path | None = None
    """Where compiled networks are kept; None: in `cache_folder()`."""


def open_hearing(
    folder: ModelFolder, config: Sound2SceneConfig, wish: Wish, shape: tuple[int, ...]
) -> Runtime:
    """The runtime that hears windows of that shape: one of its own, to run beside painting.

    Raises ModelError.
    """
    return open_runtime(
        lambda: _hearing_network(folder, config),
        lambda: [next(_windows(config, shape[-1]))],
        device=wish.device,
        threads=wish.threads,
        cache=_cache_file(wish, folder.hash, f"hear-{shape[-1]}"),
        prefer=wish.prefer,
        leeway=embedding_leeway(
            lambda: [[window] for window in _windows(config, shape[-1])],
            whole_numbers=encoder_macs(config.audio_encoder, (shape[-2], shape[-1])) >= LARGE,
        ),
    )


def open_changes(folder: ModelFolder, config: Sound2SceneConfig, wish: Wish) -> ChangeDetector | None:
    """What hears another sound begin; None where the model cannot. Raises ModelError."""
    if not detects_changes(folder, config):
        return None
    runtime = open_runtime(
        lambda: _change_network(folder),
        lambda: [next(_windows(config, FRAMES))],
        device=wish.device,
        threads=wish.threads,
        cache=_cache_file(wish, folder.hash, "changes"),
        prefer=wish.prefer,
    )
    return ChangeDetector(runtime)


@dataclass(frozen=True)
class Painting:
    """What paints a model's pictures."""

    runtime: Runtime
    """Runs `LivePainting`."""
    scene: Callable[[int], Scene] | None
    """The noise fields of a seed; None where the model takes none."""
    fine: bool
    """Whether pictures have twice the lines."""


class PaintingNetworks:
    """Opens what paints a model's pictures, plain or of twice the lines."""

    def __init__(
        self, folder: ModelFolder, config: Sound2SceneConfig, prototypes: Floats, classes: Floats | None
    ) -> None:
        """`classes` as `load_classes` gives them."""
        self._folder = folder
        self._config = config
        self._prototypes = prototypes
        self._classes = classes

    def open(self, wish: Wish) -> Painting:
        """The networks as wished for. Raises ModelError."""
        if self._config.upscaler is None or wish.fine is False:
            return self._open(wish, fine=False)
        if wish.fine is None:
            plain = self._open(wish, fine=False)
            if not self._has_time(plain):
                return plain
        return self._open(wish, fine=True)

    def _open(self, wish: Wish, *, fine: bool) -> Painting:
        scene = self._open_scenes(wish, fine=fine)
        runtime = open_runtime(
            lambda: self._made(fine=fine).painting(),
            lambda: next(self._scenes(scene)),
            device=wish.device,
            threads=wish.threads,
            alone=wish.alone,
            cache=_cache_file(wish, self._folder.hash, "paint-fine" if fine else "paint"),
            prefer=wish.prefer,
            leeway=picture_leeway(lambda: list(self._scenes(scene)), FIRST_STILL),
        )
        return Painting(runtime, scene, fine)

    def _open_scenes(self, wish: Wish, *, fine: bool) -> Callable[[int], Scene] | None:
        config, fields = self._config, self._config.fields
        if fields is None:
            return None
        still = open_runtime(
            lambda: self._made(fine=fine).still(),
            lambda: [still_lattices(0, fields)],
            device=wish.device,
            threads=wish.threads,
            cache=_cache_file(wish, self._folder.hash, "still-fine" if fine else "still"),
            prefer=wish.prefer,
        )
        shapes = still_shapes(config.generator, fields, config.upscaler if fine else None)
        return partial(Scene, still, shapes, fields)

    def _made(self, *, fine: bool) -> PaintingModules:
        # With what they need they take seconds to import, which a start with converted networks does without.
        from s2s_live.engines.sound2scene.modules import PaintingModules

        return PaintingModules.load(self._folder, self._config, fine=fine)

    def _has_time(self, plain: Painting) -> bool:
        """Whether painting finely would keep up, judged by what the plain network takes."""
        scene = next(self._scenes(plain.scene))
        took = shortest(lambda given: plain.runtime.run(*given), [scene] * TRIES)
        return took * (1.0 + extra_share(self._config)) < FRAME_S

    def _scenes(self, of_seed: Callable[[int], Scene] | None) -> Iterator[list[Floats]]:
        """What painting may be given: scenes between families, at the ends and in the middle of ranges."""
        config, rng = self._config, np.random.default_rng(0)
        scene = None if of_seed is None else of_seed(0)
        for _ in range(SAMPLES):
            z = rng.standard_normal((1, config.generator.z_size)).clip(-Z_LIMIT, Z_LIMIT).astype(np.float32)
            moved = rng.uniform(-50.0, 50.0, (config.layers, 2))
            values, offsets, *still = scene.at(moved) if scene else (None, None)
            fresh = [item.copy() for item in (values, offsets) if item is not None]
            feature = _latent(rng, self._prototypes, config.generator.feature_size)
            if self._classes is not None:
                feature = np.concatenate([self._classes[rng.integers(len(self._classes))][None], feature], 1)
            yield [z, feature, tone_curve(), *fresh, *still]


def extra_share(config: Sound2SceneConfig) -> float:
    """What an upscaler costs beside the generator, in multiplications."""
    if config.upscaler is None:
        return 0.0
    return config.upscaler.macs_per_pixel * config.generator.resolution**2 / count_macs(config.generator)


def _hearing_network(folder: ModelFolder, config: Sound2SceneConfig) -> nn.Module:
    # As in `PaintingNetworks._made`.
    from s2s_live.engines.sound2scene.audio_encoder import UnitEncoder
    from s2s_live.engines.sound2scene.model import load_audio_encoder

    return UnitEncoder(load_audio_encoder(folder, config)).eval()


def _change_network(folder: ModelFolder) -> nn.Module:
    # As in `PaintingNetworks._made`.
    from s2s_live.engines.sound2scene.model import load_change_network

    return load_change_network(folder)


def _windows(config: Sound2SceneConfig, frames: int) -> Iterator[Floats]:
    """What hearing may be given, `[1, 1, bins, frames]`: noises of many colours that swell, and tones."""
    rng = np.random.default_rng(0)
    front_end = open_front_end(config.front_end.to_json())
    count = SOUND_S * front_end.sample_rate
    for _ in range(SOUNDS):
        noise = np.fft.rfft(rng.standard_normal(count))
        coloured = np.fft.irfft(noise / (1.0 + np.arange(len(noise))) ** rng.uniform(0.0, 1.0), count)
        swell = np.sin(np.arange(count) * rng.uniform(1.0, 20.0) / front_end.sample_rate) ** 2
        tone = np.sin(np.arange(count) * rng.uniform(0.05, 1.0)) * rng.uniform(0.0, 1.0)
        sound = swell * coloured / np.abs(coloured).max() + tone
        front_end.push((rng.uniform(0.02, 0.5) * sound).astype(np.float32))
        columns = front_end.window()[0].T
        yield np.ascontiguousarray(np.resize(columns, (frames, columns.shape[1])).T)[None, None]


def _latent(rng: np.random.Generator, prototypes: Floats, size: int) -> Floats:
    """A unit latent `[1, size]` on the way from one family to another."""
    ends = prototypes[rng.integers(len(prototypes), size=2)] if len(prototypes) else rng.random((2, size))
    share = rng.random()
    latent = share * ends[0] + (1.0 - share) * ends[1]
    unit: Floats = (latent / np.linalg.norm(latent)).astype(np.float32)[None]
    return unit


def cache_folder() -> Path:
    """Where compiled networks are kept."""
    return platformdirs.user_cache_path("s2s-live", appauthor=False) / "networks"


def _cache_file(wish: Wish, name: str, part: str) -> Path:
    # A bundle may come without the packages' records; its PyTorch never changes.
    return (wish.cache or cache_folder()) / f"{name}-{part}-{GRAPH_VERSION}-torch{version_of('torch')}"
