"""How many threads networks get: together no more than there are cores, but for the rest of a frame during
which a hearing begins."""

from __future__ import annotations

import os
from pathlib import Path

MOST = 4
"""Of each network: they are small, and the cores are not for them alone."""
QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""What a container may use: microseconds, or `max`, and of how many."""


def usable_cores() -> int:
    """Cores that this process may use, which in a container or under taskset are fewer than there are.

    On more threads than that each would wait for the others.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    try:
        share, of = QUOTA.read_text(encoding="ascii").split()
        quota = -(-int(share) // int(of))
    except (OSError, ValueError, ZeroDivisionError):  # no cgroup v2, or one without a limit
        return cores
    return max(1, min(cores, quota))


def engine_threads(cores: int | None = None) -> int:
    """Threads of each network: hearing and painting run at once and share the cores."""
    return max(1, min(MOST, (cores or usable_cores()) // 2))


def threads_alone(cores: int | None = None) -> int:
    """Threads of painting while nothing is heard, which is most of the time: hearing's as well.

    A core is left to the window: where its work holds up one of painting's threads, the others wait, and
    spend as much.
    """
    cores = cores or usable_cores()
    return max(engine_threads(cores), min(MOST, cores - 1, 2 * engine_threads(cores)))
