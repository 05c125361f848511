"""The show without a window: for servers, recordings and outputs."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

from s2s_live.audio.feed import Feed
from s2s_live.control.settings import FINE, Settings
from s2s_live.engines.registry import open_engine
from s2s_live.live.session import Session
from s2s_live.live.threads import engine_threads, threads_alone
from s2s_live.record.recorder import Recorder
from s2s_live.record.settings import RecordSettings
from s2s_live.store.library import find_model
from s2s_live.ui.options import AppOptions

log = logging.getLogger(__name__)

CLOSE_S = 10.0
"""A file being closed is waited for this long."""
LOOK_S = 0.25
"""Pause between looks at the state."""


def run_headless(options: AppOptions) -> int:
    """Run until `options.seconds` are over or the process is asked to end; returns the exit status."""
    from s2s_live.audio.sources import open_input

    settings = Settings.load()
    engine = open_engine(
        find_model(options.model or settings.model),
        threads=engine_threads(),
        alone=threads_alone(),
        fine=FINE.get(settings.fine),
    )
    print(f"s2s-live: {engine.spec.summary}", file=sys.stderr)
    feed = Feed()
    feed.play(open_input(*options.sources(settings)))
    try:
        feed.start()
        session = Session(engine, feed, seed=options.seed or 0, values=settings.controls | options.gains)
        session.start()
        try:
            _record_until(session, feed, options, settings)
        finally:
            session.stop()
    finally:
        feed.stop()
        engine.close()
    return 0


def record_settings(path: Path, settings: Settings) -> RecordSettings:
    """A take named `path`: a video, or a folder of pictures when it does not end in .mp4."""
    video = path.suffix.lower() == ".mp4"
    return RecordSettings(
        folder=path.parent,
        size=settings.recording_size,
        fps=settings.recording_fps,
        sound=settings.recording_sound,
        format="mp4" if video else "png",
        stem=path.stem if video else path.name,
    )


def _record_until(session: Session, feed: Feed, options: AppOptions, settings: Settings) -> None:
    recorder = None
    if options.record is not None:
        recorder = Recorder(record_settings(options.record, settings), feed.program, feed.program.written)
        recorder.start(session.frame)
        session.add_sink(recorder.offer)
    try:
        _watch(session, feed, recorder, options.seconds)
    finally:
        if recorder is not None:
            session.remove_sink(recorder.offer)
            recording = recorder.stop(CLOSE_S)
            print(f"{recording.path} {recording.message}".rstrip(), file=sys.stderr)


def _watch(session: Session, feed: Feed, recorder: Recorder | None, seconds: float | None) -> None:
    """Say on standard error what a window would show, each message once until it changes."""
    end = None if seconds is None else time.monotonic() + seconds
    said = ""
    while end is None or time.monotonic() < end:
        now = time.monotonic()
        messages = [feed.status(now).message, session.status(now).message]
        if recorder is not None:
            messages.append(recorder.status().message)
        message = " ".join(filter(None, messages))
        if message and message != said:
            print(f"s2s-live: {message}", file=sys.stderr)
        said = message
        time.sleep(LOOK_S)
