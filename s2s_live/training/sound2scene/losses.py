"""What an audio encoder is taught by: embeddings of sounds beside features of the pictures seen with them.

`InfoNCE_with_L2` is the published one; the names are the official code's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

Loss = Callable[[Tensor, Tensor], Tensor]
"""Image features and audio embeddings `[N, D]`, row by row of the same pairs, to a number."""


def info_nce_l2(images: Tensor, audios: Tensor) -> Tensor:
    """Each picture must find its sound, and each sound its picture, by the distance of unit vectors.

    None negative, these lie at most sqrt 2 apart: N pairs cannot go below log(1 + (N - 1) e^-sqrt 2).
    """
    distances = torch.cdist(functional.normalize(images, dim=1), functional.normalize(audios, dim=1))
    return _both_ways(-distances)


def info_nce(images: Tensor, audios: Tensor) -> Tensor:
    """The same by their cosine."""
    return _both_ways(functional.normalize(images, dim=1) @ functional.normalize(audios, dim=1).T)


def _both_ways(similarity: Tensor) -> Tensor:
    right = torch.arange(len(similarity), device=similarity.device)
    there, back = (functional.cross_entropy(table, right) for table in (similarity, similarity.T))
    return (there + back) / 2.0


LOSSES: Mapping[str, Loss] = {
    "InfoNCE_with_L2": info_nce_l2,
    "InfoNCE_Loss": info_nce,
    "L2_Loss": functional.mse_loss,
    "L1_Loss": functional.l1_loss,
}
