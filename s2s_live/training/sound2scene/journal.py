"""What a run writes of its course: a line of JSON for every step and validation, and TensorBoard if asked."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from s2s_live.errors import TrainingError


class Journal:
    """Appends to `path`. A run that goes on from step `step`, `epoch` epochs closed, drops what came after.
    TensorBoard can drop by step alone: a validation may stand there twice.

    Raises TrainingError where the file cannot be written, or TensorBoard is asked for and missing.
    """

    def __init__(self, path: Path, step: int, epoch: int, tensorboard: bool = False) -> None:
        self.path = path
        self._board = open_board(path.parent / "tensorboard", step) if tensorboard else None
        try:
            kept = [line for line in _lines(path) if _before(line, step, epoch)]
            path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
            self._file = path.open("a", encoding="utf-8")
        except OSError as error:
            raise _full(path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._board is not None:
            self._board.close()
        self._file.close()

    def write(self, step: int, **values: float) -> None:
        """One line: the step, and numbers by name. Raises TrainingError for a full disk."""
        try:
            self._file.write(json.dumps({"step": step, **values}) + "\n")
            self._file.flush()
            for name, value in values.items():
                if self._board is not None:
                    self._board.add_scalar(name, value, step)
        except OSError as error:
            raise _full(self.path, error) from error


def open_board(folder: Path, step: int) -> Any:
    """TensorBoard's writer. Raises TrainingError where the package is missing."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise TrainingError(
            f"TensorBoard is not installed ({error}).", "Run `pip install tensorboard`, or train without it."
        ) from error
    return SummaryWriter(str(folder), purge_step=step + 1)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _before(line: str, step: int, epoch: int) -> bool:
    """Whether a line is from before that point of the run; one that a crash cut short is as good as none.

    A validation stands at the step of its epoch's last loss, and may be the only thing that came after it.
    """
    try:
        row = json.loads(line)
        return int(row["step"]) <= step and ("validation" not in row or int(row["epoch"]) <= epoch)
    except (ValueError, KeyError, TypeError):
        return False


def _full(path: Path, error: OSError) -> TrainingError:
    hint = "Make room on the disk and start again: training goes on from the last checkpoint."
    return TrainingError(f"{path} cannot be written ({error}).", hint)
