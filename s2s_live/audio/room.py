"""Making room for a device: the other sound of a mix gives its stream back for a moment.

PortAudio's list of devices is only renewed while no stream is open. A device that was plugged in while the
other sound of a mix has one open would not be found, however often it is tried.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from s2s_live.audio.mixed import LIVE
from s2s_live.audio.source import Source
from s2s_live.errors import AudioError

log = logging.getLogger(__name__)

_CLOSE_S = 1.0
_LOOK_S = 0.01


@runtime_checkable
class Audible(Protocol):
    """A source that is heard on an output of its own."""

    output: str | None
    """Id of that output, or None."""

    @property
    def audible(self) -> bool:
        """Whether its output is open."""


@contextmanager
def room(other: Source) -> Iterator[None]:
    """Inside, `other` has no stream open: a device pauses, a file plays on without being heard."""
    if other.kind in LIVE:
        other.stop()
        try:
            yield
        finally:
            try:
                other.start()
            except AudioError as error:  # it is looked after like any lost device
                log.warning("%s could not be started again: %s", other.name, error)
    elif isinstance(other, Audible):
        output, other.output = other.output, None
        end = time.monotonic() + _CLOSE_S
        while other.audible and time.monotonic() < end:
            time.sleep(_LOOK_S)
        try:
            yield
        finally:
            other.output = output
    else:
        yield
