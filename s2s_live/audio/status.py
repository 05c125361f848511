"""What the feed says about itself, and the sentences a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from s2s_live.audio.source import Kind, SourceStatus

ZERO_AFTER_S = 3.0
"""Exactly zero for so long is not quiet but no sound at all."""

FeedState = Literal["none", "running", "lost", "ended", "paused"]


@dataclass(frozen=True)
class PartStatus:
    """One sound of a mix."""

    name: str
    kind: Kind
    state: FeedState
    zero_seconds: float
    """For how long every sample of it has been exactly zero."""


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
    parts: tuple[PartStatus, ...] = ()
    """The two sounds of a mix, each with its own state; nothing for a single source."""


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


def part_status(name: str, kind: Kind, status: SourceStatus, lost: bool, zero_seconds: float) -> PartStatus:
    """One sound of a mix; `lost` is what its supervisor knows."""
    state: FeedState = "lost" if lost else status.state
    return PartStatus(name, kind, state, zero_seconds if state == "running" else 0.0)


def mix_message(parts: tuple[PartStatus, ...], clipped: bool, note: str, retry_error: str) -> str:
    """The one sentence that matters most about a mix at the moment.

    That a file was paused or has ended is no trouble: `parts` tells.
    """
    lost = [part.name for part in parts if part.state == "lost"]
    running = [part for part in parts if part.state == "running"]
    error = f" ({retry_error})" if retry_error else ""
    if len(lost) == len(parts):
        return f"{' and '.join(lost)} have stopped sending sound. Waiting for them to come back.{error}"
    if lost:
        rest = f"; {running[0].name} goes on" if running else ""
        return f"{lost[0]} has stopped sending sound{rest}. Waiting for it to come back.{error}"
    if note:
        return note
    if all(part.state == "ended" for part in parts):
        return "Both sounds have come to their end."
    for part in running:
        # A loopback is silent whenever nothing is played; beside another sound that is no news.
        if part.kind == "microphone" and part.zero_seconds >= ZERO_AFTER_S:
            return _silent(part.name, part.kind)
    if clipped:
        return "The mix is too loud and distorts. Turn one of the two sounds down."
    return ""
