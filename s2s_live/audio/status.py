"""What the feed says about itself, and the sentences a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from s2s_live.audio.source import Kind

ZERO_AFTER_S = 3.0
"""Exactly zero for so long is not quiet but no sound at all."""

FeedState = Literal["none", "running", "lost", "ended", "paused"]


@dataclass(frozen=True)
class FeedStatus:
    """The feed at one moment."""

    source: str
    """Name of the source, or an empty string."""
    kind: Kind | None
    state: FeedState
    rate: int
    """Hz of the source; 0 without one."""
    channels: int
    peak_db: float
    """Highest sample of the last 0.3 s after the gain, dBFS."""
    rms_db: float
    clipped: bool
    """Whether the input, or the programme after the gain, was clipped in the last second."""
    zero_seconds: float
    """For how long every sample has been exactly zero."""
    bad_samples: int
    """NaN and infinite samples replaced by zero since the feed started."""
    lost_samples: int
    """Samples of the sources that never reached the programme, since the feed started."""
    longest_gap_ms: float
    """Longest time between two blocks of the present source."""
    block_age_s: float
    """Time since the newest block of the source."""
    message: str
    """A sentence for the user, or an empty string when all is well."""


def message_for(
    name: str, kind: Kind, state: FeedState, zero_seconds: float, clipped: bool, note: str, retry_error: str
) -> str:
    """The one sentence that matters most at the moment."""
    if state == "lost":
        return f"{name} has stopped sending sound. Waiting for it to come back; or choose another input." + (
            f" ({retry_error})" if retry_error else ""
        )
    if note:
        return note
    if state == "ended":
        return f"{name} has come to its end."
    if state == "running" and zero_seconds >= ZERO_AFTER_S:
        return _silent(name, kind)
    if state == "running" and clipped:
        return (
            "The input is too loud and distorts. Lower the gain, or the level in the system's sound settings."
        )
    return ""


def _silent(name: str, kind: Kind) -> str:
    if kind == "microphone":
        return (
            f"{name} sends nothing but digital silence. Is it muted, or is the permission to use the "
            "microphone missing? Look at the system's sound and privacy settings, or choose another input."
        )
    if kind == "loopback":
        return f"Nothing is being played on {name}."
    return ""
