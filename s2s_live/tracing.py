"""When each stage of each frame ran on which thread, for whoever looks where the time goes.

Off, a `span` costs a fraction of a microsecond. `recording` collects spans and writes them as a Chrome trace
(Trace Event Format), which `chrome://tracing`, Perfetto and speedscope show.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from s2s_live.errors import S2SError

MOST = 1_000_000
"""Spans kept, the newest: hours of a show would fill the memory."""

_Row = tuple[str, int, float, float, dict[str, int]]
"""Name, thread, begin and end on `time.perf_counter`, arguments."""


class _State:
    rows: deque[_Row] | None = None
    names: dict[int, str] = {}  # noqa: RUF012 - of threads that may have ended when the trace is written


class span:  # noqa: N801 - reads as what it is in a with statement
    """`with span("paint", frame=7): ...` notes one stage. Numbers say which frame, hop or sample it is of."""

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
        thread = threading.get_ident()
        if thread not in _State.names:
            _State.names[thread] = threading.current_thread().name
        rows.append((self._name, thread, self._begun, time.perf_counter(), self._numbers))


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """Collect all spans, and write them to `path` at the end.

    Raises S2SError where it cannot be written: before anything is collected, if that can be told.
    """
    _write(path, "")
    _State.names.clear()
    _State.rows = deque(maxlen=MOST)
    try:
        yield
    finally:
        rows, _State.rows = _State.rows, None
        _write(path, json.dumps(_chrome(rows or ())))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
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
