"""Videos to a folder of pairs: many clips, several processes, whatever is wrong with some of them."""

from __future__ import annotations

import contextlib
import csv
import errno
import json
import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import soundfile
from PIL import Image
from tqdm import tqdm

from s2s_live.errors import TrainingError
from s2s_live.features.log_psd import SAMPLE_RATE
from s2s_live.training.sound2scene.items import SHORTEST_S
from s2s_live.training.sound2scene.video import SLOW, STEPS_PER_S, Cut, Floats, UnreadableClipError, read_clip

WHOLE = Cut()
REPORT, PLAN = "report.json", "plan.json"
LABELS = ("name", "label", "split")
"""Columns of clips.csv."""
JPEG_QUALITY = 95
HINT_DISK = "Make room on the disk and start again: clips that are done are kept."


@dataclass(frozen=True)
class Task:
    """One clip to be cut."""

    name: str
    """Of its pair."""
    path: Path | None
    """The video; None where there is none."""
    cut: Cut = WHOLE
    frames: tuple[int, ...] = ()
    """Numbers of the pictures, best first, as the list of moments counts; none: that in the middle."""


@dataclass(frozen=True)
class Plan:
    """Where to, and how."""

    out: Path
    side: int = 256
    """Pixels of a picture's shorter side at most; 0: as it is."""
    offset: int = 1
    """Number of the frame at time 0."""
    frames: int = 1
    """Pictures of a clip at most."""
    moments: str = ""
    """Fingerprint of the list of moments."""

    def settled(self) -> dict[str, Any]:
        """What all clips of a folder have in common."""
        return {"side": self.side, "offset": self.offset, "frames": self.frames, "moments": self.moments}


Kind = Literal["written", "already", "missing", "unreadable", "unwritable"]


@dataclass(frozen=True)
class Outcome:
    """What became of a clip."""

    name: str
    kind: Kind
    reason: str = ""
    out_of_range: tuple[int, ...] = ()
    """Frame numbers that the clip has not."""
    remarks: tuple[str, ...] = ()
    """See `Clip`."""

    @property
    def worth_telling(self) -> bool:
        """Whether the report names the clip."""
        return bool(self.reason or self.out_of_range or SLOW in self.remarks)


@dataclass
class Report:
    """What became of all."""

    counts: Counter[str] = field(default_factory=Counter)
    """Of the clips of this run."""
    problems: dict[str, Outcome] = field(default_factory=dict)
    """By name, also those of earlier runs."""

    def add(self, outcome: Outcome) -> None:
        """Count a clip; of one that was done before is told what was found then."""
        known = self.problems.pop(outcome.name, None)
        if outcome.kind == "already" and known is not None:
            # Of what every other clip has (channels, rates) the counts tell, and those are of this run.
            remarks = (SLOW,) if SLOW in known.remarks else ()
            outcome = replace(outcome, out_of_range=known.out_of_range, remarks=remarks)
        self.counts[outcome.kind] += 1
        self.counts["frames out of range"] += len(outcome.out_of_range)
        self.counts.update(outcome.remarks)
        if outcome.worth_telling:
            self.problems[outcome.name] = outcome

    def to_json(self) -> dict[str, Any]:
        """`{counts, problems: [{name, kind, reason, out_of_range, remarks}]}`."""
        rows = sorted(self.problems.values(), key=lambda outcome: outcome.name)
        return {"counts": dict(self.counts), "problems": [asdict(row) for row in rows]}


def extract_all(tasks: Sequence[Task], plan: Plan, workers: int = 1) -> Report:
    """Cut every clip that is not done yet, in so many processes; `report.json` says what became of each.

    Raises TrainingError where the folder cannot be written, or holds clips of another plan; what is done is
    kept and reported, also where it is interrupted.
    """
    report = Report(problems=_earlier(plan.out / REPORT))
    try:
        settle(plan)
        for folder in ("images", "audios"):
            (plan.out / folder).mkdir(parents=True, exist_ok=True)
        try:
            for outcome in tqdm(_run(tasks, plan, workers), total=len(tasks), desc="clips", unit="clip"):
                if outcome.kind == "unwritable":
                    raise TrainingError(f"{plan.out} cannot be written ({outcome.reason}).", HINT_DISK)
                report.add(outcome)
        finally:
            _write_json(plan.out / REPORT, report.to_json())
    except OSError as error:
        raise TrainingError(f"{plan.out} cannot be written ({error}).", HINT_DISK) from error
    return report


def settle(plan: Plan) -> None:
    """Note the plan in its folder, which is made.

    Raises TrainingError where the folder was begun with another one, or has pairs of an unknown one; OSError
    where it cannot be written.
    """
    plan.out.mkdir(parents=True, exist_ok=True)
    path, mine = plan.out / PLAN, plan.settled()
    if not path.exists() and not any((plan.out / "audios").glob("*.wav")):
        _write_json(path, mine)
        return
    try:
        begun = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as error:
        said = f"{plan.out} has pairs, but not how they were cut ({error})."
        raise TrainingError(said, "Give another folder.") from error
    if begun != mine:
        other = ", ".join(
            name for name in mine if not isinstance(begun, dict) or begun.get(name) != mine[name]
        )
        raise TrainingError(
            f"{plan.out} was begun with other settings ({other}).",
            "Repeat them to go on with it, or give another folder.",
        )


def _run(tasks: Sequence[Task], plan: Plan, workers: int) -> Iterator[Outcome]:
    work: Callable[[Task], Outcome] = partial(extract, plan=plan)
    if workers <= 1:
        yield from map(work, tasks)
        return
    # Spawned: a forked process would inherit whatever threads the libraries hold.
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
    try:
        yield from pool.map(work, tasks, chunksize=4)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def extract(task: Task, plan: Plan) -> Outcome:
    """Cut one clip and write its pair; the sound last, so that a clip with sound is done."""
    audio = plan.out / "audios" / f"{task.name}.wav"
    if audio.is_file():
        return Outcome(task.name, "already")
    if task.path is None:
        return Outcome(task.name, "missing", "there is no video of it")
    numbers = task.frames or (plan.offset + round(task.cut.length_s * STEPS_PER_S) // 2,)
    try:
        clip = read_clip(task.path, task.cut, [number - plan.offset for number in numbers])
        if not task.frames and not clip.pictures:  # it ends before: the middle of what there is
            numbers = (plan.offset + clip.steps // 2,)
            clip = read_clip(task.path, task.cut, [clip.steps // 2])
    except UnreadableClipError as error:
        return Outcome(task.name, "unreadable", f"{task.path.name} {error}")
    missing = tuple(number for number in numbers if number - plan.offset not in clip.pictures)
    if len(clip.samples) < SHORTEST_S * SAMPLE_RATE:
        return Outcome(task.name, "unreadable", f"{task.path.name} is shorter than {SHORTEST_S:g} s", missing)
    if len(missing) == len(numbers):
        return Outcome(task.name, "unreadable", f"{task.path.name} has none of the frames", missing)
    try:
        for rank, number in enumerate(numbers):
            if number not in missing:
                stem = task.name if len(numbers) == 1 else f"{task.name}.{rank:02d}-{number}"
                _write_picture(plan, stem, clip.pictures[number - plan.offset])
        _write_sound(audio, clip.samples)
    except OSError as error:
        return Outcome(task.name, "unwritable", str(error), missing)
    return Outcome(task.name, "written", "", missing, clip.remarks)


def _write_picture(plan: Plan, stem: str, picture: Image.Image) -> None:
    short = min(picture.size)
    if plan.side and short > plan.side:
        width, height = (max(1, round(length * plan.side / short)) for length in picture.size)
        picture = picture.resize((width, height), Image.Resampling.BICUBIC)
    path = plan.out / "images" / f"{stem}.jpg"
    with _whole(path) as beside:
        picture.save(beside, "JPEG", quality=JPEG_QUALITY)


def _write_sound(path: Path, samples: Floats) -> None:
    with _whole(path) as beside:
        try:
            soundfile.write(beside, samples, SAMPLE_RATE, subtype="PCM_16", format="WAV")
        except soundfile.LibsndfileError as error:
            raise OSError(errno.ENOSPC, str(error)) from error


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place when it is written, and goes when it is not."""
    beside = path.with_name(f".{path.name}.part")
    try:
        yield beside
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _earlier(path: Path) -> dict[str, Outcome]:
    """Problems of an earlier run, by name."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["problems"]
        lists = ("out_of_range", "remarks")
        known = [{**row, **{key: tuple(row.get(key, ())) for key in lists}} for row in rows]
        return {row["name"]: Outcome(**row) for row in known}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write_json(path: Path, data: Any) -> None:
    with _whole(path) as beside:
        beside.write_text(json.dumps(data, indent=1), encoding="utf-8")


def _read_labels(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = [tuple(row) for row in csv.reader(file) if row]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, csv.Error) as error:
        raise TrainingError(f"{path} cannot be read ({error}).", "Give another folder.") from error
    if header != LABELS or any(len(row) != len(LABELS) for row in rows):
        raise TrainingError(f"{path} is no table of {', '.join(LABELS)}.", "Give another folder.")
    return {row[0]: row for row in rows}


def write_labels(path: Path, rows: Iterable[tuple[str, str, str]]) -> None:
    """Put name, label and split of every clip into `clips.csv`; what it says of other clips is kept.

    Raises TrainingError for a full disk, and for a file of that name that is not such a table.
    """
    known = _read_labels(path) | {row[0]: row for row in rows}
    try:
        with _whole(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([LABELS, *known.values()])
    except OSError as error:
        raise TrainingError(f"{path} cannot be written ({error}).", HINT_DISK) from error


def begin(plan: Plan, labels: Iterable[tuple[str, str, str]]) -> None:
    """Settle a folder's plan and note the clips' labels, before any is cut: what is interrupted has them.

    Raises TrainingError as `settle` and `write_labels` do.
    """
    try:
        settle(plan)
    except OSError as error:
        raise TrainingError(f"{plan.out} cannot be written ({error}).", HINT_DISK) from error
    write_labels(plan.out / "clips.csv", labels)
