"""What a model sees in a picture: the embedding that its generator was conditioned on in training.

Sound and pictures share one space, so a picture's embedding may stand where a sound's would, or be mixed with
it (Sung-Bin et al. 2023, section 4.4).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from s2s_live.engines.base import Floats
from s2s_live.engines.sound2scene.audio_encoder import unit
from s2s_live.engines.sound2scene.description import IMAGE_ENCODER, Sound2SceneConfig
from s2s_live.engines.sound2scene.weights import HINT, load_weights
from s2s_live.engines.sound2scene.world_encoder import WorldEncoder
from s2s_live.errors import ModelError
from s2s_live.store.folder import SUFFIX, ModelFolder

SMALL, RESNET50 = "small", "resnet50"
"""Networks that a manifest's `image_encoder` may name."""

See = Callable[[Any], Tensor]
"""A picture (a path or a PIL image) to features `[1, D]`."""


def can_see(folder: ModelFolder) -> bool:
    """Whether the model has an image encoder."""
    return f"{IMAGE_ENCODER}{SUFFIX}" in folder.manifest.files


class Sight:
    """A model's image encoder, read when the first picture comes: most shows never need it.

    May be used from any thread.
    """

    def __init__(self, folder: ModelFolder, config: Sound2SceneConfig) -> None:
        self._folder, self._size = folder, config.generator.feature_size
        self._lock = threading.Lock()
        self._see: See | None = None

    def see(self, picture: Any) -> Floats:
        """The unit embedding `[feature_size]` of a picture: a path or a PIL image of any size.

        Raises ModelError where the model has no image encoder or a damaged one, ImageError for what is no
        picture.
        """
        with self._lock:
            if self._see is None:
                self._see = self._open()
            with torch.no_grad():
                found = self._see(picture)
        embedding: Floats = unit(found.float())[0].numpy()
        return embedding

    def _open(self) -> See:
        if not can_see(self._folder):
            raise ModelError(
                f"The model {self._folder.name} cannot look at pictures.",
                "Choose one with an image encoder; import official models with --image-encoder.",
            )
        said = self._folder.data.get("image_encoder")
        network = said.get("network") if isinstance(said, Mapping) else None
        if network == SMALL:
            return self._open_small()
        if network == RESNET50:
            return self._open_resnet()
        raise ModelError(f"The manifest's image encoder is {network!r}.", HINT)

    def _open_small(self) -> See:
        from s2s_live.engines.sound2scene.image_input import visual

        encoder = WorldEncoder(self._size).eval().requires_grad_(False)
        load_weights(encoder, self._folder.load(IMAGE_ENCODER), "The image encoder")
        return lambda picture: encoder(0.5 * visual(picture)[None] + 0.5)

    def _open_resnet(self) -> See:
        # These bring torchvision with them, a second that a start without pictures can do without.
        from s2s_live.engines.sound2scene.image_encoder import load_image_encoder
        from s2s_live.engines.sound2scene.image_input import feature_input

        encoder = load_image_encoder(self._folder)
        return lambda picture: encoder(feature_input(picture)[None])
