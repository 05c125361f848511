"""What is judged: clips with a category, and the pictures that a model makes of their sounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from s2s_live.engines.sound2scene.model import Sound2SceneModel
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.errors import ModelError
from s2s_live.features.log_psd import OFFICIAL_SAMPLES, LogPsdConfig, official_log_psd
from s2s_live.features.opening import open_front_end
from s2s_live.world.render import random_fields

Floats = NDArray[np.float32]


class Clips(Protocol):
    """Clips by number."""

    names: list[str]
    labels: list[str]
    """Category of each."""

    def read(self, index: int) -> tuple[Floats, Image.Image]:
        """Samples `[n]`, mono at 16 kHz, and what was seen with them.

        Raises ValueError, whose text says what is wrong with it, for a clip that cannot be judged.
        """


class Painter:
    """A model that makes pictures of sounds: for the same seed, sounds and numbers the same pictures.

    `label` is the class that a generator with classes paints. Raises ModelError where it has no such class.
    """

    def __init__(self, model: Sound2SceneModel, seed: int, label: int = 0) -> None:
        classes = model.config.generator.classes
        if not 0 <= label < max(classes, 1):
            said = f"classes 0 to {classes - 1}" if classes else "no classes"
            raise ModelError(f"The model's generator has {said}, not {label}.", "Give another --label.")
        self.model = model
        self._random = torch.Generator().manual_seed(seed)
        self._label = label

    def spectrogram(self, samples: Floats) -> Tensor:
        """`[1, bins, frames]`: by the official loader's rules, or what another front end holds at the end."""
        front_end = self.model.config.front_end
        if isinstance(front_end, LogPsdConfig):
            return torch.from_numpy(official_log_psd(samples).astype(np.float32))[None]
        stream = open_front_end(front_end.to_json())
        stream.push(np.tile(samples, 10)[:OFFICIAL_SAMPLES])
        heard = stream.listen({})
        return torch.from_numpy(stream.window() if heard is None else heard)

    @torch.no_grad()
    def paint(self, sounds: Sequence[Floats]) -> Tensor:
        """A picture of each sound, `[B, 3, R, R]` in -1..1, from noise of deviation 1."""
        config, count = self.model.config, len(sounds)
        spectrograms = torch.stack([self.spectrogram(sound) for sound in sounds])
        features = unit(self.model.audio_encoder(spectrograms))
        if self.model.landmarks is not None:
            features = torch.from_numpy(self.model.landmarks.draw(features.numpy()))
        z = torch.randn(count, config.generator.z_size, generator=self._random)
        fields = random_fields(count, self._random).levels(config.fields) if config.fields else None
        label = torch.full((count,), self._label) if config.generator.classes else None
        pictures: Tensor = self.model.generator(z, features, fields, label)
        return pictures.clamp(-1.0, 1.0)
