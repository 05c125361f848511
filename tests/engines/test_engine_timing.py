"""Ways to run a network, timed beside one another."""

from types import SimpleNamespace

import pytest
from engines.small_network import ALWAYS, NEVER

from s2s_live.engines import timing
from s2s_live.engines.timing import Worthwhile, by_turns, shortest

INF = float("inf")


@pytest.mark.parametrize(
    ("seconds", "other", "worth"),
    [
        (0.0089, 0.010, True),
        (0.0091, 0.010, False),
        (0.0015, 0.002, False),
        (0.0009, 0.002, True),
        (0.0011, 0.002, False),
        (0.0009, INF, True),
        (INF, 0.010, False),
        (INF, INF, False),
    ],
)
def test_a_way_must_spare_a_share_and_some_time(seconds, other, worth):
    assert Worthwhile(0.9, 1e-3).holds(seconds, other) == worth


def test_what_always_and_never_mean_in_these_tests():
    assert ALWAYS.holds(1.0, 1e-3)
    assert not NEVER.holds(1e-3, 1.0)


def test_the_shortest_run_counts(monkeypatch):
    clock = iter([0.0, 3.0, 10.0, 11.0, 20.0, 25.0])
    monkeypatch.setattr(timing, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    assert shortest(lambda _sample: None, [[], [], []]) == 1.0


def test_all_samples_go_through_one_way_and_then_through_the_next():
    order = []
    runs = {name: (lambda sample, name=name: order.append((name, sample))) for name in "ab"}
    assert set(by_turns(runs, [1, 2], 2)) == {"a", "b"}
    assert order == [("a", 1), ("a", 2), ("b", 1), ("b", 2)] * 2


def test_a_way_that_fails_once_is_infinitely_slow_and_the_others_are_timed(caplog):
    calls = []

    def fails_late(_sample):
        calls.append(1)
        if len(calls) == 3:
            raise MemoryError("full")

    with caplog.at_level("INFO"):
        found = by_turns({"late": fails_late, "sound": lambda _sample: None}, [1, 2], 3)
    assert found["late"] == INF
    assert found["sound"] < INF
    assert "late fails: full" in caplog.text
