"""Sounds to learn from, held in memory as power-mel columns, and the drawing of windows from them.

Half precision holds decibels, not power: 0.06 dB at worst.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2s_live.training import audio_state
from s2s_live.training.audio_features import WINDOW, power_columns, to_db
from s2s_live.training.audio_rooms import varied
from s2s_live.training.recordings import Clip
from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.sounds import synthesise
from s2s_live.world.sounds_dsp import Floats

logger = logging.getLogger(__name__)

_STRIDE = 5
_GATE_DB = -60.0
_ACTIVE_DB = 22.0
SYNTHETIC_S = 2.5


@dataclass
class _Entry:
    """One clip in the pool: where its columns lie and where windows of it may begin."""

    columns: Tensor
    any_start: NDArray[np.int64]
    active_start: NDArray[np.int64]


def _starts(columns: Tensor, gate_db: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts of windows above the gate, and of those near the clip's loudest."""
    power = 10 ** (columns.double() / 10)
    total = torch.cat([torch.zeros(1, dtype=torch.float64), power.sum(dim=1).cumsum(0)])
    starts = torch.arange(0, max(1, len(columns) - WINDOW + 1), _STRIDE)
    level = 10 * torch.log10(
        (total[(starts + WINDOW).clamp_max(len(columns))] - total[starts]) / WINDOW + 1e-15
    )
    audible = starts[level >= gate_db]
    active = starts[(level >= gate_db) & (level >= level.max() - _ACTIVE_DB)]
    return audible.numpy(), active.numpy()


def _row(family: int, source: str, entry: _Entry) -> dict[str, Any]:
    starts = {"any": torch.from_numpy(entry.any_start), "active": torch.from_numpy(entry.active_start)}
    return {"family": family, "source": source, "columns": entry.columns, **starts}


class Pool:
    """Clips by family and source; windows are drawn evenly over families, then sources, then moments."""

    def __init__(self) -> None:
        self._real: dict[int, dict[str, list[_Entry]]] = {}
        self._made: dict[int, list[_Entry]] = {}

    def add(self, samples: Floats, family: int, source: str | None, gate_db: float = _GATE_DB) -> bool:
        """Take in a clip (`source` None: synthesised). False if no window of it is above the gate."""
        columns = to_db(power_columns(samples))
        if len(columns) < WINDOW:
            return False
        audible, active = _starts(columns, gate_db)
        if not len(audible):
            return False
        entry = _Entry(columns.half(), audible, active)
        if source is None:
            self._made.setdefault(family, []).append(entry)
        else:
            self._real.setdefault(family, {}).setdefault(source, []).append(entry)
        return True

    @property
    def counts(self) -> dict[str, tuple[int, int, int]]:
        """Per family: real sources, real versions, synthesised clips."""
        return {
            name: (
                len(self._real.get(i, {})),
                sum(len(v) for v in self._real.get(i, {}).values()),
                len(self._made.get(i, [])),
            )
            for i, name in enumerate(FAMILY_IDS)
        }

    def without(self, sources: Collection[str]) -> Pool:
        """The pool but for these sources."""
        rest = Pool()
        rest._made = self._made
        for family, by_source in self._real.items():
            kept = {name: entries for name, entries in by_source.items() if name not in sources}
            if kept:
                rest._real[family] = kept
        return rest

    def to_state(self) -> list[dict[str, Any]]:
        """As plain tensors, numbers and texts, for `audio_state.save`."""
        rows: list[dict[str, Any]] = []
        for family, entries in self._made.items():
            rows += [_row(family, "", entry) for entry in entries]
        for family, by_source in self._real.items():
            rows += [_row(family, name, entry) for name, entries in by_source.items() for entry in entries]
        return rows

    @classmethod
    def from_state(cls, rows: list[dict[str, Any]]) -> Pool:
        """What `to_state` gave."""
        pool = cls()
        for row in rows:
            entry = _Entry(row["columns"], row["any"].numpy(), row["active"].numpy())
            if row["source"]:
                pool._real.setdefault(row["family"], {}).setdefault(row["source"], []).append(entry)
            else:
                pool._made.setdefault(row["family"], []).append(entry)
        return pool

    def draw(self, family: int, rng: np.random.Generator) -> tuple[Tensor, bool]:
        """One window `[WINDOW, bins]` in dB of a family, and whether it is real."""
        sources = self._real.get(family, {})
        made = self._made.get(family, [])
        real = bool(sources) and (not made or rng.random() < real_share(len(sources)))
        if real:
            names = sorted(sources)
            entries = sources[names[int(rng.integers(len(names)))]]
        else:
            entries = made
        if not entries:
            raise ValueError(f"no sound of family {FAMILY_IDS[family]}")
        entry = entries[int(rng.integers(len(entries)))]
        starts = entry.active_start if rng.random() < 0.8 else entry.any_start
        start = int(starts[int(rng.integers(len(starts)))]) + int(rng.integers(_STRIDE))
        start = min(start, len(entry.columns) - WINDOW)
        return entry.columns[start : start + WINDOW].float(), real


def real_share(sources: int) -> float:
    """How often a family's window is a real one: one recording alone teaches little about others."""
    return {0: 0.0, 1: 0.15, 2: 0.3}.get(sources, 0.66)


def gate_of(family: str) -> float:
    """The level below which windows of a family are not drawn; silence has none."""
    return -130.0 if family == "silence" else _GATE_DB


def made_clip(family: str, seed: int, rng: np.random.Generator) -> Floats:
    """A synthesised clip to learn from, half of them in a room or at another speed."""
    clip = synthesise(family, float(rng.uniform(0.15, 1.0)), seed, SYNTHETIC_S)
    if rng.random() < 0.5:
        return varied(clip, rng)[: int(SYNTHETIC_S * 16000)]
    return clip


def _fingerprint(clips: Sequence[Clip], made: int, versions: int, seed: int) -> str:
    """Of what a pool is made from: the recordings, the numbers and how the synthesis sounds today."""
    digest = hashlib.sha256(repr((made, versions, seed)).encode())
    for clip in clips:
        digest.update(f"{clip.source} {clip.path.name} {clip.family} {clip.samples.size}".encode())
    for family in FAMILY_IDS:
        digest.update(synthesise(family, 0.5, 0, 0.2).tobytes())
    return digest.hexdigest()


def cached(path: Path, clips: Sequence[Clip], made: int, versions: int, seed: int) -> Pool:
    """The pool of `fill`, read from `path` where it was made of the same things before.

    Raises TrainingError where the file is damaged or the disk is full.
    """
    wanted = _fingerprint(clips, made, versions, seed)
    state = audio_state.load(path)
    if state is not None and state.get("made_of") == wanted:
        return Pool.from_state(state["rows"])
    logger.info("Making %d sounds of every family and %d versions of each recording", made, versions + 1)
    pool = Pool()
    fill(pool, clips, made, versions, seed)
    audio_state.save(path, {"made_of": wanted, "rows": pool.to_state()})
    return pool


def fill(
    pool: Pool,
    clips: Sequence[Clip],
    made: int,
    versions: int,
    seed: int,
    tick: Callable[[], None] | None = None,
) -> None:
    """Fill a pool: each real clip as it is and in `versions` other ways, and `made` clips of every family.

    `tick` is called after every clip: for a progress bar, or to stop by raising.
    """
    rng = np.random.default_rng(seed)
    for clip in clips:
        family = FAMILY_IDS.index(clip.family)
        pool.add(clip.samples, family, clip.source)
        for _ in range(versions):
            pool.add(varied(clip.samples, rng), family, clip.source)
        if tick is not None:
            tick()
    for number in range(made):
        for family, name in enumerate(FAMILY_IDS):
            pool.add(made_clip(name, seed * 100_003 + number, rng), family, None, gate_of(name))
            if tick is not None:
                tick()
