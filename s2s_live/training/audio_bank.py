"""The picture side of the audio stage: embeddings of many pictures, by family and intensity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from s2s_live.errors import TrainingError

_BLUR = 0.08
_STEPS = 33
_HINT = "Run the image stage first: it writes the bank."


class Bank:
    """Unit picture embeddings to pair sounds with.

    `family` `[N]`, `intensity` `[N]` in 0..1, `embedding` `[N, D]` unit.
    """

    def __init__(self, family: Tensor, intensity: Tensor, embedding: Tensor, families: int) -> None:
        if not len(family) == len(intensity) == len(embedding) > 0:
            raise TrainingError("The picture bank's arrays differ in length or are empty.", _HINT)
        self.family = family.long()
        self.intensity = intensity.float()
        self.embedding = torch.nn.functional.normalize(embedding.float(), dim=1)
        missing = sorted(set(range(families)) - set(self.family.tolist()))
        if missing:
            raise TrainingError(f"The picture bank has no pictures of the families {missing}.", _HINT)
        self._rows = [self._sorted_rows(index) for index in range(families)]
        self.means = torch.stack([self._smoothed(index) for index in range(families)])
        """`[F, steps, D]` unit: mean embedding of a family around each of equally spaced intensities."""
        self.centres = torch.nn.functional.normalize(self.means.mean(dim=1), dim=1)
        """`[F, D]` unit."""

    @property
    def size(self) -> int:
        """Length of an embedding."""
        return int(self.embedding.shape[1])

    def _sorted_rows(self, family: int) -> Tensor:
        rows = torch.nonzero(self.family == family)[:, 0]
        return rows[torch.argsort(self.intensity[rows])]

    def _smoothed(self, family: int) -> Tensor:
        rows = self._rows[family]
        where = torch.linspace(0, 1, _STEPS)
        gap = self.intensity[rows][None, :] - where[:, None]
        nearest = gap.abs().min(dim=1, keepdim=True).values
        weight = torch.exp(-0.5 * ((gap.abs() - nearest) / _BLUR) ** 2)
        return torch.nn.functional.normalize(weight @ self.embedding[rows], dim=1)

    def draw(self, family: Tensor, intensity: Tensor, generator: torch.Generator) -> Tensor:
        """For each sound the embedding `[B, D]` of a picture of its family and about its intensity."""
        chosen = torch.empty(len(family), dtype=torch.long)
        jitter = 0.03 * torch.randn(len(family), generator=generator)
        for index, (kind, level) in enumerate(
            zip(family.tolist(), (intensity + jitter).tolist(), strict=True)
        ):
            rows = self._rows[kind]
            place = int(torch.searchsorted(self.intensity[rows], torch.tensor(level)))
            chosen[index] = rows[min(place, len(rows) - 1)]
        return self.embedding[chosen]

    def mean(self, family: Tensor, intensity: Tensor) -> Tensor:
        """The mean embedding `[B, D]` (unit) of pictures of these families at these intensities."""
        where = intensity.clamp(0, 1) * (_STEPS - 1)
        left = where.floor().long().clamp_max(_STEPS - 2)
        part = (where - left)[:, None]
        mixed = self.means[family, left] * (1 - part) + self.means[family, left + 1] * part
        return torch.nn.functional.normalize(mixed, dim=1)


def load_bank(path: Path, families: int) -> Bank:
    """Read the arrays `family`, `intensity` and `embedding` of an npz file.

    Raises TrainingError for a missing or damaged file.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = [
                torch.from_numpy(np.asarray(data[name])) for name in ("family", "intensity", "embedding")
            ]
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"The picture bank {path} cannot be read ({error}).", _HINT) from error
    return Bank(arrays[0], arrays[1], arrays[2], families)


def stand_in_bank(families: int, size: int = 128, each: int = 64, seed: int = 0) -> Bank:
    """A bank of made-up embeddings: a direction per family that turns with the intensity. For tests."""
    generator = torch.Generator().manual_seed(seed)
    family = torch.arange(families).repeat_interleave(each)
    intensity = torch.rand(families * each, generator=generator)
    ends = torch.randn(2, families, size, generator=generator).relu()
    mixed = ends[0, family] * (1 - 0.4 * intensity[:, None]) + ends[1, family] * 0.4 * intensity[:, None]
    noise = 0.05 * torch.randn(len(family), size, generator=generator)
    return Bank(family, intensity, (mixed + noise).relu(), families)
