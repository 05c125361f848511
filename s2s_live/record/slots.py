"""Which painted frame stands in which slot of a constant-rate video."""

from __future__ import annotations

import threading
from collections import deque

from s2s_live.live.frame import Frame
from s2s_live.timeline import PROGRAM_RATE


class SlotQueue:
    """A short queue from the painting thread to the recorder, one frame per slot at most.

    Slot j of the video stands at programme position `start + j * 48000 / fps` and is seen until slot j + 1.
    It shows the newest frame whose position is not later than the middle of that time: taking the one at its
    beginning would make every picture late by half a slot on average, and a flash by as much as 55 ms where
    45 frames a second are painted. A frame that is followed by another before its slot is never needed and
    is replaced in the queue; that is not a loss. A full queue drops its oldest frame, and that is counted.
    """

    def __init__(self, start: int, fps: int, capacity: int) -> None:
        self.start = start
        self.fps = fps
        self.capacity = capacity
        self.dropped = 0
        self._queue: deque[tuple[int, Frame]] = deque()
        # Held by either thread for a few list operations only, so offering never really waits.
        self._lock = threading.Lock()

    def position(self, slot: int) -> int:
        """The last whole programme position not later than the slot's."""
        return self.start + slot * PROGRAM_RATE // self.fps

    def slot(self, position: int) -> int:
        """The first slot whose middle is not before this position; 0 for frames from before the start."""
        return max(0, -((PROGRAM_RATE - 2 * (position - self.start) * self.fps) // (2 * PROGRAM_RATE)))

    def offer(self, frame: Frame) -> None:
        """Append a frame. Called by the painting thread; frames come in order of position."""
        slot = self.slot(frame.position)
        with self._lock:
            if self._queue and self._queue[-1][0] >= slot:
                self._queue.pop()
            elif len(self._queue) >= self.capacity:
                self._queue.popleft()
                self.dropped += 1
            self._queue.append((slot, frame))

    def decided(self, slot: int) -> bool:
        """Whether no frame still to come can belong to `slot`: one for a later slot is here."""
        with self._lock:
            return bool(self._queue) and self._queue[-1][0] > slot

    def take(self, slot: int) -> Frame | None:
        """Remove and return the frame that becomes visible at `slot`; None where the last one stays."""
        newest = None
        with self._lock:
            while self._queue and self._queue[0][0] <= slot:
                newest = self._queue.popleft()[1]
        return newest

    def peek(self) -> Frame | None:
        """The oldest waiting frame, left where it is."""
        with self._lock:
            return self._queue[0][1] if self._queue else None
