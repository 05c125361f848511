"""Look at libraries in another process: a library that crashes takes only that process with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

PATIENCE_S = 120.0


def ask(question: str, *arguments: str, patience_s: float = PATIENCE_S) -> tuple[list[dict[str, Any]], str]:
    """Run one question of `probe` in a child process.

    Returns the answers it printed before it ended, one JSON object a line, and how it died: empty if it ended
    well.
    """
    package = Path(__file__).resolve().parents[3]
    paths = os.pathsep.join(part for part in (str(package), os.environ.get("PYTHONPATH", "")) if part)
    command = [sys.executable, "-m", "s2s_live.commands.checks.probe", question, *arguments]
    try:
        result = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=patience_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [], f"no answer within {patience_s:.0f} s"
    answers = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    return answers, "" if result.returncode == 0 else _death(result.returncode, result.stderr)


def _death(status: int, errors: str) -> str:
    """How a process ended, in a few words."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    how = f"ended by signal {-status}" if status < 0 else f"ended with status {status}"
    return f"{how}: {lines[-1]}" if lines else how
