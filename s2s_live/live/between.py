"""The thread that shows pictures between key frames, where painting is slower than the screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from s2s_live.engines.base import Picture
from s2s_live.live.frame import Frame
from s2s_live.live.pacing import Pacer
from s2s_live.live.worker import Worker
from s2s_live.tracing import span

if TYPE_CHECKING:
    from s2s_live.live.tween import Tween

SLOW_S = 0.04
"""Frames that take longer to paint are key frames: fewer than 25 a second are no motion..."""
QUICK_S = 0.03
"""...and those that take less are shown as they come again."""
TURNS = 3
"""So many frames in a row must say so: one that was held up means nothing."""

Show = Callable[[Picture, Frame], None]
"""Shows a picture that lies before a key frame."""


@dataclass(frozen=True)
class _Key:
    frame: Frame
    stretch: int
    """Counts from when to when frames are key frames; nothing is blended from one into the next."""


class Between(Worker):
    """Takes key frames from the painting thread, and gives `show` a picture at the pace.

    A key frame is handed over by reference, the newest wins. What it takes, optical flow included, is worked
    out on the thread of this worker, so neither waits for the other.
    """

    def __init__(self, show: Show, pacer: Pacer) -> None:
        super().__init__("s2s-between")
        self._show = show
        self.pacer = pacer
        # Of the painting thread; the other reads the key frame.
        self._key: _Key | None = None
        self._stretch = 0
        self._turns = 0
        # Of this worker's thread.
        self._tween: Tween | None = None
        self._taken: _Key | None = None
        self._shown: Picture | None = None
        self._shown_at = 0.0

    @property
    def active(self) -> bool:
        """Whether frames are key frames at the moment."""
        return self._key is not None

    def take(self, frame: Frame, took_s: float, *, wanted: bool) -> bool:
        """Whether this frame, which took so long to paint, is taken as a key frame; else it is to be shown.

        From the painting thread.
        """
        slow = took_s > (QUICK_S if self.active else SLOW_S)
        self._turns = self._turns + 1 if slow != self.active else 0
        turned = self._turns >= TURNS
        if turned:
            self._turns = 0
        if not wanted or turned == self.active:
            self._key = None
            return False
        if turned:
            self._stretch += 1
        self._key = _Key(frame, self._stretch)
        return True

    def work(self) -> None:
        """Wait until a picture is due, then show it, unless it is the one that is shown already."""
        key = self._key
        if key is None:
            self._tween = self._taken = self._shown = None
            self.pause(0.05)
            return
        now = time.monotonic()
        wait = self.pacer.wait(now)
        if wait > 0:
            self.pause(min(wait, 0.05))
            return
        self.pacer.begin(now)
        tween = self._toward(key)
        now = time.monotonic()
        with span("blend", position=key.frame.position):
            picture = tween.at(now)
        if picture is self._shown:
            self.pause(0.002)
        elif self.active:  # else newer frames are shown as they come by now
            self._shown, self._shown_at = picture, now
            self._show(picture, key.frame)

    def _toward(self, key: _Key) -> Tween:
        """What leads to this key frame, from what was shown last."""
        if self._tween is None or self._taken is None or self._taken.stretch != key.stretch:
            # It brings OpenCV with it, which a start of a quick generator does without.
            from s2s_live.live.tween import Tween

            self._tween = Tween()
        if key is not self._taken:
            # From when it was painted on, but never back behind a picture that was shown since then.
            with span("flow", position=key.frame.position):
                self._tween.key(key.frame.picture, max(key.frame.painted, self._shown_at))
            self._taken = key
        return self._tween
