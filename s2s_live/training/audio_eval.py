"""How well an audio encoder names sounds it never met: windows and whole recordings, by family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.training.audio_features import WINDOW, encoder_input, power_columns, to_db
from s2s_live.training.audio_loss import distances
from s2s_live.training.recordings import Clip
from s2s_live.world.families import FAMILY_IDS

GATE_DB = -60.0
_STRIDE = WINDOW // 2


@dataclass(frozen=True)
class Heard:
    """The windows of some clips, as one batch of embeddings."""

    embeddings: Tensor
    """`[N, D]` unit."""
    clip: Tensor
    """`[N]` index of the clip that each window is of."""
    right: Tensor
    """`[N, F]` which families would be right."""
    taught: Tensor
    """`[N]` the family that its recording teaches."""


@dataclass
class Score:
    """Shares of windows and of clips whose nearest family is right."""

    windows: int
    clips: int
    real_window_top1: float
    real_clip_top1: float
    ece: float
    by_family: dict[str, dict[str, float]] = field(default_factory=dict)
    confusion: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def family_mean_window_top1(self) -> float:
        """Mean of the families' own shares: one long recording does not drown the rest."""
        shares = [row["window_top1"] for row in self.by_family.values()]
        return sum(shares) / len(shares) if shares else 0.0

    def to_json(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            "real_window_top1": round(self.real_window_top1, 4),
            "real_clip_top1": round(self.real_clip_top1, 4),
            "ece": round(self.ece, 4),
            "family_mean_window_top1": round(self.family_mean_window_top1, 4),
            "windows": self.windows,
            "clips": self.clips,
            "by_family": self.by_family,
            "confusion": self.confusion,
        }


def hear_clips(encoder: AudioEncoder, clips: Sequence[Clip], batch: int = 128) -> Heard:
    """Embed every window of the clips, half a window apart, that is not under the silence gate."""
    windows: list[Tensor] = []
    owner: list[int] = []
    for index, clip in enumerate(clips):
        columns = to_db(power_columns(clip.samples)).half()
        for start in range(0, max(1, len(columns) - WINDOW + 1), _STRIDE):
            piece = clip.samples[start * 160 : (start + WINDOW) * 160]
            level = 10 * np.log10(float(np.mean(np.square(piece, dtype=np.float64))) + 1e-12)
            if level >= GATE_DB and len(columns) >= start + WINDOW:
                windows.append(columns[start : start + WINDOW])
                owner.append(index)
    was_training = encoder.training
    encoder.eval()
    rows = []
    with torch.inference_mode():
        for at in range(0, len(windows), batch):
            power = 10 ** (torch.stack(windows[at : at + batch]).float() / 10)
            rows.append(unit(encoder(encoder_input(power))))
    encoder.train(was_training)
    right = torch.zeros(len(clips), len(FAMILY_IDS), dtype=torch.bool)
    for index, clip in enumerate(clips):
        for family in clip.families:
            right[index, FAMILY_IDS.index(family)] = True
    clip_of = torch.tensor(owner, dtype=torch.long)
    size = encoder.config.embedding_size
    taught = torch.tensor([FAMILY_IDS.index(clip.family) for clip in clips], dtype=torch.long)
    embeddings = torch.cat(rows) if rows else torch.zeros(0, size)
    return Heard(embeddings, clip_of, right[clip_of], taught[clip_of])


def probabilities(embeddings: Tensor, prototypes: Tensor, temperature: float) -> Tensor:
    """Probability of each family `[N, F]`: softmax over negative distances to the prototypes."""
    return torch.softmax(-distances(embeddings, prototypes) / temperature, dim=1)


def calibrate(heard: Heard, prototypes: Tensor) -> float:
    """The temperature under which the right families are likeliest: a scan on a logarithmic scale."""
    best, best_loss = 0.1, float("inf")
    for temperature in np.exp(np.linspace(np.log(0.005), np.log(1.0), 120)):
        p = (probabilities(heard.embeddings, prototypes, float(temperature)) * heard.right).sum(dim=1)
        loss = float(-torch.log(p + 1e-6).mean())
        if loss < best_loss:
            best, best_loss = float(temperature), loss
    return best


def calibration_error(confidence: Tensor, right: Tensor, bins: int = 10) -> float:
    """Expected calibration error of confidences `[N]` against hits `[N]`."""
    index = (confidence * bins).long().clamp_max(bins - 1)
    total = 0.0
    for number in range(bins):
        inside = index == number
        if inside.any():
            gap = confidence[inside].mean() - right[inside].float().mean()
            total += float(inside.float().mean()) * abs(float(gap))
    return total


def score(heard: Heard, prototypes: Tensor, temperature: float) -> Score:
    """Top-1 of windows and of clips (by the mean probability of their windows), and the confusion."""
    if not len(heard.embeddings):
        return Score(0, 0, 0.0, 0.0, 0.0)
    p = probabilities(heard.embeddings, prototypes, temperature)
    guess = p.argmax(dim=1)
    hit = heard.right.gather(1, guess[:, None])[:, 0]
    numbers, inverse = torch.unique(heard.clip, return_inverse=True)
    of_clip = torch.zeros(len(numbers), p.shape[1]).index_add_(0, inverse, p)
    right_clip = torch.zeros(len(numbers), p.shape[1], dtype=torch.bool)
    right_clip[inverse] = heard.right
    hit_clip = right_clip.gather(1, of_clip.argmax(dim=1)[:, None])[:, 0]
    result = Score(
        windows=len(hit),
        clips=len(numbers),
        real_window_top1=float(hit.float().mean()),
        real_clip_top1=float(hit_clip.float().mean()),
        ece=calibration_error(p.amax(dim=1), hit),
    )
    taught_clip = torch.zeros(len(numbers), dtype=torch.long).scatter_(0, inverse, heard.taught)
    _by_family(result, heard.taught, guess, hit, taught_clip, hit_clip)
    return result


def _by_family(
    result: Score, taught: Tensor, guess: Tensor, hit: Tensor, taught_clip: Tensor, hit_clip: Tensor
) -> None:
    for family in sorted(set(taught.tolist())):
        mine, mine_clip = taught == family, taught_clip == family
        name = FAMILY_IDS[family]
        result.by_family[name] = {
            "windows": int(mine.sum()),
            "window_top1": round(float(hit[mine].float().mean()), 4),
            "clips": int(mine_clip.sum()),
            "clip_top1": round(float(hit_clip[mine_clip].float().mean()), 4),
        }
        shares = torch.bincount(guess[mine], minlength=len(FAMILY_IDS)).float() / float(mine.sum())
        result.confusion[name] = {
            FAMILY_IDS[i]: round(float(shares[i]), 3)
            for i in shares.argsort(descending=True)[:5]
            if shares[i] > 0
        }
