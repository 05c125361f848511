"""What an engine does with pictures: looking at them, inverting and composing. Jobs for the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from s2s_live.engines.base import Composed, Floats, Inverted, Picture
from s2s_live.engines.sound2scene.composing import compose
from s2s_live.engines.sound2scene.description import Sound2SceneConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.image_input import square
from s2s_live.engines.sound2scene.inversion import invert
from s2s_live.engines.sound2scene.loading import load_generator
from s2s_live.engines.sound2scene.seeing import Sight
from s2s_live.store.folder import ModelFolder

Stop = Callable[[], bool]


class PictureWork:
    """See `Sighted`, `Inverts` and `Composes` of `s2s_live.engines.base`. May be used from any thread."""

    def __init__(self, folder: ModelFolder, config: Sound2SceneConfig, threads: int) -> None:
        # More would only take time from painting; who has chosen fewer has a reason.
        torch.set_num_threads(min(threads, torch.get_num_threads()))
        self._folder, self._config = folder, config
        self._sight = Sight(folder, config)

    def see(self, picture: Path | Image.Image) -> Floats:
        """The embedding of a picture. Raises S2SError."""
        return self._sight.see(picture)

    def square(self, picture: Path | Image.Image) -> Picture:
        """The square in a picture's middle. Raises S2SError."""
        levels = square(picture, self._config.generator.resolution).permute(1, 2, 0) * 255.0
        return np.ascontiguousarray(levels.round().numpy().astype(np.uint8))

    def invert(self, picture: Picture, seed: int, label: int | None, stop: Stop) -> Iterator[Inverted]:
        """What would have to be painted for a picture; by a class alone where there is a `label`."""
        own, image = self._generator(label), Image.fromarray(picture)
        yield from invert(own, self._sight, image, fields=self._config.fields, seed=seed, stop=stop)

    def compose(
        self, latent: Floats, z: Floats | None, seed: int, label: int | None, stop: Stop, chance: int
    ) -> Iterator[Composed]:
        """How a scene is best composed; by a class alone where there is a `label`."""
        own, fields = self._generator(label), self._config.fields
        yield from compose(own, self._sight, latent, z, fields=fields, seed=seed, chance=chance, stop=stop)

    def _generator(self, label: int | None) -> Generator:
        """One of its own for every job: it is hooked, and its gradients are followed."""
        return load_generator(self._folder, self._config, label)
