"""Pairs with their categories, as `clips.csv` beside them tells: what a trained model is tried on."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from s2s_live.engines.sound2scene.image_input import read_rgb
from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.items import UnusableError, read_sound
from s2s_live.training.sound2scene.pairing import first_frames
from s2s_live.training.sound2scene.source import open_source

TABLE = "clips.csv"
Floats = NDArray[np.float32]


class LabelledPairs:
    """The best picture of every name in a folder, or shards, that the table names with a label.

    Raises TrainingError where there are none.
    """

    def __init__(self, folder: Path, split: str | None = None) -> None:
        self._source = open_source(folder)
        table = _read_table(folder / TABLE)
        chosen = [
            pair
            for pair in first_frames(self._source.pairs, 1)
            if pair.name in table and split in {None, table[pair.name][1]}
        ]
        if not chosen:
            raise TrainingError(
                f"{folder / TABLE} labels no pair that is there.",
                "Its columns are name, label and split; --split chooses among the latter.",
            )
        self._pairs = chosen
        self.names = [pair.name for pair in chosen]
        self.labels = [table[pair.name][0] for pair in chosen]

    def __len__(self) -> int:
        return len(self._pairs)

    def read(self, index: int) -> tuple[Floats, Image.Image]:
        """Samples `[n]` at 16 kHz, mono, and the picture. Raises UnusableError."""
        pair = self._pairs[index]
        try:
            samples, _ = read_sound(self._source.read(pair.audio, audio=True))
            with Image.open(io.BytesIO(self._source.read(pair.image, audio=False))) as picture:
                return samples, read_rgb(picture)
        except UnusableError:
            raise
        except (OSError, ValueError, SyntaxError, MemoryError, Image.DecompressionBombError) as error:
            raise UnusableError(f"cannot be read ({error})") from error


def _read_table(path: Path) -> dict[str, tuple[str, str]]:
    """Label and split by name."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        return {row["name"]: (row["label"], row.get("split") or "") for row in rows if row["label"]}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise TrainingError(
            f"{path} cannot be read ({error!r}).",
            "It has the columns name, label and split: `s2s-live data vggsound` writes it.",
        ) from error
