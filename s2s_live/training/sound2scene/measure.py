"""How fast pairs are read: what training can be fed with on this machine."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import torch

from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.items import Pairs, collate
from s2s_live.training.sound2scene.loading import batches, epoch_order, open_loader
from s2s_live.training.sound2scene.pictures import FeatureInput
from s2s_live.training.sound2scene.source import open_source
from s2s_live.training.team import Team

BATCH = 64


@dataclass(frozen=True)
class Speed:
    """What was measured."""

    pairs_per_s: float
    pairs: int
    """Read in the time measured."""
    left_out: int
    seconds: float
    workers: int
    device: str
    """Where the last step of the pictures was done."""
    processor_ms: float
    """Processor time that one thread takes for a pair: says more than the clock on a busy machine."""


def measure(folder: Path, workers: int, seconds: float, device: torch.device) -> Speed:
    """Read pairs for so long, from file to spectrogram and to what the image encoder takes.

    Epoch follows epoch in training's own order. The first batch, for which the processes have to be started,
    is not counted. Raises TrainingError where no pair can be used.
    """
    source = open_source(folder)
    data, prepare = Pairs(source, source.pairs), FeatureInput().to(device)
    processor_ms = _processor_ms(data, prepare, device)
    parts: list[list[int]] = []
    while len(parts) * BATCH < seconds * 1000:  # more than will be read
        parts += batches(epoch_order(source.pairs, 0, len(parts)), BATCH, Team())
    pairs = left_out = 0
    begun = now = None
    for batch in open_loader(data, parts, workers, device):
        prepare(batch.pictures.to(device))
        batch.spectrograms.to(device)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        now = time.perf_counter()
        if begun is None:
            begun = now
            continue
        pairs += len(batch)
        left_out += sum(problem.skipped for problem in batch.problems)
        if now - begun >= seconds:
            break
    if begun is None or now is None or not pairs:
        raise TrainingError(f"Not one pair of {folder} can be used.", "`s2s-live train` names what is wrong.")
    took = now - begun
    speed = round(pairs / took, 1)
    return Speed(speed, pairs, left_out, round(took, 2), workers, device.type, round(processor_ms, 2))


def _processor_ms(data: Pairs, prepare: FeatureInput, device: torch.device) -> float:
    """Of a batch read here, after one to warm up; no process hands anything over."""
    for _ in range(2):
        begun = time.process_time()
        batch = collate([data[index % len(data)] for index in range(BATCH)])
        prepare(batch.pictures.to(device))
    return 1000.0 * (time.process_time() - begun) / BATCH
