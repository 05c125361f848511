"""Pacing is a pure decision: stalls and jumps are tested without sleeping."""

import threading

import pytest

from s2s_live.live import statistics
from s2s_live.live.pacing import Pacer, Room
from s2s_live.live.statistics import Meter


def test_frames_keep_the_grid_though_each_begins_a_little_late():
    pacer, now, begun = Pacer(50.0), 10.0, []
    for _ in range(100):
        now += pacer.wait(now) + 0.003
        pacer.begin(now)
        begun.append(now)
    assert begun[-1] - begun[0] == pytest.approx(99 / 50, abs=0.005)


def test_after_a_stall_no_burst_catches_up():
    pacer = Pacer(50.0)
    pacer.begin(0.0)
    pacer.begin(5.0)
    assert pacer.wait(5.001) == pytest.approx(0.019, abs=1e-6)


def test_unpaced_never_waits():
    pacer = Pacer(0.0)
    pacer.begin(1.0)
    assert pacer.wait(1.0) == 0.0


def test_meter_rates_and_quantiles():
    meter = Meter()
    assert meter.quantiles() is None
    for i in range(100):
        meter.add(i * 0.1, float(i))
    assert meter.rate(9.9) == pytest.approx(10.0, abs=0.5)
    quantiles = meter.quantiles()
    assert quantiles.p50 == pytest.approx(49.5)
    assert quantiles.p95 == pytest.approx(94.05)


def test_a_meter_tells_of_the_newest_and_from_a_begin_on_of_all(monkeypatch):
    monkeypatch.setattr(statistics, "MOST", 1000)
    meter = Meter(keep=10)
    meter.add(0.0, 99.0)
    assert meter.whole() is None
    meter.begin()
    assert meter.whole() is None
    for i in range(1000):
        meter.add(float(i), float(i))
    assert meter.whole().p50 == pytest.approx(499.5)
    assert meter.quantiles().p50 == pytest.approx(994.5)
    for i in range(1000, 1500):
        meter.add(float(i), float(i))
    assert meter.whole().p50 == pytest.approx(999.5), "no more than so many are kept, the newest"
    meter.begin()
    assert meter.whole() is None


def painted(fps, took):
    """The room after a frame that was begun at 1.0, and what is to be called where the next one is."""
    pacer = Pacer(fps)
    room = Room(pacer)

    def begin(now):
        pacer.begin(now)
        room.begin(now)

    begin(1.0)
    room.end(1.0 + took)
    return room, begin


@pytest.mark.parametrize(
    ("now", "there"), [(1.007, True), (1.011, True), (1.013, False), (1.019, False)], ids=str
)
def test_there_is_room_until_the_next_frame(now, there):
    assert painted(50.0, 0.006)[0].holds(now, 0.008) == there


def test_there_is_none_while_a_frame_is_painted():
    room, begin = painted(50.0, 0.006)
    begin(1.020)
    assert not room.holds(1.021, 0.001)
    room.end(1.026)
    assert room.holds(1.026, 0.001)


def waiting_for(room, at_most=60.0):
    """A thread that has begun to wait for room for 8 ms."""
    thread = threading.Thread(target=room.wait, args=(1.021, 0.008, at_most), daemon=True)
    thread.start()
    return thread


def ends(thread):
    thread.join(30.0)
    return not thread.is_alive()


@pytest.mark.parametrize(("fps", "took"), [(0.0, 0.006), (50.0, 0.013), (50.0, 2.0)])
def test_where_frames_leave_no_room_nothing_is_waited_for(fps, took):
    room, begin = painted(fps, took)
    begin(1.020)
    assert ends(waiting_for(room))


def test_room_is_waited_for_until_the_frame_is_painted():
    room, begin = painted(50.0, 0.006)
    begin(1.020)
    waiting = waiting_for(room)
    waiting.join(0.05)
    assert waiting.is_alive()
    room.end(1.026)
    assert ends(waiting)


def test_room_is_waited_for_no_longer_than_allowed():
    room, begin = painted(50.0, 0.006)
    begin(1.020)
    assert ends(waiting_for(room, at_most=0.01))
