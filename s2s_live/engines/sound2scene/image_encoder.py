"""The image encoder: SwAV's ResNet-50, whose pooled features condition the generator (SPEC 2.2)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models.resnet import Bottleneck, ResNet

from s2s_live.engines.sound2scene.official_files import read_tensors, without_prefixes
from s2s_live.engines.sound2scene.weights import load_weights

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
    with torch.device("meta"):
        encoder = SwavEncoder()
    encoder.to_empty(device="cpu").eval().requires_grad_(False)
    for name, counter in encoder.named_buffers():
        if name.endswith("num_batches_tracked"):
            counter.zero_()  # optional in the file
    load_weights(encoder, tensors, "The image encoder")
    return encoder


def swav_tensors(path: Path) -> dict[str, Tensor]:
    """What the file holds for `SwavEncoder`, by its names. Raises ModelError."""
    tensors = without_prefixes(read_tensors(path), "module.", "_feature_blocks.")
    return {name: tensor for name, tensor in tensors.items() if not name.startswith(UNUSED)}
