"""Whether a sound's picture is found among renders: of the right family, and of the right intensity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from s2s_live.evaluation.world.material import World
from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.sounds import loudness, synthesise
from s2s_live.world.sounds_dsp import SAMPLE_RATE, Floats

BATCH = 16
Row = dict[str, float | bool]
ORDERED = ("rain", "sea", "wind", "fire")
"""The families whose intensity has to follow their loudness."""
UNHEARD = 1_000_003
"""Seeds of sounds from here on were never trained on."""


@dataclass(frozen=True)
class Query:
    """A sound that was never trained on, as the ears embed it."""

    families: tuple[str, ...]
    """The family it is of, then others that are right as well."""
    embedding: Tensor
    """`[D]`, unit."""
    real: bool


@dataclass(frozen=True)
class Gallery:
    """Renders and what they show."""

    embedding: Tensor
    """`[N, D]`, unit."""
    family: NDArray[np.int64]
    """`[N]`, indices of the world's families."""
    intensity: NDArray[np.float64]
    """`[N]`, 0..1."""


def make_gallery(world: World, each: int) -> Gallery:
    """`each` renders of every family, their intensities evenly from 0 to 1."""
    levels = torch.linspace(0.0, 1.0, each)
    rows = [
        world.embed(world.rendered(world.draw(torch.full((len(part),), index), part)))
        for index in world.indices
        for part in (levels[at : at + BATCH] for at in range(0, each, BATCH))
    ]
    family = np.repeat(np.array(world.indices, np.int64), each)
    return Gallery(torch.cat(rows), family, np.tile(levels.double().numpy(), len(world.indices)))


def pictures_of(world: World, embeddings: Tensor) -> Tensor:
    """Embeddings `[N, D]` of the pictures that the generator makes of these, each of its own z and fields."""
    rows = [
        world.embed(world.imagined(embeddings[at : at + BATCH])) for at in range(0, len(embeddings), BATCH)
    ]
    return torch.cat(rows)


def retrieval(world: World, gallery: Gallery, queries: Sequence[Query]) -> dict[str, Row]:
    """By family: the shares of queries whose nearest render (`r1`), or one of whose five nearest (`r5`), is
    of a right family; how many there were; and whether they were real."""
    made = pictures_of(world, torch.stack([query.embedding for query in queries]))
    nearest = (made @ gallery.embedding.T).topk(min(5, len(gallery.family)), dim=1).indices.numpy()
    hits: dict[str, list[NDArray[np.bool_]]] = {}
    for query, found in zip(queries, gallery.family[nearest], strict=True):
        right = [FAMILY_IDS.index(family) for family in query.families]
        hits.setdefault(query.families[0], []).append(np.isin(found, right))
    real = {query.families[0]: query.real for query in queries}
    return {family: _shares(np.stack(rows), real[family]) for family, rows in sorted(hits.items())}


def _shares(hits: NDArray[np.bool_], real: bool) -> Row:
    return {
        "r1": float(hits[:, 0].mean()),
        "r5": float(hits.any(1).mean()),
        "queries": len(hits),
        "real": real,
    }


def follows_loudness(
    world: World, gallery: Gallery, hear: Callable[[Floats], Tensor], count: int
) -> dict[str, float]:
    """By family: rank correlation of the loudness of `count` synthesised sounds with the intensity of the
    render nearest to the picture of each. `hear` embeds a second of sound at 16 kHz."""
    found = {}
    for family in ORDERED:
        if family not in world.families:
            continue
        steps = np.linspace(0.0, 1.0, count)
        sounds = [synthesise(family, step, UNHEARD + k, 1.2)[-SAMPLE_RATE:] for k, step in enumerate(steps)]
        made = pictures_of(world, torch.stack([hear(sound) for sound in sounds]))
        nearest = (made @ gallery.embedding.T).argmax(1).numpy()
        found[family] = spearman([loudness(sound) for sound in sounds], gallery.intensity[nearest])
    return found


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Rank correlation; equal values share their mean rank. 0 where either does not vary at all."""
    first, second = _ranks(np.asarray(a)), _ranks(np.asarray(b))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: NDArray[np.float64] = (last - (counts - 1) / 2.0)[inverse]
    return ranks
