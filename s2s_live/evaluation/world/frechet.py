"""The Frechet distance between two sets of pictures in an encoder's space, as in FID (Heusel et al. 2017)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from s2s_live.evaluation.world.material import World

BATCH = 16


def frechet_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Squared Frechet distance of the Gaussians that fit `[N, D]` and `[M, D]`."""
    gap = a.mean(0) - b.mean(0)
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    # The product of two covariances has the eigenvalues of a symmetric matrix: no complex square root.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
    shared = np.sqrt(np.linalg.eigvalsh(root @ second @ root).clip(min=0.0)).sum()
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2.0 * shared)


def frechet_ratio(world: World, count: int) -> float:
    """Distance between `count` generated and as many rendered pictures, over that of two lots of renders.

    All three lots are of the same families and intensities; the generator is conditioned on paintings of a
    fourth.
    """
    rendered, others, generated = [], [], []
    families = torch.tensor(world.indices)
    for start in range(0, count, BATCH):
        family = families[torch.arange(start, min(start + BATCH, count)) % len(families)]
        intensity = world.uniform(len(family))
        rendered.append(world.embed(world.rendered(world.draw(family, intensity))))
        others.append(world.embed(world.rendered(world.draw(family, intensity))))
        generated.append(world.embed(world.imagined(world.conditions(family, intensity))))
    truth, again, made = (torch.cat(lot).double().numpy() for lot in (rendered, others, generated))
    return frechet_distance(made, truth) / max(frechet_distance(again, truth), 1e-12)
