"""When each stage of each frame ran on which thread, for whoever looks where the time goes.

Off, a `span` costs a fraction of a microsecond. `recording` collects spans and writes them as a Chrome trace
(Trace Event Format), which `chrome://tracing`, Perfetto and speedscope show.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from s2s_live.errors import S2SError

log = logging.getLogger(__name__)

MOST = 1_000_000
"""Spans kept, the newest: hours of a show would fill the memory."""

_Row = tuple[str, int, float, float, dict[str, int]]
"""Name, thread, begin and end on `time.perf_counter`, arguments."""


class _State:
    rows: deque[_Row] | None = None
    names: dict[int, str] = {}  # noqa: RUF012 - of threads that may have ended when the trace is written


class span:  # noqa: N801 - reads as what it is in a with statement
    """`with span("paint", frame=7): ...` notes one stage. Numbers say which frame, hop or sample it is of.

    Pictures between key frames are frames of their own: there a painted one is told by its `position`.
    """

    __slots__ = ("_begun", "_name", "_numbers")

    def __init__(self, name: str, **numbers: int) -> None:
        self._name, self._numbers = name, numbers

    def __enter__(self) -> Self:
        self._begun = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        rows = _State.rows
        if rows is None:
            return
        thread = threading.get_native_id()  # not the identity, which Python gives to the next thread again
        if thread not in _State.names:
            _State.names[thread] = threading.current_thread().name
        rows.append((self._name, thread, self._begun, time.perf_counter(), self._numbers))


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """Collect all spans, and write them to `path` at the end.

    Raises S2SError at once where it cannot be written. Where that fails later, what was measured meanwhile is
    not lost for it: a line is logged.
    """
    check_trace(path)
    _State.names.clear()
    _State.rows = deque(maxlen=MOST)
    try:
        yield
    finally:
        rows, _State.rows = _State.rows, None
        try:
            path.write_text(json.dumps(_chrome(rows or ())), encoding="utf-8")
        except OSError as error:
            log.error("the trace %s could not be written (%s)", path, error)  # noqa: TRY400 - says it all


def check_trace(path: Path) -> None:
    """Raise S2SError where no trace could be written to `path`."""
    try:
        path.touch()
    except OSError as error:
        raise S2SError(f"{path} cannot be written ({error}).", "Choose another file.") from error


def _chrome(rows: deque[_Row] | tuple[()]) -> dict[str, object]:
    process = os.getpid()
    threads: list[dict[str, object]] = [
        {"name": "thread_name", "ph": "M", "pid": process, "tid": thread, "args": {"name": name}}
        for thread, name in _State.names.items()
    ]
    spans = [
        {"name": name, "ph": "X", "pid": process, "tid": thread, "ts": round(1e6 * begun, 1),
         "dur": round(1e6 * (ended - begun), 1), "args": numbers}
        for name, thread, begun, ended, numbers in sorted(rows, key=lambda row: row[2])
    ]  # fmt: skip
    return {"displayTimeUnit": "ms", "traceEvents": [*threads, *spans]}
