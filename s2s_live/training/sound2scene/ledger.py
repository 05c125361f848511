"""Which pairs cannot be used, named and counted while training goes on."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path

from s2s_live.training.sound2scene.items import Problem

log = logging.getLogger(__name__)

NAMED = 20
"""So many are told one by one; the file names all."""


class Ledger:
    """Problems by file, each kept once however many epochs meet it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._found: dict[str, Problem] = {}
        self._written = 0

    def __len__(self) -> int:
        return len(self._found)

    @property
    def skipped(self) -> int:
        """Pairs that are left out."""
        return sum(problem.skipped for problem in self._found.values())

    def add(self, problems: Iterable[Problem]) -> None:
        """Take note of what a batch met."""
        for problem in problems:
            if problem.file in self._found:
                continue
            self._found[problem.file] = problem
            if len(self._found) <= NAMED:
                outcome = "; left out" if problem.skipped else ""
                log.warning("%s: %s%s", problem.file, problem.reason, outcome)
            elif len(self._found) == NAMED + 1:
                log.warning("More such files are named in %s.", self.path)

    def write(self) -> None:
        """Write what is new: `{skipped, remarks, files: [{file, reason, skipped}]}`. Raises OSError."""
        if len(self._found) == self._written:
            return
        files = [
            {"file": problem.file, "reason": problem.reason, "skipped": problem.skipped}
            for _, problem in sorted(self._found.items())
        ]
        table = {"skipped": self.skipped, "remarks": len(files) - self.skipped, "files": files}
        beside = self.path.with_name(self.path.name + ".part")
        beside.write_text(json.dumps(table, indent=1), encoding="utf-8")
        beside.replace(self.path)
        self._written = len(files)

    def resume(self) -> None:
        """Begin with what an earlier start wrote; a file that cannot be read is begun anew."""
        try:
            table = json.loads(self.path.read_text(encoding="utf-8"))
            rows = [Problem(str(r["file"]), str(r["reason"]), bool(r["skipped"])) for r in table["files"]]
        except (OSError, ValueError, KeyError, TypeError):
            return
        self._found = {problem.file: problem for problem in rows}
        self._written = len(rows)
