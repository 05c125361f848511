"""How many threads networks get: together no more than there are cores, but for the rest of a frame during
which a hearing begins."""

from __future__ import annotations

import os

MOST = 4
"""Of each network: they are small, and the cores are not for them alone."""


def engine_threads(cores: int | None = None) -> int:
    """Threads of each network: hearing and painting run at once and share the cores."""
    return max(1, min(MOST, (cores or os.cpu_count() or 2) // 2))


def threads_alone(cores: int | None = None) -> int:
    """Threads of painting while nothing is heard, which is most of the time: hearing's as well.

    A core is left to the window: where its work holds up one of painting's threads, the others wait, and
    spend as much.
    """
    cores = cores or os.cpu_count() or 2
    return max(engine_threads(cores), min(MOST, cores - 1, 2 * engine_threads(cores)))
