"""Pacing is a pure decision: stalls and jumps are tested without sleeping."""

import pytest

from s2s_live.live import statistics
from s2s_live.live.pacing import Pacer
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
