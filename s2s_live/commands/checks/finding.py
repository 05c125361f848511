"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do about it."""

    part: str
    """Group: `libraries`, `sound`, `display`, `machine`, `files`."""
    name: str
    state: State
    """`ok`; `warn`: something the app can do without; `fail`: the app cannot be used as it is."""
    text: str
    """What was found."""
    fix: str = ""
    """What to do, empty where nothing is needed."""


def ok(part: str, name: str, text: str) -> Finding:
    """It works."""
    return Finding(part, name, "ok", text)


def warn(part: str, name: str, text: str, fix: str) -> Finding:
    """It does not work, and the app can do without."""
    return Finding(part, name, "warn", text, fix)


def fail(part: str, name: str, text: str, fix: str) -> Finding:
    """It does not work, and the app needs it."""
    return Finding(part, name, "fail", text, fix)
