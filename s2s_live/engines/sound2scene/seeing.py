"""What a model sees in a picture: the embedding that its generator was conditioned on in training.

Sound and pictures share one space, so a picture's embedding may stand where a sound's would, or be mixed with
it (Sung-Bin et al. 2023, section 4.4).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from s2s_live.engines.base import Floats
from s2s_live.engines.sound2scene import image_input
from s2s_live.engines.sound2scene.config import OTHER_WEIGHTS
from s2s_live.engines.sound2scene.description import IMAGE_ENCODER, Sound2SceneConfig, can_see
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.engines.sound2scene.weights import load_weights
from s2s_live.engines.sound2scene.world_encoder import EMBEDDING_SIZE, INPUT_SIZE, WorldEncoder
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder

SMALL, RESNET50 = "small", "resnet50"
"""Networks that a manifest's `image_encoder` may name."""


class Eye(Protocol):
    """An image encoder and how it takes pictures."""

    def see(self, picture: Any) -> Tensor:
        """Features `[1, D]` of the square in the middle of a path's picture or a PIL image."""

    def features(self, pictures: Tensor) -> Tensor:
        """Features `[B, D]` of pictures `[B, 3, S, S]` in 0..1, differentiable."""


class Sight:
    """A model's image encoder, read when the first picture comes: most shows never need it.

    May be used from any thread.
    """

    def __init__(self, folder: ModelFolder, config: Sound2SceneConfig) -> None:
        self._folder, self._size = folder, config.generator.feature_size
        self._lock = threading.Lock()
        self._eye: Eye | None = None

    def see(self, picture: Any) -> Floats:
        """The unit embedding `[feature_size]` of the square in the middle of a picture: path or PIL image.

        Raises ModelError where the model has no image encoder or a damaged one, ImageError for what is no
        picture.
        """
        with torch.no_grad():
            embedding: Floats = unit(self._open().see(picture).float())[0].numpy()
        return embedding

    def features(self, pictures: Tensor) -> Tensor:
        """Unit embeddings `[B, feature_size]` of pictures `[B, 3, S, S]` in -1..1, differentiable.

        Raises ModelError where the model has no image encoder or a damaged one.
        """
        return unit(self._open().features(0.5 * pictures + 0.5))

    def _open(self) -> Eye:
        with self._lock:
            if self._eye is None:
                self._eye = _open_eye(self._folder, self._size)
            return self._eye


def _open_eye(folder: ModelFolder, size: int) -> Eye:
    if not can_see(folder):
        raise ModelError(
            f"The model {folder.name} cannot look at pictures.",
            "Choose one with an image encoder; import official models with --image-encoder.",
        )
    said = folder.data.get("image_encoder")
    network = said.get("network") if isinstance(said, Mapping) else None
    if network == SMALL:
        return _SmallEye(folder, size)
    if network == RESNET50:
        return _ResnetEye(folder)
    raise ModelError(f"The manifest's image encoder is {network!r}.", OTHER_WEIGHTS)


def load_world_encoder(folder: ModelFolder, size: int = EMBEDDING_SIZE) -> WorldEncoder:
    """The small image encoder of a model folder. Raises ModelError where it is none, missing or damaged."""
    encoder = WorldEncoder(size).eval().requires_grad_(False)
    load_weights(encoder, folder.load(IMAGE_ENCODER), "The image encoder")
    return encoder


class _SmallEye:
    def __init__(self, folder: ModelFolder, size: int) -> None:
        self._encoder = load_world_encoder(folder, size)

    def see(self, picture: Any) -> Tensor:
        return self.features(image_input.square(picture, image_input.VISUAL_SIDE)[None])

    def features(self, pictures: Tensor) -> Tensor:
        found: Tensor = self._encoder(functional.adaptive_avg_pool2d(pictures, INPUT_SIZE))
        return found


class _ResnetEye:
    def __init__(self, folder: ModelFolder) -> None:
        # It brings torchvision with it, a second that a start without pictures can do without.
        from s2s_live.engines.sound2scene.image_encoder import load_image_encoder

        self._encoder = load_image_encoder(folder)

    def see(self, picture: Any) -> Tensor:
        found: Tensor = self._encoder(image_input.feature_input(picture, crop=True)[None])
        return found

    def features(self, pictures: Tensor) -> Tensor:
        found: Tensor = self._encoder(image_input.normalised(pictures))
        return found
