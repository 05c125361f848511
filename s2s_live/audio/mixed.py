"""Two sources heard as one: microphone and file, two devices, two files."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.source import Kind, Source, SourceStatus, State
from s2s_live.errors import AudioError

Floats = NDArray[np.float32]
log = logging.getLogger(__name__)

LIVE = ("microphone", "loopback")
_STOP_S = 1.0
_STATES: tuple[State, ...] = ("running", "lost", "paused", "ended")


class PartMeter:
    """What is worth knowing of one sound of a mix alone. Written by the feed."""

    def __init__(self) -> None:
        self.zero_seconds = 0.0
        """For how long every sample has been exactly zero."""

    def heard(self, raw: Floats, sample_rate: int) -> None:
        """A block as the source gave it, `[n, channels]`."""
        self.zero_seconds = 0.0 if raw.any() else self.zero_seconds + len(raw) / sample_rate


class MixedSource:
    """`first` and `second` at once. The first is the clock; a `MixPipeline` reads both.

    It has no ring of its own: the two meet in the thread that makes the programme, which saves a hand-over.
    `status` is that of the two together: it runs as long as one of them does.
    """

    kind: Kind = "mixed"

    def __init__(self, first: Source, second: Source) -> None:
        self.parts = (first, second)
        self.meters = (PartMeter(), PartMeter())
        self.name = f"{first.name} + {second.name}"

    @property
    def sample_rate(self) -> int:
        """Hz of the first; final once started."""
        return self.parts[0].sample_rate

    @property
    def channels(self) -> int:
        """Channels of the first; final once started."""
        return self.parts[0].channels

    def start(self, running: Sequence[Source] = ()) -> None:
        """Begin both, or what of them is not `running` already.

        A device that cannot be opened is left to be opened again, as long as the other sound is there. Raises
        AudioError when nothing can be heard, or a file cannot be played; what runs already runs on.
        """
        todo = [part for part in self.parts if part not in running]
        # A device takes its time to open: a file would have run on meanwhile.
        todo.sort(key=lambda part: part.kind not in LIVE)
        errors: list[AudioError] = []
        for part in todo:
            try:
                part.start()
            except AudioError as error:
                log.info("%s cannot be mixed in yet: %s", part.name, error)
                errors.append(error)
                if part.kind not in LIVE or len(errors) == len(self.parts):
                    for begun in todo:
                        begun.stop()
                    raise errors[0] from None

    def stop(self) -> None:
        """End both within a second: a driver that hangs in one does not hold up the other."""
        first, second = self.parts
        helper = threading.Thread(target=second.stop, name="s2s-stop-second", daemon=True)
        helper.start()
        first.stop()
        helper.join(_STOP_S)

    def statuses(self, now: float) -> tuple[SourceStatus, SourceStatus]:
        """Both at the monotonic time `now`."""
        first, second = self.parts
        return first.status(now), second.status(now)

    def status(self, now: float) -> SourceStatus:
        """The two together at the monotonic time `now`."""
        return together(*self.statuses(now))


Input: TypeAlias = Source | MixedSource
"""What the feed can play."""


def mixed(*sources: Source) -> Input | None:
    """No source, one as it is, or two as a mix."""
    if len(sources) == 2:
        return MixedSource(*sources)
    return sources[0] if sources else None


def parts_of(source: Input | None) -> tuple[Source, ...]:
    """The one or two sources behind what is played."""
    if source is None:
        return ()
    return source.parts if isinstance(source, MixedSource) else (source,)


def together(first: SourceStatus, second: SourceStatus) -> SourceStatus:
    """Two sources as one: running if either is; else lost, paused or ended, whichever comes first."""
    state = next(state for state in _STATES if state in (first.state, second.state))
    return SourceStatus(
        state=state,
        last_block_at=max(first.last_block_at, second.last_block_at),
        lost_samples=first.lost_samples + second.lost_samples,
        longest_gap_ms=max(first.longest_gap_ms, second.longest_gap_ms),
        callbacks=first.callbacks + second.callbacks,
        message=first.message or second.message,
    )
