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
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import soundfile
from PIL import Image
from tqdm import tqdm

from s2s_live.errors import TrainingError
from s2s_live.features.log_psd import SAMPLE_RATE
from s2s_live.training.sound2scene.items import SHORTEST_S
from s2s_live.training.sound2scene.video import STEPS_PER_S, Cut, Floats, UnreadableClipError, read_clip

WHOLE = Cut()
REPORT = "report.json"
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


Kind = Literal["written", "already", "missing", "unreadable", "unwritable"]


@dataclass(frozen=True)
class Outcome:
    """What became of a clip."""

    name: str
    kind: Kind
    reason: str = ""
    out_of_range: tuple[int, ...] = ()
    """Frame numbers that the clip has not."""


@dataclass
class Report:
    """What became of all."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome, earlier: dict[str, Outcome]) -> None:
        """Count a clip; one that was done before brings its frames out of range from the earlier report."""
        if outcome.kind == "already" and outcome.name in earlier:
            outcome = Outcome(outcome.name, "already", "", earlier[outcome.name].out_of_range)
        self.counts[outcome.kind] += 1
        self.counts["frames out of range"] += len(outcome.out_of_range)
        if outcome.reason or outcome.out_of_range:
            self.problems.append(outcome)

    def to_json(self) -> dict[str, Any]:
        """`{counts, problems: [{name, kind, reason, out_of_range}]}`."""
        rows = sorted(self.problems, key=lambda outcome: outcome.name)
        return {"counts": dict(self.counts), "problems": [asdict(row) for row in rows]}


def extract_all(tasks: Sequence[Task], plan: Plan, workers: int = 1) -> Report:
    """Cut every clip that is not done yet, in so many processes; `report.json` says what became of each.

    Raises TrainingError where the folder cannot be written; what is done is kept.
    """
    report, earlier = Report(), _earlier(plan.out / REPORT)
    try:
        for folder in ("images", "audios"):
            (plan.out / folder).mkdir(parents=True, exist_ok=True)
        for outcome in tqdm(_run(tasks, plan, workers), total=len(tasks), desc="clips", unit="clip"):
            if outcome.kind == "unwritable":
                raise TrainingError(f"{plan.out} cannot be written ({outcome.reason}).", HINT_DISK)
            report.add(outcome, earlier)
        _write_json(plan.out / REPORT, report.to_json())
    except OSError as error:
        raise TrainingError(f"{plan.out} cannot be written ({error}).", HINT_DISK) from error
    return report


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
    return Outcome(task.name, "written", "", missing)


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
        return {row["name"]: Outcome(**{**row, "out_of_range": tuple(row["out_of_range"])}) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write_json(path: Path, data: Any) -> None:
    with _whole(path) as beside:
        beside.write_text(json.dumps(data, indent=1), encoding="utf-8")


def write_labels(path: Path, rows: Iterable[tuple[str, str, str]]) -> None:
    """Write `clips.csv`: name, label and split of every clip. Raises TrainingError for a full disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _whole(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("name", "label", "split"), *rows])
    except OSError as error:
        raise TrainingError(f"{path} cannot be written ({error}).", HINT_DISK) from error
