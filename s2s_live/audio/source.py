"""What every source of sound has in common: the contract, and the bookkeeping of its blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from s2s_live.audio.ring import SampleRing

LOST_AFTER_S = 0.5
"""A live source whose newest block is older than this is lost."""

FIRST_BLOCK_S = 2.0
"""...unless none has come yet: a wireless microphone takes its time to wake up."""

State = Literal["running", "lost", "ended", "paused"]
Kind = Literal["microphone", "loopback", "file", "synthetic", "mixed"]


@dataclass(frozen=True)
class SourceStatus:
    """How a source is at one moment."""

    state: State
    last_block_at: float
    """Monotonic time of the newest block."""
    lost_samples: int
    """Samples the device says it dropped."""
    longest_gap_ms: float
    """Longest time between two blocks since the start."""
    callbacks: int
    """Blocks since the start."""
    message: str = ""
    """A sentence for the user, or nothing."""


class Source(Protocol):
    """Something that fills a ring with sound from a thread of its own.

    `start` makes a new ring (a device may come back with another rate), so a reader compares `ring` by
    identity.
    """

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def kind(self) -> Kind:
        """What sort of source it is."""

    @property
    def sample_rate(self) -> int:
        """Hz; final once started."""

    @property
    def channels(self) -> int:
        """Channels in the ring; final once started."""

    @property
    def ring(self) -> SampleRing:
        """Where the sound arrives."""

    def start(self) -> None:
        """Begin. Raises AudioError when the source cannot be opened; may be called again after `stop`."""

    def stop(self) -> None:
        """End within a second. May be called twice."""

    def status(self, now: float) -> SourceStatus:
        """State at the monotonic time `now`."""

    def capture_time(self, position: int) -> float:
        """Monotonic time at which the ring's sample `position` was captured."""


class BlockLog:
    """Arrival times of a stream's blocks: gaps, age, and when each sample was captured.

    `note` is called by the audio callback: it stores into preallocated arrays and adds to counters, nothing
    else. A block that arrives early was captured no later than its arrival, one that arrives late was merely
    held up; so the capture clock is the lower envelope of the arrivals of the last second or so.
    """

    SIZE = 128
    PAUSE_S = 0.25

    def __init__(self, sample_rate: int, now: float) -> None:
        self.rate = sample_rate
        self.last_block_at = now
        self.longest_gap_s = 0.0
        self.blocks = 0
        self.lost_samples = 0
        self._offsets = np.full(self.SIZE, np.inf)

    def note(self, end: int, now: float) -> None:
        """A block has come whose last sample makes `end` samples in all."""
        if self.blocks:
            gap = now - self.last_block_at
            self.longest_gap_s = max(self.longest_gap_s, gap)
            if gap > self.PAUSE_S:  # the device may have left sound out: older arrivals say nothing any more
                self._offsets.fill(np.inf)
        self._offsets[self.blocks % self.SIZE] = now - end / self.rate
        self.last_block_at = now
        self.blocks += 1

    def capture_time(self, position: int) -> float:
        """Estimated monotonic time at which sample `position` was captured."""
        offset = float(self._offsets.min()) if self.blocks else self.last_block_at
        return offset + position / self.rate

    def status(self, state: State, message: str = "") -> SourceStatus:
        """These figures as a SourceStatus."""
        return SourceStatus(
            state, self.last_block_at, self.lost_samples, self.longest_gap_s * 1000.0, self.blocks, message
        )

    def late(self, now: float) -> bool:
        """Whether a live source has sent nothing for too long; the first block may take longer."""
        return now - self.last_block_at > (LOST_AFTER_S if self.blocks else FIRST_BLOCK_S)
