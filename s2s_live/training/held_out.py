"""Encoders that were trained without one fold of the recordings: what a model is judged by.

A run folder keeps them, and a model folder may carry them in `folds`, so that whoever has the model can
measure it without training anything.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.engines.sound2scene.presets import BUNDLED_AUDIO_ENCODER
from s2s_live.engines.sound2scene.weights import load_weights
from s2s_live.errors import S2SError, TrainingError
from s2s_live.training.audio_state import replacing

FOLDS = 4
FOLDER = "folds"
"""Where a model folder has them."""
_WEIGHTS = "encoder."


@dataclass(frozen=True)
class HeldOut:
    """An encoder, and what was found of it on the recordings that it never met."""

    encoder: AudioEncoder
    prototypes: Tensor
    """`[F, D]` unit."""
    temperature: float
    scores: tuple[float, float, float]
    """Window top-1, clip top-1, calibration error."""


def fold_path(folder: Path, fold: int) -> Path:
    """The file of a fold."""
    return folder / f"audio_fold{fold}.safetensors"


def trained_folds(folder: Path) -> list[int]:
    """Which folds there are."""
    return [fold for fold in range(FOLDS) if fold_path(folder, fold).is_file()]


def place_of_folds(run: Path, model: Path) -> Path:
    """The run folder if it has any fold, else what the model folder carries."""
    return run if trained_folds(run) else model / FOLDER


def save_fold(folder: Path, fold: int, found: HeldOut) -> None:
    """Write a fold's file, weights in 16 bits. Raises TrainingError where it cannot be written."""
    tensors = {_WEIGHTS + name: value for name, value in found.encoder.state_dict().items()}
    tensors |= {"prototypes": found.prototypes, "scores": torch.tensor(found.scores)}
    tensors["temperature"] = torch.tensor([found.temperature])
    kept = {name: value.half() if name.startswith(_WEIGHTS) and value.is_floating_point() else value
            for name, value in tensors.items()}  # fmt: skip
    with replacing(fold_path(folder, fold)) as path:
        safetensors.torch.save_file({name: value.contiguous() for name, value in kept.items()}, path)


def load_fold(folder: Path, fold: int, config: AudioEncoderConfig = BUNDLED_AUDIO_ENCODER) -> HeldOut:
    """What `save_fold` wrote. Raises TrainingError where there is none, or a damaged one."""
    path = fold_path(folder, fold)
    if not path.is_file():
        raise TrainingError(
            f"Fold {fold} was not trained in {folder}.",
            f"Run `s2s-live train world --stage audio --holdout {fold}`.",
        )
    try:
        tensors = safetensors.torch.load_file(path)
        encoder = AudioEncoder(config).eval()
        weights = {name.removeprefix(_WEIGHTS): value for name, value in tensors.items()
                   if name.startswith(_WEIGHTS)}  # fmt: skip
        load_weights(encoder, weights, f"The encoder of fold {fold}")
        window, clip, error = tensors["scores"].tolist()
        return HeldOut(encoder, tensors["prototypes"], float(tensors["temperature"]), (window, clip, error))
    except (OSError, ValueError, KeyError, safetensors.SafetensorError, S2SError) as error:
        raise TrainingError(f"{path} is damaged ({error}).", "Delete it and train this fold anew.") from error


def mean_temperature(found: Sequence[HeldOut], default: float) -> float:
    """What folds found best, in the (geometric) mean; `default` where there is none."""
    return float(np.exp(np.mean([np.log(fold.temperature) for fold in found]))) if found else default


def carry_folds(run: Path, model: Path) -> None:
    """Put the run folder's folds into the model folder. Raises TrainingError where they cannot be written."""
    for fold in trained_folds(run):
        with replacing(fold_path(model / FOLDER, fold)) as path:
            shutil.copyfile(fold_path(run, fold), path)
