"""A painted frame and where in the sound it belongs."""

from __future__ import annotations

from dataclasses import dataclass

from s2s_live.engines.base import Floats, Picture, Target


@dataclass(frozen=True)
class Frame:
    """One painted picture. Never changed after it is published."""

    index: int
    """Counts painted frames from 0."""
    position: int
    """Programme sample (48 kHz) whose state it shows."""
    picture: Picture
    """`[height, width, 3]` uint8 RGB."""
    captured: float
    """Monotonic seconds at which the newest sample that shaped it was captured."""
    painted: float
    """Monotonic seconds at which it was published."""
    scene: Target | None = None
    """What was painted: latent and flow as smoothed. None where the running model did not paint it."""
    z: Floats | None = None
    """`[z_size]`: how it was composed, where there is a scene."""
