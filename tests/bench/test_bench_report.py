"""What a benchmark says of the model that it opened."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from s2s_live.audio.ring import SampleRing
from s2s_live.bench import report
from s2s_live.bench.running import Seen
from s2s_live.bench.tape import Tape
from s2s_live.engines.base import EngineSpec

SIZE = (64, 64)
SPEC = EngineSpec("sound2scene", "m", "0" * 12, 16000, 1.0, 0.1, SIZE, (SIZE,), 8, 6, 3, (), (), 0, 0, "a", 2)


def test_figures_name_how_each_network_runs(monkeypatch):
    seen = Seen(spec=replace(SPEC, runtime_hearing="b"))
    run = SimpleNamespace(seen=seen, tape=Tape(SampleRing(10, 2, 48_000)))
    monkeypatch.setattr(report, "describe", dict)
    monkeypatch.setattr(report, "measure_startup", lambda _: {})
    monkeypatch.setattr(report, "write_script", lambda _: SimpleNamespace(sound=np.zeros(9, np.float32)))
    monkeypatch.setattr(report, "_run_app", lambda *_: run)
    figures = report.run_benchmark("m", 1.0, None)
    assert (figures["runtime"], figures["runtime_hearing"]) == ("a", "b")
