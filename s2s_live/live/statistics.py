"""Running figures: rates and quantiles of the newest events."""

from __future__ import annotations

import threading
from array import array
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST = 100_000
"""Durations that `whole` is of at most, the newest: half an hour of 60 a second, in 0.4 MB."""


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
        self._whole: array[float] | None = None
        self._noted = 0
        self.count = 0

    def add(self, now: float, milliseconds: float) -> None:
        """One event ended at `now` (monotonic seconds) and took this long."""
        with self._lock:
            self._events.append((now, milliseconds))
            self.count += 1
            if self._whole is not None:
                self._note(milliseconds, self._whole)

    def _note(self, milliseconds: float, whole: array[float]) -> None:
        if len(whole) < MOST:
            whole.append(milliseconds)
        else:
            whole[self._noted % MOST] = milliseconds
        self._noted += 1

    def begin(self) -> None:
        """Keep every duration from now on, for `whole`."""
        with self._lock:
            # Numbers, not objects: the benchmark that asks for them measures memory too.
            self._whole, self._noted = array("f"), 0

    def whole(self) -> Quantiles | None:
        """Of the durations since `begin`; None where there are none."""
        with self._lock:
            durations = np.array(self._whole or ())
        return _quantiles(durations)

    def rate(self, now: float, span: float = 2.0) -> float:
        """Events per second over the last `span` seconds."""
        with self._lock:
            recent = sum(1 for at, _ in self._events if now - span < at <= now)
        return recent / span

    def quantiles(self) -> Quantiles | None:
        """Of the newest durations; None before the first event."""
        with self._lock:
            durations = np.array([duration for _, duration in self._events])
        return _quantiles(durations)


def _quantiles(durations: NDArray[np.floating[Any]]) -> Quantiles | None:
    if not len(durations):
        return None
    p50, p95 = np.percentile(durations, (50, 95))
    return Quantiles(float(p50), float(p95))
