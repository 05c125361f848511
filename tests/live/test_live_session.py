"""Sessions start, swap engines and stop; a failing engine does not end the show."""

import dataclasses
import json
import threading
import time
from types import SimpleNamespace

import pytest
from waiting import wait_for

from s2s_live.errors import PinError
from s2s_live.live import session as session_module
from s2s_live.live.memory import NO_PINS
from s2s_live.live.session import Session
from s2s_live.tracing import recording


def names():
    return {thread.name for thread in threading.enumerate()}


def test_a_session_hears_and_paints_and_leaves_no_thread(engine, feed):
    session = Session(engine, feed)
    session.start()
    assert wait_for(
        lambda: session.heard is not None and session.frame is not None and session.frame.index > 10
    )
    assert {"s2s-hearing", "s2s-painting"} <= names()
    status = session.status(time.monotonic())
    assert status.paint_ms.p50 > 0
    assert status.lost_samples == 0
    assert session.stop()
    assert not {"s2s-hearing", "s2s-painting"} & names()
    assert session.stop(), "stopping twice is fine"


def test_a_trace_tells_every_stage_of_every_frame(engine, feed, tmp_path):
    with recording(tmp_path / "trace.json"):
        session = Session(engine, feed)
        session.start()
        assert wait_for(
            lambda: session.heard is not None and session.frame is not None and session.frame.index > 10
        )
        session.stop()
    stages, times = {}, {}
    for event in json.loads((tmp_path / "trace.json").read_text())["traceEvents"]:
        if event["ph"] == "X":
            stages.setdefault(event["name"], []).append(event["args"])
            times.setdefault(event["name"], []).append((event["ts"], event["ts"] + event["dur"]))
    assert set(stages) >= {"capture", "features", "hear", "advance", "paint", "publish"}
    for part in ("fields", "network", "guard"):
        assert [stage["position"] for stage in stages[part]] == [
            stage["position"] for stage in stages["paint"]
        ]
        assert all(
            paint[0] <= inner[0] and inner[1] <= paint[1] + 1.0
            for paint, inner in zip(times["paint"], times[part], strict=True)
        )
    for name in ("advance", "paint", "publish"):
        assert [stage["frame"] for stage in stages[name]][:10] == list(range(10))
    hops = [stage["hop"] for stage in stages["features"]]
    assert hops == list(range(hops[0], hops[0] + len(hops)))


def test_swapping_engines_keeps_controls_and_counts_on(engine, feed):
    session = Session(engine, feed)
    session.start()
    session.set_control("attack", 1.25)
    assert wait_for(lambda: session.frame is not None)
    before = session.frame.index
    session.swap_engine(engine)
    assert wait_for(lambda: session.frame.index > before + 3)
    assert session.control("attack") == 1.25
    session.stop()


class Held:
    """An engine whose painting may take as long as it wants."""

    def __init__(self, engine):
        self.inner, self.go_on, self.waits = engine, threading.Event(), threading.Event()
        self.go_on.set()

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def paint(self, state):
        if not self.go_on.is_set():
            self.waits.set()
            assert self.go_on.wait(20.0)
        return self.inner.paint(state)


def test_a_painter_that_ends_late_shows_nothing_any_more(engine, feed, monkeypatch):
    monkeypatch.setattr(session_module, "STOP_S", 0.1)
    held, seen = Held(engine), []
    session = Session(held, feed)
    session.add_sink(seen.append)
    session.start()
    assert wait_for(lambda: len(seen) > 3)
    held.go_on.clear()
    assert held.waits.wait(10.0)
    late = session.painting
    session.swap_engine(engine)
    before = len(seen)
    assert wait_for(lambda: len(seen) > before + 3)
    held.go_on.set()
    assert late.join(10.0)
    assert session.stop()
    assert [frame.index for frame in seen] == list(range(len(seen)))
    positions = [frame.position for frame in seen]
    assert positions == sorted(positions)


def test_no_two_frames_have_one_index_when_an_engine_is_swapped(engine, feed, monkeypatch):
    session, seen = Session(engine, feed), []
    session.add_sink(seen.append)
    session.start()
    assert wait_for(lambda: len(seen) > 3)
    stop = session._stop_workers

    def stop_late():
        count = len(seen)
        assert wait_for(lambda: len(seen) > count + 1)
        return stop()

    monkeypatch.setattr(session, "_stop_workers", stop_late)
    session.swap_engine(engine)
    monkeypatch.undo()
    count = len(seen)
    assert wait_for(lambda: len(seen) > count + 3)
    session.stop()
    assert [frame.index for frame in seen] == list(range(len(seen)))


def test_controls_are_clamped_and_unknown_ones_refused(engine, feed):
    session = Session(engine, feed)
    assert session.set_control("attack", 1e9) == 5.0
    assert session.set_control("gain_db", 6.0) == feed.gain_db == 6.0
    assert session.set_control("first_db", -99.0) == feed.first_db == -60.0
    assert session.set_control("second_db", -6.0) == feed.second_db == -6.0
    with pytest.raises(KeyError):
        session.set_control("nonsense", 1)


def test_gains_that_were_remembered_reach_the_feed(engine, feed):
    Session(engine, feed, values={"gain_db": 3.0, "first_db": -12.0, "second_db": 6.0})
    assert (feed.gain_db, feed.first_db, feed.second_db) == (3.0, -12.0, 6.0)


def test_what_is_painted_now_can_be_pinned_with_how_it_looks(engine, feed):
    session = Session(engine, feed)
    with pytest.raises(PinError, match="no scene to pin yet"):
        session.pin_now()
    seen = []
    session.add_sink(seen.append)
    session.start()
    assert wait_for(lambda: len(seen) > 3)
    pin = session.pin_now()
    session.stop()
    assert pin.model_hash == engine.spec.model_hash
    assert any((frame.scene.latent == pin.latent).all() and (frame.z == pin.z).all() for frame in seen)
    assert any((frame.picture == pin.picture).all() for frame in seen), "a tiny model's frame is small enough"


class Renamed:
    """The same engine as another model."""

    def __init__(self, engine):
        self.inner, self.spec = engine, dataclasses.replace(engine.spec, model="other", model_hash="f" * 12)

    def __getattr__(self, name):
        return getattr(self.inner, name)


def test_the_memory_goes_on_with_its_model_and_changes_with_another(engine, feed):
    session = Session(engine, feed)
    session.start()
    assert wait_for(lambda: session.frame is not None)
    pin = session.pin_now()
    session.memory.put(2, pin)
    session.swap_engine(engine)
    assert session.memory.pins[1] is pin
    other = Renamed(engine)
    kept = (dataclasses.replace(pin, model_hash="f" * 12), *NO_PINS[1:])
    session.swap_engine(other, kept)
    assert session.memory.pins is kept
    with pytest.raises(PinError, match="another model than other"):
        session.memory.put(1, pin)
    assert wait_for(lambda: session.frame.scene is not None)
    assert session.pin_now().model_hash == "f" * 12
    session.stop()


class Failing:
    """An engine whose painting fails for a while."""

    def __init__(self, engine, times):
        self.inner, self.times = engine, times

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def paint(self, state):
        if self.times > 0:
            self.times -= 1
            raise RuntimeError("no picture today")
        return self.inner.paint(state)


def test_a_failing_frame_is_told_and_the_show_goes_on(engine, feed):
    session = Session(Failing(engine, 3), feed)
    session.start()
    assert wait_for(lambda: session.status(time.monotonic()).errors == 3)
    assert "no picture today" in session.status(time.monotonic()).message
    assert wait_for(lambda: session.frame is not None and session.frame.index > 3)
    session.stop()


def test_spec_is_immutable(engine):
    with pytest.raises(dataclasses.FrozenInstanceError):
        engine.spec.model = "other"


def test_hearing_goes_on_while_a_frame_hangs(engine, feed):
    let_go = threading.Event()

    class Hangs:
        def __getattr__(self, name):
            return getattr(engine, name)

        def paint(self, state):
            let_go.wait()
            return engine.paint(state)

    session = Session(Hangs(), feed)
    session.start()
    try:
        begun = session.hearing.features.count
        assert wait_for(lambda: session.hearing.features.count > begun + 20)
        assert session.frame is None
    finally:
        let_go.set()
        assert session.stop()


def test_every_hop_asks_for_room_and_every_frame_tells_of_its_end(engine, feed):
    asked, told = [], []

    class Fails:
        def __getattr__(self, name):
            return getattr(engine, name)

        def paint(self, state):
            if len(told) == 9:  # the fifth frame
                raise RuntimeError("no picture today")
            return engine.paint(state)

    session = Session(Fails(), feed)
    session.hearing._room = SimpleNamespace(wait=lambda _now, *given: asked.append(given))
    session.painting.room = SimpleNamespace(
        begin=lambda _now: told.append("begin"), end=lambda _now: told.append("end")
    )
    session.start()
    assert wait_for(lambda: len(asked) > 10 and len(told) > 20)
    assert session.stop()
    assert session.painting.errors == 1
    assert told[:20] == ["begin", "end"] * 10
    assert session.hearing.features.count <= len(asked) + session.hearing.skipped
    assert max(at_most for _, at_most in asked) <= min(0.012, engine.spec.hop_s / 4)
    assert asked[0][0] == 0.0
    assert max(seconds for seconds, _ in asked) > 0.0, "it has learnt how long hearing takes"
