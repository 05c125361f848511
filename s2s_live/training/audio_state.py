"""Saving and loading of the audio stage: whole files or none, tensors and numbers only."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor

from s2s_live.errors import TrainingError


def save(path: Path, state: dict[str, Any]) -> None:
    """Write beside the file, then put in its place: a full disk or a kill leaves the old one whole.

    Raises TrainingError where the disk is full or the folder cannot be written.
    """
    with replacing(path) as new, new.open("wb") as file:
        torch.save(state, file)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write that then takes the place of `path`, or is gone where writing fails.

    Raises TrainingError where the disk is full or the folder cannot be written.
    """
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield new
        with new.open("rb+") as file:
            os.fsync(file.fileno())
        new.replace(path)
    except (OSError, RuntimeError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise TrainingError(
            f"{path} cannot be written ({error}).", "Free some space and start again: the run resumes."
        ) from error


def load(path: Path) -> dict[str, Any] | None:
    """What `save` wrote, or None where there is no file.

    Raises TrainingError for a damaged file. Nothing in the file is run.
    """
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, UnpicklingError) as error:
        raise TrainingError(f"{path} is damaged ({error}).", "Delete it to start this stage anew.") from error
    if not isinstance(state, dict):
        raise TrainingError(f"{path} is no checkpoint.", "Delete it to start this stage anew.")
    return state


class Average:
    """A running average of a module's floating-point state: steadier than the newest step."""

    def __init__(self, module: torch.nn.Module, decay: float = 0.998) -> None:
        self.decay = decay
        self.steps = 0
        self.state: dict[str, Tensor] = {k: v.detach().clone() for k, v in module.state_dict().items()}

    def update(self, module: torch.nn.Module) -> None:
        """Move towards the module; fast at first."""
        self.steps += 1
        keep = min(self.decay, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for name, value in module.state_dict().items():
                mine = self.state[name]
                if mine.dtype.is_floating_point:
                    mine.lerp_(value, 1 - keep)
                else:
                    mine.copy_(value)
