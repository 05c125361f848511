"""What the figures were measured on, and what the process takes of it."""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from s2s_live.engines.processor import processor_name, version_of

WARM_UP_S = 120.0
"""Memory is not looked at before this: caches fill."""
SLOPE_SPAN_S = 600.0
"""The slope is taken over at least this long."""


def describe() -> dict[str, object]:
    """Processor, cores, memory and versions."""
    packages = ("torch", "openvino", "onnxruntime", "PySide6_Essentials", "numpy")
    return {
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
        if hasattr(os, "sysconf")
        else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: found for name in packages if (found := version_of(name))},
    }


def resident_mb() -> float | None:
    """Resident memory of this process in MB; None where the system does not tell."""
    if sys.platform != "linux":
        return None
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@dataclass
class Memory:
    """Resident memory over time."""

    started: float = field(default_factory=time.monotonic)
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def look(self) -> None:
        """Take a sample."""
        value = resident_mb()
        if value is not None:
            self.times.append(time.monotonic() - self.started)
            self.values.append(value)

    def after(self, seconds: float) -> float | None:
        """The first value at or after `seconds`; the last one of a shorter run."""
        for at, value in zip(self.times, self.values, strict=True):
            if at >= seconds:
                return round(value, 1)
        return round(self.values[-1], 1) if self.values else None

    def slope(self) -> float | None:
        """MB per minute after the warm-up; None if the run was shorter than warm-up and span."""
        times, values = np.array(self.times), np.array(self.values)
        late = times >= WARM_UP_S
        if not late.any() or times[-1] - WARM_UP_S < SLOPE_SPAN_S - 1.0:
            return None
        return round(float(np.polyfit(times[late] / 60.0, values[late], 1)[0]), 4)
