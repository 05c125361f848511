"""What training stages share: a time budget that survives a restart, whole checkpoints, an average model."""

from __future__ import annotations

import contextlib
import copy
import logging
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, BinaryIO, Generic, TypeVar

import torch
from filelock import FileLock, Timeout
from torch import nn

from s2s_live.errors import TrainingError
from s2s_live.training.team import Team

log = logging.getLogger(__name__)


LONGEST_STEP_S = 20.0


class Budget:
    """Minutes a stage may train in all, counted over every start. Call `tick` once a step, in every process.

    A longer gap than LONGEST_STEP_S is a pause (a stopped process, a sleeping machine) and is not counted.
    """

    def __init__(self, minutes: float, used_s: float = 0.0, team: Team | None = None) -> None:
        self.total_s = 60.0 * minutes
        self._team = team or Team()
        self.used_s = used_s
        """Seconds trained so far, those of earlier starts included."""
        self._last = time.monotonic()

    def tick(self) -> None:
        """Count the time since the last call."""
        now = time.monotonic()
        self.used_s = self._team.agree(self.used_s + min(now - self._last, LONGEST_STEP_S))
        self._last = now

    @property
    def progress(self) -> float:
        """0..1."""
        return min(self.used_s / max(self.total_s, 1e-6), 1.0)

    @property
    def over(self) -> bool:
        """Whether the time is spent."""
        return self.used_s >= self.total_s

    def rate(self, peak: float, step: int, warm: int = 100, floor: float = 0.02) -> float:
        """Learning rate: a warm-up of some steps, half the time budget level, then half a cosine down."""
        wave = 0.5 * (1.0 + math.cos(math.pi * max(0.0, 2.0 * self.progress - 1.0)))
        return peak * min(1.0, (step + 1) / warm) * (floor + (1.0 - floor) * wave)


class Due:
    """Says yes every so many seconds."""

    def __init__(self, every_s: float) -> None:
        self._every = every_s
        self._last = time.monotonic()

    def __call__(self) -> bool:
        """Whether the time has come (and begins the next wait)."""
        now = time.monotonic()
        if now - self._last < self._every:
            return False
        self._last = now
        return True


@contextlib.contextmanager
def claimed(run: Path, stage: str) -> Iterator[None]:
    """Hold a stage's checkpoint for this process: two that write the same one would leave it broken.

    The run folder is made where there is none. A process that ends, however it does, lets go. Raises
    TrainingError where another process holds it, or where the folder cannot be written.
    """
    lock = FileLock(run / f"{stage}.lock", blocking=False)
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        hint = "Wait until it ends, stop it, or choose another run folder."
        raise TrainingError(f"The stage '{stage}' is being trained in {run} already.", hint) from error
    except OSError as error:
        raise TrainingError(f"{run} cannot be written ({error}).", "Choose another run folder.") from error
    try:
        yield
    finally:
        lock.release()


M = TypeVar("M", bound=nn.Module)


class Average(Generic[M]):
    """Exponential moving average of a model's weights, short at first."""

    def __init__(self, model: M, decay: float = 0.999) -> None:
        self.model: M = copy.deepcopy(model)
        self.model.eval().requires_grad_(False)
        self._decay = decay

    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after one step."""
        keep = min(self._decay, (1.0 + step) / (10.0 + step))
        with torch.no_grad():
            for mine, theirs in zip(self.model.parameters(), model.parameters(), strict=True):
                mine.lerp_(theirs, 1.0 - keep)
            for held, latest in zip(self.model.buffers(), model.buffers(), strict=True):
                held.copy_(latest)


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint whole or not at all.

    Raises TrainingError where it cannot be written; an older file is then still whole.
    """
    part = path.with_suffix(path.suffix + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            torch.save(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        hint = "Make room on the disk and start again: training goes on from the last checkpoint."
        raise TrainingError(f"Cannot write the checkpoint {path}: {error}", hint) from error


def load_checkpoint(path: Path, device: torch.device | str = "cpu") -> dict[str, Any] | None:
    """The checkpoint, or None where there is none.

    Raises TrainingError where the file is damaged.
    """
    return read_checkpoint(path, path, device) if path.exists() else None


def read_checkpoint(
    source: Path | BinaryIO, path: Path, device: torch.device | str = "cpu"
) -> dict[str, Any]:
    """The checkpoint that `source` holds, of the file `path`. Raises TrainingError where it is damaged."""
    try:
        state: dict[str, Any] = torch.load(source, map_location=device, weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        raise TrainingError(
            f"Cannot read the checkpoint {path}: {error}", "Remove it to begin afresh."
        ) from error
    return state


def pick_device(name: str = "auto") -> torch.device:
    """`auto` is CUDA where there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)
