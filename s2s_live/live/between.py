"""The thread that shows pictures between key frames, where painting is slower than the screen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from s2s_live.engines.base import Picture
from s2s_live.live.frame import Frame
from s2s_live.live.pacing import Pacer
from s2s_live.live.worker import Worker

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


class Between(Worker):
    """Takes key frames from the painting thread, and gives `show` a picture at the pace."""

    def __init__(self, show: Show, pacer: Pacer) -> None:
        super().__init__("s2s-between")
        self._show = show
        self.pacer = pacer
        self._lock = threading.Lock()
        self._tween: Tween | None = None
        self._key: Frame | None = None
        self._shown: Picture | None = None
        self._turns = 0

    @property
    def active(self) -> bool:
        """Whether frames are key frames at the moment."""
        return self._tween is not None

    def take(self, frame: Frame, took_s: float, *, wanted: bool) -> bool:
        """Whether this frame, which took so long to paint, is taken as a key frame; else it is to be shown.

        From the painting thread.
        """
        slow = took_s > (QUICK_S if self.active else SLOW_S)
        self._turns = self._turns + 1 if slow != self.active else 0
        with self._lock:
            if not wanted or (self._turns >= TURNS and self._tween):
                self._tween = self._key = self._shown = None
            elif self._turns >= TURNS:
                # It brings OpenCV with it, which a start of a quick generator does without.
                from s2s_live.live.tween import Tween

                self._tween = Tween()
            if self._turns >= TURNS:
                self._turns = 0
            if self._tween is None:
                return False
            self._key = frame
            self._tween.key(frame.picture, frame.painted)
            return True

    def work(self) -> None:
        """Wait until a picture is due, then show it, unless it is the one that is shown already."""
        if not self.active:
            self.pause(0.05)
            return
        now = time.monotonic()
        wait = self.pacer.wait(now)
        if wait > 0:
            self.pause(min(wait, 0.05))
            return
        self.pacer.begin(now)
        with self._lock:
            if self._tween is None or self._key is None:
                return
            picture, key = self._tween.at(now), self._key
            is_new, self._shown = picture is not self._shown, picture
        if is_new:
            self._show(picture, key)
        else:
            self.pause(0.002)
