"""Arithmetic of the figures: retrieval, inception score. The distance is that of `evaluation.world.frechet`.

torchmetrics is not used: its splits and its network are its own, and these are a few lines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
SPLITS = 10
"""Parts that the inception score is taken over, as published."""


def hits_at(similarity: Doubles, labels: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    """Whether the label of each picture is among its k most similar categories, `[N]`.

    Args:
        similarity: `[N, C]`, of picture and category.
        labels: `[N]`, the category of the sound that each picture was made from.
        k: how many categories may be named; R@k is the share of hits.
    """
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
    hits: NDArray[np.bool_] = (nearest == labels[:, None]).any(axis=1)
    return hits


def inception_score(probabilities: Doubles, splits: int = SPLITS) -> tuple[float, float]:
    """Mean and (population) deviation over `splits` runs of pictures of exp(mean KL(p(y|x) || mean p)).

    `probabilities` is `[N, C]`, rows that add up to 1, N at least `splits`. High where each picture is of one
    class and all classes occur (Salimans et al. 2016).
    """
    scores = []
    for part in np.array_split(probabilities, splits):
        logs = np.log(part.clip(min=1e-300)) - np.log(part.mean(0).clip(min=1e-300))
        scores.append(np.exp((part * logs).sum(1).mean()))
    return float(np.mean(scores)), float(np.std(scores))


def softmax(logits: Doubles) -> Doubles:
    """Rows `[N, C]` as probabilities."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    shares: Doubles = powers / powers.sum(1, keepdims=True)
    return shares
