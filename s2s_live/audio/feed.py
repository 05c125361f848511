"""The feed: whatever source is chosen becomes one programme that never stops.

Threads of this room:

- a source's own (PortAudio callback, `s2s-file`, ...): copies blocks into the source's ring and adds to
  counters; never waits for the feed.
- `s2s-feed`: source ring -> programme, every few milliseconds, silence where nothing comes; never opens or
  closes a device.
- `s2s-feed-watch`, and `s2s-second-watch` for the second sound of a mix: notices a lost device and opens it
  again with growing pauses; never touches the programme.
- whoever calls `play`: starts the new source, stops the old one.
"""

from __future__ import annotations

import logging
import threading
import time

from s2s_live.audio.levels import LevelTrack
from s2s_live.audio.metering import LevelSuggestion, mean_level, suggest_level, ticks_of
from s2s_live.audio.mix_pipeline import MixPipeline, reader_for
from s2s_live.audio.mixed import Input, MixedSource, parts_of
from s2s_live.audio.pipeline import Pipeline
from s2s_live.audio.program import ProgramWriter
from s2s_live.audio.ring import SampleRing
from s2s_live.audio.source import LOST_AFTER_S, Source, SourceStatus
from s2s_live.audio.status import FeedState, FeedStatus, PartStatus, message_for, mix_message, part_status
from s2s_live.audio.supervision import Supervisor, Watch
from s2s_live.errors import AudioError
from s2s_live.tracing import span

log = logging.getLogger(__name__)

POLL_S = 0.004
"""Pause between two looks at the source: under half a device block."""

LOOK_S = 0.02
"""Without new sound the state of the source is asked for so often."""

STARVED_S = 0.1
"""A look that comes so much too late tells that the feed's own thread was held up..."""
PATIENCE_S = 0.1
"""...and then the others' blocks are waited for a little longer."""

LOG_EVERY_S = 5.0
LOCK_S = 0.3

STALL_S = LOST_AFTER_S
"""Without a block for so long, silence takes the place of sound. A shorter wait would cost sound on a
machine so busy that blocks come late; a stream that has ended is not waited for."""


class Feed:
    """Keeps `seconds` of programme: 48 kHz stereo, after channel choice and gain, and its levels.

    `gain_db` and `channel` (None: all of them) may be set from any thread at any time, and so may `first_db`
    and `second_db`, the gains (-60..12 dB) of the two sounds of a `MixedSource`; nothing else heeds these.
    `channel` is one of the first's. The programme is not limited: a gain can take it above full scale, which
    the meter reports. A `watch` lets the feed notice a device that has been taken away while its stream was
    quietly moved to another one.
    """

    def __init__(self, seconds: float = 30.0, watch: Watch | None = None) -> None:
        self._writer = ProgramWriter(seconds)
        self.program: SampleRing = self._writer.ring
        self.levels: LevelTrack = self._writer.levels
        self.gain_db = self.first_db = self.second_db = 0.0
        self.channel: int | None = None
        self._source: Input | None = None
        self._gains_set_at = ((0.0, 0.0, 0.0), 0)  # the gains the levels since that tick were measured with
        self._next_look = self._patient_until = 0.0
        self._drained: Input | None = None  # an ended source whose last sample is in the programme
        self._stumbles, self._stumbled_at = 0, -LOG_EVERY_S
        self._lost = 0
        self._bad = 0
        self._stop = threading.Event()
        self._switching = threading.RLock()  # held by whoever starts or stops a source
        self._thread: threading.Thread | None = None
        self._supervisors = (
            Supervisor(self._switching, lambda: self._part(0), watch, beside=lambda: self._part(1)),
            Supervisor(
                self._switching, lambda: self._part(1), watch, "s2s-second-watch", lambda: self._part(0)
            ),
        )

    @property
    def source(self) -> Input | None:
        """What is being listened to."""
        return self._source

    def _part(self, which: int) -> Source | None:
        parts = parts_of(self._source)
        return parts[which] if which < len(parts) else None

    def start(self) -> None:
        """Begin the programme. A source chosen before is started; its AudioError then comes from here."""
        if self._thread is not None:
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="s2s-feed", daemon=True)
        self._thread.start()
        for supervisor in self._supervisors:
            supervisor.start()
        source, self._source = self._source, None
        if source is not None:
            self.play(source)

    def stop(self) -> None:
        """End the programme and the source, within two seconds."""
        self._stop.set()
        for supervisor in self._supervisors:
            supervisor.stop(0.5)
        if self._thread is not None:
            self._thread.join(1.0)
            self._thread = None
        # A driver that hangs while it opens holds the lock; closing the program does not wait for it.
        held = self._switching.acquire(timeout=LOCK_S)
        try:
            if self._source is not None:
                self._source.stop()
        finally:
            if held:
                self._switching.release()

    def play(self, source: Input | None) -> None:
        """Switch to `source`; None is silence. Takes as long as its device takes to open.

        A source that plays already, alone or in a mix, and is part of the new one too, goes on undisturbed.
        If it cannot be started the previous source goes on (or is started again) and the AudioError is
        raised.
        """
        if self._thread is None:
            self._source = source
            return
        with self._switching:
            previous = self._source
            if source is not None and source is not previous:
                self._start(source, previous)
                self._source = source
                return
            if previous is not None:
                previous.stop()
            self._source = None
            if source is not None:
                source.start()
                self._source = source

    def _start(self, source: Input, previous: Input | None) -> None:
        running = [part for part in parts_of(previous) if part in parts_of(source)]
        try:
            if isinstance(source, MixedSource):
                source.start(running)
            elif not running:
                source.start()
        except AudioError as first:
            if previous is None:
                raise
            # The old stream may be what stands in the way: a device that only one may use, or a device list
            # that can only be renewed while no stream is open.
            log.info("%s did not start beside %s (%s): trying alone", source.name, previous.name, first)
            previous.stop()
            try:
                source.start()
            except AudioError:
                self._restore(previous)
                raise
        else:
            for part in parts_of(previous):
                if part not in running:
                    part.stop()

    def _restore(self, previous: Input) -> None:
        try:
            previous.start()
        except AudioError as error:
            log.warning("%s could not be started again: %s", previous.name, error)

    def capture_time(self, position: int) -> float:
        """Monotonic time at which that sample of the programme was captured, to about a device block."""
        return self._writer.captures.time_of(position)

    def position_at(self, now: float) -> float:
        """The programme position to show at `now`: regular, never beyond what is written, never backwards."""
        return self._writer.clock.position_at(now)

    @property
    def delay_s(self) -> float:
        """How far `position_at` runs behind the newest sound, seconds."""
        return self._writer.clock.delay_s

    def measure_level(self, seconds: float = 5.0) -> LevelSuggestion:
        """Gain and gate suggested by the last `seconds` of the programme (less, if the gain was changed
        meanwhile).

        Returns at once: wait `seconds` after asking the user for sound, then call.
        """
        (gain_db, _, _), since = self._gains_set_at
        ticks = self.levels.ticks
        kept = min(ticks_of(seconds), self.levels.capacity // 2, ticks - since)
        return suggest_level(self.levels.levels(ticks - kept, ticks), gain_db)

    def status(self, now: float) -> FeedStatus:
        """Everything the window shows about the sound, at the monotonic time `now`."""
        source, meter, ticks = self._source, self._writer.meter, self.levels.ticks
        rms = mean_level(self.levels.levels(max(0, ticks - meter.HELD_TICKS), ticks))
        peak, clipped, zero = meter.peak_db, meter.clipped, meter.zero_seconds
        if source is None:
            return FeedStatus(
                "", None, "none", 0, 0, peak, rms, False, 0.0, self._bad, self._lost, 0.0, 0.0,
                "No input is chosen.",
            )  # fmt: skip
        state = source.status(now)
        parts = self._part_statuses(source, now)
        shown: FeedState = "lost" if not parts and self._supervisors[0].lost else state.state
        if shown == "ended" and self._drained is not source:
            shown = "running"
        errors = [each.error.message for each in self._supervisors if each.lost and each.error]
        error = errors[0] if errors else ""
        return FeedStatus(
            source=source.name,
            kind=source.kind,
            state=shown,
            rate=source.sample_rate,
            channels=source.channels,
            peak_db=peak,
            rms_db=rms,
            clipped=clipped,
            zero_seconds=zero if shown == "running" else 0.0,
            bad_samples=self._bad,
            lost_samples=self._lost + state.lost_samples,
            longest_gap_ms=state.longest_gap_ms,
            block_age_s=max(0.0, now - state.last_block_at),
            message=mix_message(parts, clipped, state.message, error)
            if parts
            else message_for(source.name, source.kind, shown, zero, clipped, state.message, error),
            parts=parts,
        )

    def _part_statuses(self, source: Input, now: float) -> tuple[PartStatus, ...]:
        if not isinstance(source, MixedSource):
            return ()
        each = zip(source.parts, source.statuses(now), self._supervisors, source.meters, strict=True)
        return tuple(
            part_status(part.name, part.kind, status, supervisor.lost, meter.zero_seconds)
            for part, status, supervisor, meter in each
        )

    def _run(self) -> None:
        pipeline: Pipeline | MixPipeline | None = None
        while not self._stop.is_set():
            try:
                pipeline, busy = self._step(pipeline, time.monotonic())
            except Exception as error:  # noqa: BLE001 - the thread's outermost frame: the programme goes on
                self._stumble(error, time.monotonic())
                pipeline, busy = None, False
            if not busy:
                time.sleep(POLL_S)

    def _stumble(self, error: Exception, now: float) -> None:
        """Log with traceback, at most every five seconds."""
        self._stumbles += 1
        if now - self._stumbled_at > LOG_EVERY_S:
            log.error("the feed stumbled (%d times), going on", self._stumbles, exc_info=error)
            self._stumbled_at, self._stumbles = now, 0

    def _step(
        self, pipeline: Pipeline | MixPipeline | None, now: float
    ) -> tuple[Pipeline | MixPipeline | None, bool]:
        """One look at the source; returns the pipeline to go on with and whether more is waiting."""
        writer, source = self._writer, self._source
        if source is None:
            if pipeline is not None:
                writer.cut()
            writer.keep_pace(now)
            return None, False
        if pipeline is None or not pipeline.reads(source):
            pipeline, goes_on = reader_for(source, lambda: (self.first_db, self.second_db), pipeline)
            self._drained = None
            if not goes_on:
                writer.cut()
        elif not pipeline.waiting() and now < self._next_look:
            return pipeline, False
        if now - self._next_look > STARVED_S:
            self._patient_until = now + PATIENCE_S
        self._next_look = now + LOOK_S
        state = pipeline.status(now)  # before the pull: what an ended source has written is then all there
        samples = pipeline.pull(self.channel, writer.meter)
        if state.state == "ended" and not len(samples) and not pipeline.waiting():
            samples = pipeline.finish()
        self._note_gains()
        if len(samples):
            with span("capture", samples=len(samples)):
                late = writer.write(samples, pipeline.capture_time(pipeline.given), self.gain_db, now)
            self._lost += late + pipeline.take_lost()
            self._bad += pipeline.take_bad()
        else:
            self._without_sound(pipeline, state, now)
        return pipeline, pipeline.waiting() > 0

    def _without_sound(self, pipeline: Pipeline | MixPipeline, state: SourceStatus, now: float) -> None:
        """Write silence where it is due.

        After a moment in which the whole program got no processor time everything looks old: then the
        source's thread is given a turn first.
        """
        if not pipeline.given or pipeline.finished:
            self._writer.keep_pace(now)
            if pipeline.finished and not self._writer.pending:
                self._drained = pipeline.source
        elif now < self._patient_until:
            return
        elif state.state != "running" or now - state.last_block_at > STALL_S:
            self._writer.keep_pace(now, late_sound_may_come=True)

    def _note_gains(self) -> None:
        gains = (self.gain_db, self.first_db, self.second_db)
        if gains != self._gains_set_at[0]:
            self._gains_set_at = (gains, self.levels.ticks)
