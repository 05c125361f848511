"""The image encoder: ResNet-50 of SwAV (Caron et al. 2020), whose features condition IC-GAN's generators."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from s2s_live.engines.sound2scene.description import IMAGE_ENCODER
from s2s_live.engines.sound2scene.official_files import read_tensors, without_prefixes
from s2s_live.engines.sound2scene.weights import FOREIGN, check_weights, load_weights
from s2s_live.errors import ModelError
from s2s_live.store.folder import SUFFIX, ModelFolder

FEATURE_SIZE = 2048
UNUSED = ("projection_head.", "prototypes.", "fc.")
"""What only training needed: SwAV's heads, or the classes of a ResNet trained to tell them."""


class SwavEncoder(ResNet):  # type: ignore[misc]
    """`[B, 3, 224, 224]` pictures, normalised as for ImageNet, to `[B, 2048]` features, none negative."""

    def __init__(self) -> None:
        super().__init__(Bottleneck, [3, 4, 6, 3])
        self.fc = nn.Identity()

    def forward(self, pictures: Tensor) -> Tensor:
        """The mean of the last maps. Not of unit length: that is for who compares or paints."""
        features: Tensor = self._forward_impl(pictures)
        return features


def load_swav(path: Path | str) -> SwavEncoder:
    """The encoder with weights as published (`swav_800ep_pretrain.pth.tar`) or imported, in eval mode.

    A torchvision ResNet-50 trained to classify, as class-conditional generators want, has the same names.
    Raises ModelError for a file that cannot be read or holds another network.
    """
    tensors = swav_tensors(Path(path))
    encoder = SwavEncoder()
    encoder.eval().requires_grad_(False)
    load_weights(encoder, tensors, "The image encoder")
    return encoder


def load_image_encoder(folder: ModelFolder) -> SwavEncoder:
    """The image encoder that was imported into a model folder, in eval mode.

    Raises ModelError where the folder has none, or a damaged one.
    """
    if f"{IMAGE_ENCODER}{SUFFIX}" not in folder.manifest.files:
        raise ModelError(
            f"{folder.path} has no image encoder.", "Import the model again with --image-encoder."
        )
    encoder = SwavEncoder()
    encoder.eval().requires_grad_(False)
    load_weights(encoder, folder.load(IMAGE_ENCODER), "The image encoder")
    return encoder


def check_swav(tensors: Mapping[str, Tensor]) -> None:
    """Raise ModelError unless these are the encoder's tensors, by name and shape, and no others."""
    with torch.device("meta"):
        expected = SwavEncoder().state_dict()
    check_weights(expected, tensors, "The image encoder", FOREIGN)


def swav_tensors(path: Path) -> dict[str, Tensor]:
    """What the file holds for `SwavEncoder`, by its names. Raises ModelError."""
    tensors = without_prefixes(read_tensors(path), "module.", "_feature_blocks.")
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(UNUSED)}
