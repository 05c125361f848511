"""Which processor this is, and which versions of packages are there."""

from __future__ import annotations

import contextlib
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def processor_name() -> str:
    """What the processor calls itself, its architecture where it does not."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def version_of(package: str) -> str:
    """The version of an installed package, which is not imported for it; nothing where it is missing."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
