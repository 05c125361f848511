"""VGGSound and VEGAS as lists of clips to cut, from the files that they are published as."""

from __future__ import annotations

import csv
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.extraction import Task
from s2s_live.training.sound2scene.video import Cut

log = logging.getLogger(__name__)

SUFFIXES = {".mp4", ".mkv", ".webm", ".avi", ".mov", ".flv", ".m4v", ".3gp", ".mpg"}
CLIP_S = 10
_ID = re.compile(r"[\w-]+", re.ASCII)
_VIDEO_FOLDERS = {"video", "videos"}


@dataclass(frozen=True)
class Listed:
    """A clip and what is known of it."""

    task: Task
    label: str = ""
    split: str = ""


def read_moments(path: Path | None) -> dict[str, tuple[int, ...]]:
    """`{video: [frame numbers, best first]}` of a JSON file; nothing where there is none.

    Raises TrainingError.
    """
    if path is None:
        return {}
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): tuple(int(number) for number in numbers) for name, numbers in data.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise TrainingError(
            f"{path} cannot be read as a list of moments ({error}).",
            'It is JSON: {"<id>_<start ms>_<end ms>": [frame numbers, best first]}.',
        ) from error


def _by_times(moments: Mapping[str, tuple[int, ...]]) -> dict[tuple[str, int, int], tuple[int, ...]]:
    try:
        return {parse_name(name): numbers for name, numbers in moments.items()}
    except ValueError as error:
        raise TrainingError(
            f"The list of moments names a clip that is none ({error}).",
            "Names are <id>_<start ms>_<end ms>.",
        ) from error


def parse_name(name: str) -> tuple[str, int, int]:
    """Id, first and last millisecond of `<id>_<start ms>_<end ms>`; ids may hold `_` and `-`.

    Raises ValueError.
    """
    video, begin, end = name.rsplit("_", 2)
    if not video:
        raise ValueError(f"{name!r} names no video")
    return video, int(begin), int(end)


def find_videos(folder: Path) -> dict[str, Path]:
    """Every video under a folder, by its name without the ending. Raises TrainingError."""
    return {path.stem: path for path in find_all(folder)}


def find_all(folder: Path) -> Sequence[Path]:
    """Every video under a folder. Raises TrainingError where there is none."""
    found = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES]
    if not found:
        raise TrainingError(f"There are no videos in {folder}.", f"Known are {', '.join(sorted(SUFFIXES))}.")
    return found


def vggsound(table: Path, videos: Path, moments: Path | None, frames: int) -> list[Listed]:
    """The clips of VGGSound's table (`id, start s, label, split`), `frames` moments of each.

    Videos are ten-second clips named `<id>_<start ms>_<end ms>` or `<id>_<start s>` (with zeros before it or
    without), or whole ones named `<id>`. With a list of moments, clips that it does not name are left out.
    Raises TrainingError.
    """
    best, known = _by_times(read_moments(moments)), find_videos(videos)
    listed, unlisted = [], 0
    for video, start, label, split in _rows(table):
        begin, end = 1000 * start, 1000 * (start + CLIP_S)
        chosen = best.get((video, begin, end), ())[:frames]
        if best and not chosen:
            unlisted += 1
            continue
        path, cut = _video_of(known, video, start)
        listed.append(Listed(Task(f"{video}_{begin}_{end}", path, cut, chosen), label, split))
    if unlisted:
        log.warning("%d clips of the table have no moments and are left out", unlisted)
    if not listed:
        raise TrainingError(
            f"There is no clip of {table} to cut.", "The table is empty, or names none that has moments."
        )
    return listed


def _rows(table: Path) -> list[tuple[str, int, str, str]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = [[cell.strip() for cell in row] for row in csv.reader(file) if row]
        if rows and not rows[0][1].isdigit():
            rows = rows[1:]  # a heading
        full = ([*row, "", ""][:4] for row in rows)
        return [(_file_safe(video), int(start), label, split) for video, start, label, split in full]
    except (OSError, UnicodeDecodeError, csv.Error, ValueError, IndexError) as error:
        raise TrainingError(
            f"{table} cannot be read ({error}).", "It has the columns id, start in seconds, label, split."
        ) from error


def _file_safe(video: str) -> str:
    """An id, which becomes the name of a file. Raises ValueError."""
    if not _ID.fullmatch(video):
        raise ValueError(f"{video!r} is no id")
    return video


def _video_of(known: Mapping[str, Path], video: str, start: int) -> tuple[Path | None, Cut]:
    for stem in (
        f"{video}_{1000 * start}_{1000 * (start + CLIP_S)}",
        f"{video}_{start:06d}",
        f"{video}_{start}",
    ):
        if stem in known:
            return known[stem], Cut()
    return known.get(video), Cut(float(start))


def vegas(videos: Path, moments: Path | None, frames: int) -> list[Listed]:
    """The clips of VEGAS: every video, its folder the class (`<class>/videos/x.mp4` or `<class>/x.mp4`).

    Moments, where there are any, are looked up by the clip's name or the video's. Raises TrainingError.
    """
    best = read_moments(moments)
    listed: list[Listed] = []
    seen: set[str] = set()
    for path in find_all(videos):
        folders = [part for part in path.relative_to(videos).parts[:-1] if part.lower() not in _VIDEO_FOLDERS]
        label = folders[0] if folders else ""
        # A pair's name ends at the first dot.
        name = "_".join([*folders, path.stem]).replace(".", "_").replace(" ", "_")
        if name in seen:
            log.warning("%s: another video has its name; left out", path)
            continue
        seen.add(name)
        chosen = best.get(name, best.get(path.stem, ()))[:frames]
        listed.append(Listed(Task(name, path, Cut(), chosen), label))
    return listed
