"""Folders of real recordings: what is in them, which family each belongs to, and what cannot be used.

A folder holds sound files and a `clips.csv` with the columns `file` and `label`, and, where known, `author`,
`license` and `source`; `made` = yes marks sounds that no microphone heard. What cannot be used is named with
its reason and left out; one bad file stops nothing.
"""

from __future__ import annotations

import csv
import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from s2s_live.errors import TrainingError
from s2s_live.world.families import FAMILY_IDS

logger = logging.getLogger(__name__)

SAMPLE_RATE = 16_000
LABELS = Path(__file__).with_name("labels.csv")
_LOWEST_RATE = 8_000
_SILENT_DB = -80.0
_LONGEST_S = 600.0
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """One usable recording."""

    path: Path
    label: str
    families: tuple[str, ...]
    """The family it teaches, then others that are right as well."""
    source: str
    """Clips of one source recording (or one speaker) share this and never part."""
    author: str
    licence: str
    made: bool
    """Synthesised: taught, never held out or counted as real."""
    samples: Floats = field(repr=False, compare=False)
    """`[n]` mono at 16 kHz, at the level of the file."""

    @property
    def family(self) -> str:
        """The family it teaches."""
        return self.families[0]


@dataclass(frozen=True)
class Problem:
    """One file that is left out, or a remark on one that is not."""

    path: Path
    reason: str
    skipped: bool = True


@dataclass(frozen=True)
class Recordings:
    """What some folders hold."""

    clips: tuple[Clip, ...]
    problems: tuple[Problem, ...]

    def summary(self) -> str:
        """Counts of clips and of every reason, in one line."""
        reasons = Counter(problem.reason for problem in self.problems)
        parts = [f"{len(self.clips)} recordings used"]
        parts += [f"{count} {reason}" for reason, count in sorted(reasons.items())]
        return ", ".join(parts)


def read_labels(path: Path = LABELS) -> Mapping[str, tuple[str, ...]]:
    """The table from label to families: `label,family[|family]`, the first family is the one taught.

    Raises TrainingError for a missing or damaged table or an unknown family.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise TrainingError(f"The label table {path} cannot be read ({error}).", "Restore it.") from error
    table: dict[str, tuple[str, ...]] = {}
    for row in rows:
        families = tuple((row.get("family") or "").split("|"))
        unknown = [family for family in families if family not in FAMILY_IDS]
        if unknown or not row.get("label"):
            raise TrainingError(
                f"{path}: the row {dict(row)} names no known family.", f"Use {', '.join(FAMILY_IDS)}."
            )
        table[row["label"]] = families
    return table


def read_folders(
    folders: Iterable[Path], shortest_s: float = 1.0, labels: Mapping[str, tuple[str, ...]] | None = None
) -> Recordings:
    """All usable recordings of these folders, resampled to 16 kHz mono.

    Raises TrainingError if a folder has no readable `clips.csv`. Single files never raise: see `problems`.
    """
    table = read_labels() if labels is None else labels
    clips: list[Clip] = []
    problems: list[Problem] = []
    for folder in folders:
        for row in _rows(folder):
            found = _read_row(folder, row, table, shortest_s, problems)
            if found is not None:
                clips.append(found)
    recordings = Recordings(tuple(clips), tuple(problems))
    for problem in problems:
        if problem.skipped:
            logger.warning("%s: %s; left out", problem.path, problem.reason)
    logger.info("%s", recordings.summary())
    return recordings


def _rows(folder: Path) -> list[dict[str, str]]:
    table = folder / "clips.csv"
    hint = "Give a folder with sound files and a clips.csv with the columns file,label,author,license,source."
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [{k: v or "" for k, v in row.items() if k is not None} for row in reader]
            columns = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TrainingError(f"{table} cannot be read ({error}).", hint) from error
    if "file" not in columns or "label" not in columns:
        raise TrainingError(f"{table} has no columns file and label.", hint)
    return rows


def _locate(folder: Path, name: str) -> Path | None:
    """The file beside the table or in its `audio` folder, never outside the folder."""
    for candidate in (folder / name, folder / "audio" / name):
        if candidate.is_file() and candidate.resolve().is_relative_to(folder.resolve()):
            return candidate
    return None


def _read_row(
    folder: Path,
    row: Mapping[str, str],
    table: Mapping[str, tuple[str, ...]],
    shortest_s: float,
    problems: list[Problem],
) -> Clip | None:
    label, name = row["label"].strip(), row["file"].strip()
    families = table.get(label)
    path = _locate(folder, name) if name else None
    if path is None:
        problems.append(Problem(folder / name, "missing"))
        return None
    if families is None:
        problems.append(Problem(path, f"of the unknown label {label!r}"))
        return None
    samples, reason = load_mono(path)
    if not reason and samples.size < shortest_s * SAMPLE_RATE:
        reason = "too short"
    if reason:
        problems.append(Problem(path, reason))
        return None
    origin = row.get("source", "").strip() or path.name
    group = f"{folder.name}/{origin}"
    licence = row.get("license", "") or row.get("licence", "")
    made = row.get("made", "").strip().lower() in {"yes", "true", "1"}
    return Clip(path, label, families, group, row.get("author", ""), licence, made, samples)


def load_mono(path: Path) -> tuple[Floats, str]:
    """A sound file as mono at 16 kHz, and an empty text; or nothing, and why it cannot be used."""
    nothing = np.zeros(0, dtype=np.float32)
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            wanted = int(_LONGEST_S * rate)
            samples = file.read(wanted, dtype="float32", always_2d=True).mean(axis=1)
    except (soundfile.LibsndfileError, RuntimeError, OSError):
        return nothing, "unreadable"
    if rate < _LOWEST_RATE:
        return nothing, f"of a sample rate below {_LOWEST_RATE} Hz"
    if not np.isfinite(samples).all():
        return nothing, "not finite"
    if samples.size == 0 or float(np.abs(samples).max()) < 10 ** (_SILENT_DB / 20):
        return nothing, "silent"
    if rate != SAMPLE_RATE:
        samples = soxr.resample(samples, rate, SAMPLE_RATE)
    return np.asarray(samples, dtype=np.float32), ""


def folds(clips: Sequence[Clip], count: int = 4) -> list[int | None]:
    """The fold (0..count-1) that holds each clip out, or None for clips that are always trained on.

    Whole sources move together. Within a family the sources are dealt out in turn, in an order fixed by their
    names' hashes. A family's only source cannot be held out without leaving nothing real to learn from: None.
    So are sounds that are synthesised.
    """
    if count < 2:
        raise ValueError("at least two folds")
    sources: dict[str, set[str]] = defaultdict(set)
    for clip in clips:
        if not clip.made:
            sources[clip.family].add(clip.source)
    fold_of: dict[str, int | None] = {}
    for family in sorted(sources):
        ordered = sorted(sources[family], key=lambda name: hashlib.sha256(name.encode()).hexdigest())
        for index, source in enumerate(ordered):
            fold_of.setdefault(source, index % count if len(ordered) > 1 else None)
    return [None if clip.made else fold_of[clip.source] for clip in clips]


def attribution(clips: Iterable[Clip]) -> list[tuple[str, str, str]]:
    """Distinct (author, licence, source) of the clips, sorted: the rows a model card owes."""
    return sorted({(clip.author, clip.licence, clip.source.split("/", 1)[1]) for clip in clips})
