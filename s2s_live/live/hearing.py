"""The hearing thread: newest window of the programme to a target."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from s2s_live.audio.feed import Feed
from s2s_live.audio.ring import SamplesLost
from s2s_live.engines.base import Engine, Prepares
from s2s_live.live.listener import Heard, Listener
from s2s_live.live.pacing import Room
from s2s_live.live.statistics import Meter
from s2s_live.live.worker import Worker
from s2s_live.tracing import span

log = logging.getLogger(__name__)

IDLE_S = 0.004
"""Longest wait between looks at the programme while the next hop is still sounding."""
ROOM_S, ROOM = 0.012, 0.25
"""Longest wait for a moment at which nothing is painted, in seconds and in hops: within the delay after which
targets count."""
SMOOTHING = 0.1
"""Share of a hearing's time, features and all, in the running mean."""


class Hearing(Worker):
    """Feeds every hop to the front end and hears the newest one.

    When it falls behind it skips the encoder for all hops but the newest, never their columns.
    """

    def __init__(
        self,
        engine: Engine,
        feed: Feed,
        publish: Callable[[Heard], None],
        first_hop: int,
        values: Callable[[], Mapping[str, float]],
        room: Room,
    ) -> None:
        """`room` is what painting leaves: hearing begins where it fits in, or a little later."""
        super().__init__("s2s-hearing")
        self._room = room
        self._takes_s = 0.0
        self._values = values
        self.meter = Meter()
        """Of hearings; not of hops at which nothing else had begun."""
        self.features = Meter()
        self.skipped = 0
        """Hops whose columns were taken but which were not heard."""
        self.lost_samples = 0
        self._engine = engine
        self._feed = feed
        self._publish = publish
        self._prepared = engine.prepare if isinstance(engine, Prepares) else None
        self._listener = Listener(engine, first_hop)

    def work(self) -> None:
        """Take all whole hops there are, hear the newest."""
        if self._listener.needs[1] <= self._feed.program.written:
            hop_s = self._listener.hop_length / self._feed.program.sample_rate
            self._room.wait(time.monotonic(), self._takes_s, min(ROOM_S, ROOM * hop_s))
        began = time.perf_counter()
        pushed = 0
        while self._listener.needs[1] <= self._feed.program.written:
            self._push()
            pushed += 1
        if not pushed:
            missing = self._listener.needs[1] - self._feed.program.written
            self.pause(min(max(missing / self._feed.program.sample_rate, 0.001), IDLE_S))
            return
        self.skipped += pushed - 1
        begun = time.perf_counter()
        with span("hear", hop=self._listener.next_hop - 1):
            heard = self._listener.hear(self._values(), self._prepared)
        self._publish(heard)
        ended = time.perf_counter()
        if heard.fresh:
            self.meter.add(time.monotonic(), (ended - begun) * 1e3)
            if heard.target is not self._engine.silence():  # for which nothing was computed
                self._takes_s += SMOOTHING * (ended - began - self._takes_s)

    def _push(self) -> None:
        start, stop = self._listener.needs
        begun = time.perf_counter()
        try:
            block = self._feed.program.read(start, stop)
        except SamplesLost as error:
            self.lost_samples += error.lost
            hop = -(-self._feed.program.oldest() // self._listener.hop_length) + 1
            log.warning("hearing fell %d samples behind; starting again at hop %d", error.lost, hop)
            self._listener = Listener(self._engine, hop)
            return
        with span("features", hop=self._listener.next_hop):
            self._listener.push(block)
        self.features.add(time.monotonic(), (time.perf_counter() - begun) * 1e3)
