"""The hearing network, compiled for every length of window that was asked for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from s2s_live.engines.runtime import Runtime

log = logging.getLogger(__name__)

Shape = tuple[int, ...]
ENDS_S = 2.0
"""Seconds that closing waits for a network that is being compiled; the end of the process waits for it."""


class HearingNetworks:
    """Runtimes by the shape of their windows; one of another shape is opened when it is asked for.

    That takes seconds where it was not kept: `prepare` has it done beside the show.
    """

    def __init__(self, opening: Callable[[Shape], Runtime], shape: Shape) -> None:
        """`opening` gives the runtime of a shape and raises ModelError; that of `shape` is opened now."""
        self._opening = opening
        self.first = opening(shape)
        self._ready = {shape: self.first}
        self._coming: dict[Shape, threading.Thread] = {}

    def prepare(self, shape: Shape) -> bool:
        """Whether `of` has this shape's at once. Where not, it is opened on a thread of its own; where that
        failed `of` tries again, and says why."""
        if shape in self._ready:
            return True
        if shape not in self._coming:
            log.info("getting ready to hear windows of another length; until then it hears those of before")
            # No daemon: one that comes back from OpenVINO as Python ends would bring the process down.
            thread = threading.Thread(target=self._open, args=(shape,), name="s2s-preparing")
            self._coming[shape] = thread
            thread.start()
        return not self._coming[shape].is_alive()

    def of(self, shape: Shape) -> Runtime:
        """The runtime of this shape, opened if need be. Raises ModelError."""
        if shape in self._coming:
            self._coming[shape].join()
        if shape not in self._ready:
            self._ready[shape] = self._opening(shape)
        return self._ready[shape]

    def close(self) -> None:
        """Wait a little for what is being opened."""
        for thread in list(self._coming.values()):  # hearing may just ask for one more
            thread.join(ENDS_S)

    def _open(self, shape: Shape) -> None:
        try:
            self._ready[shape] = self._opening(shape)
        except Exception as error:  # noqa: BLE001  (a thread's outermost frame)
            log.warning("the network for windows of another length cannot be opened: %s", error)
