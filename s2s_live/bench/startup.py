"""How long the app takes to show its window and its first picture."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from s2s_live.errors import S2SError

RUN_S = 12.0
"""Long enough for a slow machine to paint its first frame."""


def measure_startup(model: str) -> dict[str, float | None]:
    """`window_s` and `first_frame_s` of the second of two starts of the app.

    Raises:
        S2SError: the app did not start.
    """
    _start(model)
    marks = _start(model)
    return {"window_s": marks.get("window"), "first_frame_s": marks.get("first_frame")}


def _start(model: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="s2s-live-bench-") as folder:
        marks = Path(folder) / "marks.jsonl"
        environment = {**os.environ, "S2S_LIVE_MILESTONES": str(marks), "S2S_LIVE_CONFIG": folder}
        command = [sys.executable, "-m", "s2s_live", "run", "--source", "test", "--model", model]
        process = subprocess.Popen(
            [*command, "--seconds", str(RUN_S)], env=environment, stderr=subprocess.PIPE
        )
        try:
            _, errors = process.communicate(timeout=RUN_S + 30)
        except subprocess.TimeoutExpired:
            process.kill()
            errors = b"it did not end"
        if process.returncode != 0:
            reason = errors.decode(errors="replace").strip()
            raise S2SError(f"The app did not run for the measurement: {reason}", "See `s2s-live doctor`.")
        lines = marks.read_text(encoding="utf-8").splitlines() if marks.exists() else []
    return {row["name"]: row["seconds"] for row in map(json.loads, lines)}
