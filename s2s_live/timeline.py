"""The one clock of the show: positions are samples of the programme, counted from its start.

Whatever the device delivers is brought to the programme rate once. Everything that moves (smoothing,
the walk of z, the fields, the onset envelope) advances in whole ticks of this clock, never by wall time,
so a show can be replayed exactly.
"""

from __future__ import annotations

PROGRAM_RATE = 48_000
"""Samples per second of the programme."""

TICK = 480
"""Samples per tick of the control grid (10 ms)."""

TICK_S = TICK / PROGRAM_RATE
"""Seconds per tick."""


def seconds(position: float) -> float:
    """Time in seconds of a programme position in samples."""
    return position / PROGRAM_RATE


def tick_of(position: int) -> int:
    """Index of the last whole tick that has ended at `position`."""
    return position // TICK
