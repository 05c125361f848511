"""Two sources on their way into the programme: clip(g1 * s1 + g2 * s2)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.follower import Follower
from s2s_live.audio.metering import InputMeter
from s2s_live.audio.mixed import Input, MixedSource, PartMeter, parts_of, together
from s2s_live.audio.mixing import Fader, full_scale
from s2s_live.audio.pipeline import Pipeline
from s2s_live.audio.source import Source, SourceStatus
from s2s_live.timeline import PROGRAM_RATE

Floats = NDArray[np.float32]
Gains = Callable[[], tuple[float, float]]

WAIT_S = 0.2
"""A source that runs but sends nothing is waited for so long before the other goes on alone: on a busy
machine blocks come late, and what was not waited for would be lost.
"""
_STEADY_S = 0.06  # looks further apart find several blocks at once


class _Part:
    """One source of the mix, its buffer and its gain."""

    def __init__(self, source: Source, meter: PartMeter, pipeline: Pipeline | None = None) -> None:
        self.source = source
        self.meter = meter
        self.follower = Follower()
        self.fader = Fader()
        self.pipeline = Pipeline(source) if pipeline is None else pipeline
        self.state: SourceStatus | None = None
        self.got_at = -WAIT_S
        self._lost = self._bad = 0

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.state is not None and self.state.state == "ended"

    def expected(self, now: float) -> bool:
        """Whether its next block is to come any moment."""
        running = self.state is not None and self.state.state == "running"
        return running and now - self.got_at < WAIT_S

    def fetch(self, channel: int | None, meter: InputMeter, now: float, steady: bool) -> None:
        """Take over what has come since the last call."""
        if self.pipeline.ring is not self.source.ring:  # opened again, perhaps with another rate
            self._lost, self._bad = self.take_lost(), self.take_bad()
            self.pipeline = Pipeline(self.source)
        raw = _Raw(self.meter, meter)
        samples = self.pipeline.pull(channel, raw)
        if self.ended and not len(samples) and not self.pipeline.waiting():
            samples = self.pipeline.finish()
        if raw.came:
            self.got_at = now
        self.follower.give(samples, steady)
        if not self.ended:
            self.follower.leave_out_stale()

    def fetch_up_to(self, count: int, channel: int | None, meter: InputMeter, now: float) -> None:
        """A source that is all there at once is fetched as far as the clock has come."""
        while self.ended and self.follower.fill < count:
            before = self.pipeline.waiting(), self.follower.fill
            self.fetch(channel, meter, now, steady=False)
            if (self.pipeline.waiting(), self.follower.fill) == before:
                return

    def captured(self) -> float:
        """When the sound taken last was captured."""
        waiting = self.follower.fill / PROGRAM_RATE
        return self.pipeline.capture_time(self.pipeline.given) - waiting

    def take_lost(self) -> int:
        """Samples that were never heard, since the last call."""
        lost = self._lost + self.pipeline.take_lost() + self.follower.dropped
        self._lost = self.follower.dropped = 0
        return lost

    def take_bad(self) -> int:
        """NaN and infinite samples replaced since the last call."""
        bad, self._bad = self._bad + self.pipeline.take_bad(), 0
        return bad


class _Raw:
    """Hands a source's blocks to its own meter; the programme's is told of clipping alone."""

    def __init__(self, own: PartMeter, whole: InputMeter) -> None:
        self._own, self._whole = own, whole
        self.came = False

    def heard(self, raw: Floats, sample_rate: int) -> None:
        self.came = True
        self._own.heard(raw, sample_rate)
        self._whole.note_clipping(raw)


class MixPipeline:
    """Reads both sources of a mix as stereo at the programme's rate; the same face as a `Pipeline`.

    As long as the first sends sound it is the clock, and its sound goes through at once. While it does not,
    the second is. Gains are in dB, asked for with every piece. What was read `before` goes on where it is, if
    it has a place in this mix.
    """

    def __init__(
        self, source: MixedSource, gains: Gains, before: Pipeline | MixPipeline | None = None
    ) -> None:
        self.source = source
        self.finished = False
        self._gains = gains
        first, second = (
            _taken_over(part, meter, before) for part, meter in zip(source.parts, source.meters, strict=True)
        )
        self._parts = (first, second)
        self._lead = first
        self._now: float | None = None
        self._steady = True
        self._waiting = False  # for the second
        self._given = 0

    def reads(self, source: Input) -> bool:
        """Whether it is the one for `source` as it is now; parts opened again are followed."""
        return self.source is source

    def part_of(self, source: Source) -> _Part | None:
        """The part that reads `source`, if there is one."""
        return next((part for part in self._parts if part.source is source), None)

    def status(self, now: float) -> SourceStatus:
        """Both sources together; what `pull` then does, it does for this moment."""
        first, second = self._parts
        first.state, second.state = self.source.statuses(now)
        self._steady = self._now is not None and now - self._now < _STEADY_S
        if self._now is None and first.pipeline.given:  # taken over between two of its blocks
            first.got_at = max(first.got_at, now)
        self._now = now
        return together(first.state, second.state)

    def waiting(self) -> int:
        """Samples of the sources that have not been read."""
        return sum(part.pipeline.waiting() for part in self._parts)

    def pull(self, channel: int | None, meter: InputMeter) -> Floats:
        """What is due since the last call, `[n, 2]`; call `status` first.

        `channel` chooses among those of the first source; the second comes in whole.
        """
        now = self._now or 0.0
        first, second = self._parts
        first.fetch(channel, meter, now, self._steady)
        second.fetch(None, meter, now, self._steady)
        count = self._due(now)
        if not count:
            return np.empty((0, 2), np.float32)
        second.fetch_up_to(count, None, meter, now)
        mix: Floats = np.zeros((count, 2), np.float32)
        for part, gain_db in zip(self._parts, self._gains(), strict=True):
            state = part.state.state if part.state is not None else "running"
            taken = part.follower.take(count, state, lead=part is self._lead and part is first)
            mix += part.fader.apply(taken, gain_db)
        mix = full_scale(mix)
        meter.heard(mix, PROGRAM_RATE)
        self._given += count
        return mix

    def _due(self, now: float) -> int:
        """How many samples to give out, by the clock of the one that leads."""
        first, second = self._parts
        if first.follower.fill:
            self._lead = first
            return self._both_have(now)
        if first.expected(now):
            return 0
        self._lead = second
        kept = 0 if second.ended else second.follower.reserve
        return max(0, second.follower.fill - kept)

    def _both_have(self, now: float) -> int:
        """What the first has; while a block of the second is late, what both have."""
        first, second = self._parts
        count, there = first.follower.fill, second.follower.fill
        if there >= count or not second.follower.playing or not second.expected(now):
            self._waiting = False
            return count
        if not self._waiting:
            second.follower.waited_for()
        self._waiting = True
        return there

    def finish(self) -> Floats:
        """Nothing is held back once both have ended."""
        self.finished = True
        return np.empty((0, 2), np.float32)

    def capture_time(self, given: int) -> float:
        """When the sound at the end of the first `given` samples given out was captured."""
        return self._lead.captured() - (self._given - given) / PROGRAM_RATE

    @property
    def given(self) -> int:
        """Samples given out so far, at the programme's rate."""
        return self._given

    def take_lost(self) -> int:
        """Samples that were never heard, since the last call."""
        return sum(part.take_lost() for part in self._parts)

    def take_bad(self) -> int:
        """NaN and infinite samples replaced since the last call."""
        return sum(part.take_bad() for part in self._parts)


def _taken_over(source: Source, meter: PartMeter, before: Pipeline | MixPipeline | None) -> _Part:
    if isinstance(before, MixPipeline):
        part = before.part_of(source)
        if part is not None:
            part.meter = meter
            return part
    elif before is not None and before.reads(source):
        return _Part(source, meter, before)
    return _Part(source, meter)


def reader_for(
    source: Input, gains: Gains, before: Pipeline | MixPipeline | None
) -> tuple[Pipeline | MixPipeline, bool]:
    """What reads `source` from now on, and whether it goes on with sound that was read `before`."""
    heard = () if before is None else parts_of(before.source)
    goes_on = any(part is other for part in parts_of(source) for other in heard)
    if isinstance(source, MixedSource):
        return MixPipeline(source, gains, before if goes_on else None), goes_on
    if goes_on and isinstance(before, MixPipeline):
        part = before.part_of(source)
        if part is not None and part.pipeline.reads(source):
            return part.pipeline, True
    return Pipeline(source), False
