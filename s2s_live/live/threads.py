"""How many threads networks get: together no more than there are cores, but for the rest of a frame during
which a hearing begins."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

MOST = 4
"""Of each network: they are small, and the cores are not for them alone."""
GROUPS = Path("/sys/fs/cgroup")
"""Where Linux has its groups of processes. `cpu.max` of each is what it may use: microseconds, or `max`, and
of how many."""
MINE = Path("/proc/self/cgroup")
"""In which group this process is, in a line that begins with `0::`."""


def usable_cores() -> int:
    """Cores that this process may use, which in a container or under taskset are fewer than there are.

    On more threads than that each would wait for the others.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2
    return max(1, min([cores, *_quotas()]))


def _quotas() -> Iterator[int]:
    """Cores that the groups of this process may use, in whole ones: a container, or a unit of systemd's with
    a `CPUQuota`, and what that is in."""
    try:
        lines = MINE.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    own = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "/")
    group = GROUPS / own.strip("/")
    for place in (group, *(parent for parent in group.parents if parent.is_relative_to(GROUPS))):
        # There may be no cgroup v2, or one without a limit.
        with contextlib.suppress(OSError, ValueError, ZeroDivisionError):
            share, of = (place / "cpu.max").read_text(encoding="ascii").split()
            yield -(-int(share) // int(of))


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
