"""Ways to run a network timed beside one another, and whether one is worth being chosen."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from s2s_live.engines.runtime import Floats

log = logging.getLogger(__name__)

Run = Callable[[Sequence[Floats]], object]
"""Runs a network on one sample: all its inputs."""
HELD_BACK = 4
"""The last samples of a leeway: ways are compared and timed on them, and not calibrated with them."""


@dataclass(frozen=True)
class Worthwhile:
    """How much shorter its run must be for a way to be worth what it costs."""

    share: float
    """Of the other's time, at most..."""
    spared_s: float = 0.0
    """...and so many seconds less, at least."""

    def holds(self, seconds: float, other: float) -> bool:
        """Whether a run of `seconds` is worth it beside one of `other`; one that failed never is."""
        return seconds < float("inf") and seconds <= min(self.share * other, other - self.spared_s)


def shortest(run: Run, samples: Sequence[Sequence[Floats]]) -> float:
    """The shortest run in seconds: what it needs undisturbed. Raises what `run` raises."""
    took = []
    for sample in samples:
        begun = time.perf_counter()
        run(sample)
        took.append(time.perf_counter() - begun)
    return min(took)


def by_turns(runs: Mapping[str, Run], samples: Sequence[Sequence[Floats]], rounds: int) -> dict[str, float]:
    """By name the shortest run in seconds; infinite where one failed, be it once: it is not to be relied on.

    All samples are run in one way, then in the next, in so many rounds: what disturbs meets all of them.
    """
    took: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            try:
                took[name].append(shortest(run, samples))
            except Exception as error:  # noqa: BLE001  of several libraries, and of memory
                log.info("%s fails: %s", name, error)
                took[name].append(float("inf"))
    return {name: min(each) if max(each) < float("inf") else float("inf") for name, each in took.items()}
