"""How the audio encoder learns where a sound's picture lies.

The first term is Sound2Scene's: InfoNCE over L2 distances between unit embeddings of sounds and pictures.
Three things are ours. Pairs of the same family are no negatives: two pictures of rain are not wrong for one
another's rain, and counting them so would tear families apart. A pull towards the mean picture embedding of
the same family and intensity makes loudness mean something. And a family term, over similarities to the
families' mean picture embeddings, serves recognition, which the softness of the first (distances of unit
vectors, a factor of 1) leaves weak.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_FAR = -1e4


def distances(a: Tensor, b: Tensor) -> Tensor:
    """Euclidean distances `[A, B]` of unit vectors `[A, D]` and `[B, D]`, smooth at zero."""
    squared = 2.0 - 2.0 * (a @ b.T)
    return torch.sqrt(squared.clamp_min(0.0) + 1e-8)


def info_nce(audio: Tensor, image: Tensor, family: Tensor, scale: float = 1.0) -> Tensor:
    """Symmetric InfoNCE with L2 distance; row i of both belongs together, same-family rows are left out.

    `audio` and `image` `[B, D]` unit; `family` `[B]`. With `scale` 1 and all families different it is the
    loss of the paper.
    """
    logits = -scale * distances(image, audio)
    same = family[:, None] == family[None, :]
    same.fill_diagonal_(False)
    logits = logits.masked_fill(same, _FAR)
    target = torch.arange(len(audio), device=audio.device)
    return 0.5 * (functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target))


def family_loss(audio: Tensor, centres: Tensor, target: Tensor, scale: Tensor) -> Tensor:
    """Cross-entropy of the families by similarity to their centres.

    `centres` `[F, D]` unit, `target` `[B, F]` probabilities, `scale` the inverse temperature.
    """
    logits = scale * (audio @ centres.T)
    return -(target * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()


def pull(audio: Tensor, target: Tensor) -> Tensor:
    """Mean of one minus the cosine between unit rows."""
    return (1.0 - (audio * target).sum(dim=1)).mean()
