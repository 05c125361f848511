"""A pair's bytes as tensors, or why they cannot be."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset, default_collate

from s2s_live.features.log_psd import SAMPLE_RATE
from s2s_live.training.sound2scene.pairing import Pair
from s2s_live.training.sound2scene.pictures import squeezed
from s2s_live.training.sound2scene.source import Source
from s2s_live.training.sound2scene.spectrogram import fast_official_log_psd

Floats = NDArray[np.float32]
SHORTEST_S = 1.0
"""Shorter clips do not fill ten seconds when they are put ten times in a row."""
_LONGEST_S = 10.0


@dataclass(frozen=True)
class Problem:
    """A pair that is left out, or a remark on one that is not."""

    file: str
    reason: str
    skipped: bool = True


@dataclass(frozen=True)
class Item:
    """One pair."""

    spectrogram: Tensor
    """`[1, 257, 1004]`."""
    picture: Tensor
    """`[3, 256, 256]` uint8."""
    remarks: tuple[Problem, ...] = ()


@dataclass(frozen=True)
class Batch:
    """Some pairs; none where all were left out."""

    spectrograms: Tensor
    """`[n, 1, 257, 1004]`."""
    pictures: Tensor
    """`[n, 3, 256, 256]` uint8."""
    problems: tuple[Problem, ...]

    def __len__(self) -> int:
        return len(self.pictures)

    def pin_memory(self) -> Batch:
        """As the loader asks, for a quick copy to a GPU."""
        return Batch(self.spectrograms.pin_memory(), self.pictures.pin_memory(), self.problems)


class UnusableError(ValueError):
    """A file that cannot be learnt from; the text says why."""


def read_sound(data: bytes) -> tuple[Floats, tuple[str, ...]]:
    """A sound file's bytes as mono samples `[n]` at 16 kHz, ten seconds at most, and what was done to them.

    Raises UnusableError.
    """
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate = int(file.samplerate)
            # Much the quicker way for what pairs are stored as.
            kind = "int16" if file.subtype == "PCM_16" else "float32"
            wide = file.read(round(_LONGEST_S * rate), dtype=kind, always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, OSError, TypeError, ValueError) as error:
        raise UnusableError(f"cannot be read as sound ({str(error).rstrip('.')})") from error
    remarks = []
    if wide.dtype == np.int16:
        wide = wide * np.float32(1.0 / 32768.0)
    samples: Floats = wide[:, 0]
    if wide.shape[1] > 1:
        remarks.append(f"{wide.shape[1]} channels, mixed down")
        samples = wide.mean(axis=1)
    if rate != SAMPLE_RATE:
        remarks.append(f"{rate} Hz, resampled")
        samples = np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), np.float32)
    if len(samples) < SHORTEST_S * SAMPLE_RATE:
        raise UnusableError(f"is shorter than {SHORTEST_S:g} s")
    if not np.isfinite(samples).all():
        raise UnusableError("holds samples that are no numbers")
    return samples, tuple(remarks)


class Pairs(Dataset[Item | Problem]):
    """Pairs of a source, by number: an `Item`, or the `Problem` that forbids it."""

    def __init__(self, source: Source, pairs: list[Pair]) -> None:
        self.source = source
        self.pairs = pairs

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Item | Problem:
        pair = self.pairs[index]
        try:
            samples, remarks = read_sound(self.source.read(pair.audio, audio=True))
        except (OSError, UnusableError) as error:
            return Problem(pair.audio, _why(error))
        try:
            picture = squeezed(self.source.read(pair.image, audio=False))
        except (OSError, ValueError, SyntaxError) as error:
            # Pillow's decoders report damage as any of these.
            return Problem(pair.image, f"cannot be read as a picture ({_why(error)})")
        notes = tuple(Problem(pair.audio, text, skipped=False) for text in remarks)
        return Item(fast_official_log_psd(samples)[None], picture, notes)


def _why(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error).replace("\n", " ")


def collate(found: list[Any]) -> Batch:
    """What `Pairs` gave, as one batch."""
    items = [one for one in found if isinstance(one, Item)]
    problems = [one for one in found if isinstance(one, Problem)]
    problems += [remark for item in items for remark in item.remarks]
    if not items:
        nothing = torch.zeros(0, 1, 257, 1004)
        return Batch(nothing, torch.zeros(0, 3, 256, 256, dtype=torch.uint8), tuple(problems))
    # In a reading process this stacks where the training one will find it, and nothing is copied again.
    spectrograms = default_collate([item.spectrogram for item in items])
    return Batch(spectrograms, default_collate([item.picture for item in items]), tuple(problems))
