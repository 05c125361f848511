"""How many threads networks get."""

from __future__ import annotations

import os


def engine_threads(cores: int | None = None) -> int:
    """Threads of each network: hearing and painting run at once and share the cores."""
    return max(1, min(4, (cores or os.cpu_count() or 2) // 2))
