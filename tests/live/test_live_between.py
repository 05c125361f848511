"""Slow painting is blended from key frame to key frame; quick painting is shown as it comes."""

import json
import threading
import time
from types import SimpleNamespace

import numpy as np
from waiting import wait_for

from s2s_live.live import between as between_module
from s2s_live.live import tween as tween_module
from s2s_live.live.between import QUICK_S, SLOW_S, TURNS, Between
from s2s_live.live.frame import Frame
from s2s_live.live.pacing import Pacer
from s2s_live.live.session import Session
from s2s_live.tracing import recording

PATIENCE_S = 20.0


class Slow:
    """An engine that takes its time to paint."""

    def __init__(self, engine, seconds):
        self._engine, self.seconds = engine, seconds

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def paint(self, state):
        time.sleep(self.seconds)
        return self._engine.paint(state)


def frame(index: int) -> Frame:
    picture = np.full((32, 32, 3), index, np.uint8)
    return Frame(index, 480 * index, picture, float(index), float(index))


def takes(between, seconds, count, *, wanted=True):
    return [between.take(frame(index), seconds, wanted=wanted) for index in range(count)]


def test_a_single_slow_frame_changes_nothing():
    between = Between(lambda *_: None, Pacer(60.0))
    assert takes(between, 0.01, 5) + takes(between, 1.0, TURNS - 1) + takes(between, 0.01, 5) == [False] * (
        9 + TURNS
    )


def test_slow_frames_become_key_frames_until_they_are_quick_again():
    between = Between(lambda *_: None, Pacer(60.0))
    assert takes(between, 2 * SLOW_S, TURNS + 2) == [False] * (TURNS - 1) + [True] * 3
    assert between.active
    assert all(takes(between, 0.5 * (QUICK_S + SLOW_S), 10)), "between the two limits nothing changes"
    assert takes(between, 0.5 * QUICK_S, TURNS + 2) == [True] * (TURNS - 1) + [False] * 3
    assert not between.active


def test_it_can_be_turned_off():
    between = Between(lambda *_: None, Pacer(60.0))
    takes(between, 1.0, TURNS)
    assert between.active
    assert takes(between, 1.0, 1, wanted=False) == [False]
    assert not between.active


def test_the_optical_flow_holds_up_nobody_who_paints(monkeypatch):
    begun, let_go, pictures = threading.Event(), threading.Event(), []

    def flow(start, _end):
        begun.set()
        assert let_go.wait(PATIENCE_S)
        return np.zeros((*start.shape[:2], 2), np.float32)

    monkeypatch.setattr(tween_module, "_flow", flow)
    between = Between(lambda picture, _key: pictures.append(picture), Pacer(0.0))
    between.start()
    painter = threading.Thread(target=takes, args=(between, 1.0, 9), daemon=True)
    try:
        takes(between, 1.0, TURNS)
        assert wait_for(lambda: pictures)
        painter.start()
        assert begun.wait(PATIENCE_S)
        painter.join(PATIENCE_S / 4)
        assert not painter.is_alive()
    finally:
        let_go.set()
        between.stop()
        assert between.join(PATIENCE_S)


def key(value, painted):
    return Frame(0, 0, np.full((32, 32, 3), value, np.uint8), painted, painted)


def by_hand(monkeypatch):
    """A worker that is turned by hand on a clock of its own, what it has shown, and the clock."""
    clock, values = SimpleNamespace(now=0.0), []
    monkeypatch.setattr(between_module, "time", SimpleNamespace(monotonic=lambda: clock.now))
    between = Between(lambda picture, _key: values.append(int(picture.mean())), Pacer(0.0))
    between.pause = lambda _seconds: None
    return between, values, clock


def test_a_key_frame_that_is_taken_late_is_no_step_back(monkeypatch):
    between, values, clock = by_hand(monkeypatch)
    for _ in range(TURNS):
        between.take(key(0, 0.0), 1.0, wanted=True)
    between.work()
    between.take(key(200, 0.0), 1.0, wanted=True)
    for clock.now in (0.02, 0.06, 0.12):
        between.work()
    between.take(key(200, 0.09), 1.0, wanted=True)
    for clock.now in (0.121, 0.15, 0.5):
        between.work()
    assert values[0] == 0
    assert 60 < values[3] < 140
    assert values == sorted(values)
    assert values[-1] == 200


def test_nothing_is_blended_from_before_painting_was_quick(monkeypatch):
    between, values, clock = by_hand(monkeypatch)
    for seconds, value in ((1.0, 0), (0.0, 100), (1.0, 200)):
        clock.now += 1.0
        for _ in range(TURNS):
            taken = between.take(key(value, clock.now), seconds, wanted=True)
        if taken:  # while painting is quick the worker does not get to look
            between.work()
    assert values == [0, 200]


def shown(engine, feed, values, keys):
    """Frames shown while so many were painted, and the session's status after."""
    frames = []
    session = Session(engine, feed, values=values)
    session.add_sink(frames.append)
    session.start()
    try:
        assert wait_for(lambda: session.painting.meter.count >= keys)
        painted = session.painting.meter.count
    finally:
        assert session.stop()
    return frames, painted


def test_a_slow_engine_is_shown_with_pictures_in_between(engine, feed):
    frames, painted = shown(Slow(engine, 0.15), feed, {"z_speed": 1.0}, 12)
    assert len(frames) > 2 * painted
    indices = [one.index for one in frames]
    assert indices == list(range(len(frames)))
    positions = [one.position for one in frames]
    assert positions == sorted(positions)
    assert all(one.captured < one.painted for one in frames)


def test_a_trace_tells_what_pictures_in_between_take(engine, feed, tmp_path):
    with recording(tmp_path / "trace.json"):
        frames, _painted = shown(Slow(engine, 0.15), feed, {"z_speed": 1.0}, 8)
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    threads = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    spans = [event for event in events if event["ph"] == "X"]
    painted = {event["args"]["position"] for event in spans if event["name"] == "paint"}
    for name in ("flow", "blend"):
        found = [event for event in spans if event["name"] == name]
        assert {threads[event["tid"]] for event in found} == {"s2s-between"}
        assert {event["args"]["position"] for event in found} <= painted
        assert len({event["args"]["position"] for event in found}) > 2
    published = [event["args"]["frame"] for event in spans if event["name"] == "publish"]
    assert published == [frame.index for frame in frames]


def test_no_picture_is_older_than_the_one_before_when_turned_off(engine, feed):
    frames = []
    session = Session(Slow(engine, 0.15), feed, values={"z_speed": 1.0})
    session.add_sink(frames.append)
    session.start()
    try:
        for wanted in (0.0, 1.0, 0.0):
            assert wait_for(lambda: session.painting.between.active)
            seen = len(frames)
            assert wait_for(lambda seen=seen: len(frames) >= seen + 8)
            session.set_control("tween", wanted)
    finally:
        assert session.stop()
    positions = [one.position for one in frames]
    assert len(positions) > 20
    assert positions == sorted(positions)


def test_a_failing_in_between_is_told(engine, feed):
    session = Session(engine, feed)
    session.painting.between.last_error, session.painting.between.errors = "no more pictures", 3
    session.painting.between.error_at = time.monotonic() + 60.0
    session.start()
    try:
        status = session.status(time.monotonic())
    finally:
        assert session.stop()
    assert status.errors == 3
    assert status.message == "Between fails: no more pictures"


def test_turned_off_a_slow_engine_is_shown_as_it_paints(engine, feed):
    frames, painted = shown(Slow(engine, 0.15), feed, {"tween": 0.0}, 6)
    assert painted <= len(frames) + 1 <= painted + 2


def test_no_thread_is_left(engine, feed):
    session = Session(engine, feed)
    session.start()
    between = session.painting.between
    assert session.stop()
    assert between.join(0.0)
