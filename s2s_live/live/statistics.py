"""Running figures: rates and quantiles of the newest events."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Quantiles:
    """Median and 95th percentile, in the unit of what was added."""

    p50: float
    p95: float


class Meter:
    """Rate and duration of repeated work. One thread adds, any may read."""

    def __init__(self, keep: int = 600) -> None:
        self._lock = threading.Lock()
        self._events: deque[tuple[float, float]] = deque(maxlen=keep)
        self.count = 0

    def add(self, now: float, milliseconds: float) -> None:
        """One event ended at `now` (monotonic seconds) and took this long."""
        with self._lock:
            self._events.append((now, milliseconds))
            self.count += 1

    def rate(self, now: float, span: float = 2.0) -> float:
        """Events per second over the last `span` seconds."""
        with self._lock:
            recent = sum(1 for at, _ in self._events if now - span < at <= now)
        return recent / span

    def quantiles(self) -> Quantiles | None:
        """Of the durations kept; None before the first event."""
        with self._lock:
            durations = [duration for _, duration in self._events]
        if not durations:
            return None
        p50, p95 = np.percentile(durations, (50, 95))
        return Quantiles(float(p50), float(p95))
