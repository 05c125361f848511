"""When the app reached which point of its start, for whoever measures it.

With `S2S_LIVE_MILESTONES=FILE` in the environment each mark is appended to the file as a line of JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

_IMPORTED = time.time()


def process_started() -> float:
    """Wall-clock time at which this process began; where the system does not tell, of our first import."""
    if sys.platform != "linux":
        return _IMPORTED
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    return time.time() - (uptime - int(fields[19]) / os.sysconf("SC_CLK_TCK"))


def mark(name: str) -> None:
    """Note that the start has come to `name` (once is enough; costs nothing when nobody measures)."""
    path = os.environ.get("S2S_LIVE_MILESTONES")
    if not path:
        return
    line = json.dumps({"name": name, "seconds": round(time.time() - process_started(), 4)})
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
