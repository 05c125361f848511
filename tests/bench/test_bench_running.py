"""The phases of a benchmark, on an app without windows and threads."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject

from s2s_live.audio.feed import Feed
from s2s_live.audio.synthetic import TestSource
from s2s_live.bench.running import Run
from s2s_live.engines.registry import open_engine
from s2s_live.live.session import Session


class Window(QObject):
    """As much of the app as is asked."""

    def __init__(self, session, feed):
        super().__init__()
        opened = SimpleNamespace(connect=lambda _slot: None)
        self.controller = SimpleNamespace(
            show=SimpleNamespace(opened=opened, session=session), sound=SimpleNamespace(feed=feed)
        )


@pytest.fixture
def session(tiny_folder):
    engine = open_engine(tiny_folder)
    yield Session(engine, Feed())
    engine.close()


def test_durations_are_of_the_whole_phase_and_of_nothing_before(session, qapp, tmp_path, monkeypatch):
    run = Run(Window(session, Feed()), TestSource(), 240.0, tmp_path)
    planned = []
    monkeypatch.setattr(run, "_after", lambda _seconds, then, *arguments: planned.append((then, arguments)))
    monkeypatch.setattr(run, "_end", lambda _lost: None)
    meters = (session.painting.meter, session.hearing.meter, session.hearing.features)
    for meter in meters:
        meter.add(0.0, 1e6)
    run._paced()
    for meter in meters:
        for count, milliseconds in ((3000, 9.0), (2000, 5.0)):
            for _ in range(count):
                meter.add(0.0, milliseconds)
    [(then, arguments)] = planned
    then(*arguments)
    figures = run.seen.figures
    assert figures["paint_ms"] == figures["hear_ms"] == {"p50": 9.0, "p95": 9.0}
    assert figures["feature_ms_per_s"] == round(9.0 / session.engine.spec.hop_s, 2)
    assert session.status(0.0).paint_ms.p50 == 5.0
