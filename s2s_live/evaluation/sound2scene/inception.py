"""An Inception v3 as judge of pictures: its features for the Frechet distance, its classes for the score."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models.inception import Inception3

from s2s_live.engines.sound2scene.image_input import DEVIATION, MEAN
from s2s_live.engines.sound2scene.official_files import read_tensors, without_prefixes
from s2s_live.engines.sound2scene.weights import load_weights
from s2s_live.errors import ModelError

SIDE = 299


class InceptionJudge(nn.Module):
    """torchvision's Inception v3 as IC-GAN evaluates with it."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = Inception3(num_classes=1, aux_logits=False, transform_input=False, init_weights=False)
        self.body.fc = nn.Identity()
        self.fc = nn.Linear(2048, classes)
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, 3, S, S]` in -1..1 to features `[B, 2048]` and logits `[B, classes]`."""
        normal = (0.5 * pictures + 0.5 - self.mean) / self.deviation
        large = functional.interpolate(normal, (SIDE, SIDE), mode="bilinear", align_corners=True)
        features: Tensor = self.body(large)
        return features, self.fc(features)


def load_inception(path: Path) -> InceptionJudge:
    """The network with weights of torchvision's names, in eval mode; the file says how many classes it tells.

    Figures of two sets of weights cannot be compared: published ones are of a network trained on VGGSound.
    Raises ModelError for a file that cannot be read or holds another network.
    """
    tensors = without_prefixes(read_tensors(path), "module.")
    used = {name: tensor for name, tensor in tensors.items() if not name.startswith("AuxLogits.")}
    if "fc.weight" not in used or used["fc.weight"].dim() != 2:
        raise ModelError(f"{path} holds no Inception v3.", "Give weights with torchvision's names.")
    judge = InceptionJudge(len(used["fc.weight"])).eval().requires_grad_(False)
    renamed = {name if name.startswith("fc.") else f"body.{name}": tensor for name, tensor in used.items()}
    load_weights(judge, renamed, "The Inception network")
    return judge
