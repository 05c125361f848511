"""One benchmark: start-up, the running app, latencies, as one JSON-ready table."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import numpy as np

from s2s_live.audio.source import Source
from s2s_live.audio.synthetic import ArraySource
from s2s_live.bench.latency import ShowRecord, measure
from s2s_live.bench.machine import describe
from s2s_live.bench.running import Run
from s2s_live.bench.script import Event, Script, write_script
from s2s_live.bench.startup import measure_startup
from s2s_live.bench.tape import find_script, mismatches, without_bursts
from s2s_live.errors import S2SError
from s2s_live.timeline import PROGRAM_RATE
from s2s_live.tracing import recording
from s2s_live.ui.options import AppOptions

SEGMENTS = 60
"""Segments of the script; it is looped. About four seconds each."""
SETTLED_S = 3.0
"""An event counts only when this much of the show follows it."""


def run_benchmark(
    model: str, seconds: float, device: str | None, trace: Path | None = None
) -> dict[str, object]:
    """All figures. Needs a display.

    Args:
        model: name or folder.
        seconds: of the phase at default settings. Latencies need at least 50 events of a kind: 215 s.
        device: an input device to listen to instead of the script; then there are no latencies.
        trace: file for a trace of the app (`s2s_live.tracing`).
    """
    figures: dict[str, object] = {"machine": describe()}
    figures |= measure_startup(model)
    script = write_script(SEGMENTS)
    if device is None:
        source: Source = ArraySource(script.sound, PROGRAM_RATE, loop=True, name="Benchmark")
    else:
        source = _device(device)
    traced = recording(trace) if trace else nullcontext()
    with tempfile.TemporaryDirectory(prefix="s2s-live-bench-") as folder, _default_settings(folder), traced:
        run = _run_app(model, source, seconds, Path(folder))
    spec = run.seen.spec
    if spec is None:
        raise S2SError("The model was not opened.", "See `s2s-live doctor`.")
    figures |= {
        "model": {"name": spec.model, "hash": spec.model_hash},
        "runtime": spec.runtime,
        "runtime_hearing": spec.runtime_hearing,
        "threads": spec.threads,
        "threads_alone": spec.threads_alone,
        "device": device,
    }
    figures |= run.seen.figures
    with run.tape:
        figures |= _latencies(run, script, source, model)
    return figures


def _device(name: str) -> Source:
    from s2s_live.audio.sources import open_source

    source = open_source(name)
    if source is None:
        raise S2SError(f"{name!r} is no device.", "See `s2s-live devices`.")
    return source


@contextmanager
def _default_settings(folder: str) -> Iterator[None]:
    """Neither read nor write the user's settings."""
    before = os.environ.get("S2S_LIVE_CONFIG")
    os.environ["S2S_LIVE_CONFIG"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["S2S_LIVE_CONFIG"]
        else:
            os.environ["S2S_LIVE_CONFIG"] = before


def _run_app(model: str, source: Source, seconds: float, folder: Path) -> Run:
    from s2s_live.ui.app import run_app

    runs: list[Run] = []
    options = AppOptions(source="none", model=model, seed=1)
    run_app(options, lambda window: runs.append(Run(window, source, seconds, folder)))
    if not runs or "shown_fps" not in runs[0].seen.figures:
        raise S2SError("The app ended before the measurement did.", "Leave its window open.")
    return runs[0]


def _latencies(run: Run, script: Script, source: Source, model: str) -> dict[str, object]:
    """Both latencies; None for a device, whose sound nobody wrote."""
    from s2s_live.engines.registry import open_engine
    from s2s_live.store.library import find_model

    if not isinstance(source, ArraySource) or run.seen.log is None or run.seen.spec is None:
        return {"fast_ms": None, "semantic_ms": None}
    sound = run.tape.sound()
    start = find_script(sound, script)
    if start is None:
        raise S2SError("The sound that was played is not what was heard.", "Set the input gain to 0 dB.")
    record = ShowRecord(run.seen.log, sound, without_bursts(sound, script, start), run.seen.first_shown())
    events = _events(script, start, run.seen.paced_from, len(sound))
    captured = {event.sample: source.started_at + (event.sample - start) / PROGRAM_RATE for event in events}
    spec = run.seen.spec
    fine = spec.picture_size != spec.picture_sizes[0]
    engine = open_engine(find_model(model), threads=spec.threads, alone=spec.threads_alone, fine=fine)
    try:
        latencies = measure(engine, record, events, captured)
    finally:
        engine.close()
    result: dict[str, object] = {"changed_samples": mismatches(sound, script, start)}
    for kind, values in latencies.items():
        happened = sum(1 for event in events if event.kind == kind)
        result[f"{kind}_ms"] = _quantiles(values, happened)
    return result


def _events(script: Script, start: int, first: int, end: int) -> list[Event]:
    """Events of the looped script in programme samples, those in the measured phase alone."""
    last = end - round(SETTLED_S * PROGRAM_RATE)
    return [
        Event(begin + event.sample, event.kind)
        for begin in range(start, end, len(script.sound))
        for event in script.events
        if first <= begin + event.sample < last
    ]


def _quantiles(values: list[float], happened: int) -> dict[str, object] | None:
    if not values:
        return {"p50": None, "p95": None, "events": happened, "seen": 0}
    p50, p95 = np.percentile(values, (50, 95))
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1), "events": happened, "seen": len(values)}
