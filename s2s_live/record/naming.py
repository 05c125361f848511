"""Names of recordings: dated, and never one that is taken."""

from __future__ import annotations

import itertools
from datetime import datetime
from pathlib import Path

from s2s_live.record.faults import explained


def dated_stem(now: datetime) -> str:
    """`s2s-live 2026-11-20 23.55.01`: sorts by time and is allowed on every file system."""
    return f"s2s-live {now:%Y-%m-%d %H.%M.%S}"


def claim(folder: Path, stem: str, suffix: str) -> Path:
    """Make a new, empty file in `folder` (made if missing); an empty suffix makes a folder instead.

    A taken name gets a counter: `take.mp4`, `take (2).mp4`. The file is created exclusively, so two
    programs that record into one folder never get the same one. Raises RecordingError.
    """
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for count in itertools.count(1):
            path = folder / (f"{stem}{suffix}" if count == 1 else f"{stem} ({count}){suffix}")
            try:
                if suffix:
                    path.open("xb").close()
                else:
                    path.mkdir()
            except FileExistsError:
                continue
            return path
    raise AssertionError  # the count never ends
