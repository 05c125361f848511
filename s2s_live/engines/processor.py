"""Which processor this is."""

from __future__ import annotations

import platform
import sys
from pathlib import Path


def processor_name() -> str:
    """What the processor calls itself, its architecture where it does not."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
