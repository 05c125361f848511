"""The order of an epoch, its batches, and the processes that read them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.items import Batch, Pairs, collate
from s2s_live.training.sound2scene.pairing import Pair, recording_of
from s2s_live.training.team import Team

PREFETCH = 3
"""Batches that each reading process has ready."""


def split(pairs: Sequence[Pair], holdout: float) -> tuple[list[Pair], list[Pair]]:
    """Pairs to train on, and those held out: about a share `holdout`, whole recordings, at least one.

    Which recordings, their names decide: adding others moves none from one side to the other.
    Raises TrainingError where nothing would be left on one side.
    """
    place = {name: _place(name) for name in {recording_of(pair.name) for pair in pairs}}
    held = {name for name, at in place.items() if at < holdout}
    if not held:
        held = {min(place, key=lambda name: place[name])}
    training = [pair for pair in pairs if recording_of(pair.name) not in held]
    if not training:
        raise TrainingError(
            f"Nothing is left to train on beside the held-out share of {holdout:g}.",
            "Give more recordings or a smaller --holdout.",
        )
    return training, [pair for pair in pairs if recording_of(pair.name) in held]


def _place(name: str) -> float:
    """0..1, evenly spread."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") / 2.0**64


def epoch_order(pairs: Sequence[Pair], seed: int, epoch: int) -> NDArray[np.int64]:
    """Numbers of the pairs, shuffled.

    Where a name has several pictures the epoch goes through all names before it comes to the next picture of
    any: a batch then holds one sound twice, which the loss would take for different ones, only at the seam.
    """
    random = np.random.default_rng((seed, epoch))
    _, group = np.unique([pair.name for pair in pairs], return_inverse=True)
    inside = np.lexsort((random.random(len(pairs)), group))
    sorted_groups = group[inside]
    begins = np.searchsorted(sorted_groups, sorted_groups)
    turn = np.empty(len(pairs), np.int64)
    turn[inside] = np.arange(len(pairs)) - begins
    return np.lexsort((random.random(len(pairs)), turn))


def batches(order: NDArray[np.int64], size: int, team: Team, first: int = 0) -> list[list[int]]:
    """This process' part of every batch of `size` pairs in all, from batch `first` on; the last is kept."""
    whole = [order[at : at + size] for at in range(0, len(order), size)][first:]
    return [np.array_split(batch, team.size)[team.rank].tolist() for batch in whole]


def open_loader(
    pairs: Pairs, parts: list[list[int]], workers: int, device: torch.device | str = "cpu"
) -> DataLoader[Batch]:
    """Batches read by so many processes, one thread each; by this one where there are none."""
    return DataLoader(
        pairs,  # type: ignore[arg-type]
        batch_sampler=parts,
        num_workers=workers,
        collate_fn=collate,
        pin_memory=torch.device(device).type == "cuda",
        prefetch_factor=PREFETCH if workers else None,
        # It draws a seed for its processes: from the common generator, a run that goes on would differ.
        generator=torch.Generator(),
    )
