"""One sound of a mix, kept in step with the clock of the other.

Two devices never run equally fast (some 100 ppm apart), and both deliver in blocks. What has come waits in a
small buffer. Where its low-water mark leaves a narrow band, a few milliseconds are left out or played twice,
cross-faded at the place where the sound is most like itself. Between such splices samples pass unchanged.
Knows no clock and no thread: time is counted in samples taken.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.source import State
from s2s_live.timeline import PROGRAM_RATE, TICK

Floats = NDArray[np.float32]

WINDOW = PROGRAM_RATE  # samples: the low-water mark is looked at once a second
FADE = TICK // 2  # samples over which sound that was away comes in and goes out
_CROSS = TICK  # samples over which a splice fades from one place to the other
_MOST_SHIFT = TICK  # samples left out or repeated by one splice
_BAND = TICK // 2  # of the low-water mark, beyond what the blocks make it swing by
_FAR = PROGRAM_RATE // 10  # so much too much goes at one go
STALE = PROGRAM_RATE // 20  # sound that waited longer before it could come in is left out
_MORE_SPARE = TICK // 2  # every time the clock had to wait...
_MOST_SPARE = PROGRAM_RATE * 6 // 100  # ...up to this...
_LESS_SPARE = TICK // 10  # ...and less again with every calm second


class Follower:
    """A buffer of stereo sound at 48 kHz: one thread calls `give` and `take`."""

    def __init__(self) -> None:
        self.playing = False
        """Whether what is taken is sound; not before enough has come, nor once it has run dry."""
        self.splices = 0
        """Corrections made so far."""
        self.dropped = 0
        """Samples left out because they had waited too long to come in."""
        self._rest: Floats = np.empty((0, 2), np.float32)
        self._past: Floats = np.zeros((_MOST_SHIFT, 2), np.float32)  # what was taken last
        self._fade_at = FADE  # how far the fading in has come
        self._piece = TICK  # the largest piece that comes at a time
        self._largest = 0  # in this window
        self._spare = 0  # beyond a piece, for blocks that come late
        self._calm = True
        self._low: int | None = None
        self._since = 0
        self._shift = 0  # to be made good: samples to leave out, negative to repeat

    @property
    def fill(self) -> int:
        """Samples that wait to be taken."""
        return len(self._rest)

    @property
    def reserve(self) -> int:
        """Samples that are to wait at least, so that no block comes too late."""
        return self._piece + self._spare

    def give(self, samples: Floats, steady: bool = True) -> None:
        """Append `[n, 2]`. Not `steady`: they have piled up, and say nothing about the size of blocks."""
        if not len(samples):
            return
        self._rest = np.concatenate([self._rest, samples])
        if steady:
            self._largest = max(self._largest, len(samples))

    def take(self, count: int, state: State, lead: bool = False) -> Floats:
        """The next `count` samples `[count, 2]`; silence where there are none.

        Args:
            count: how many the clock is ahead.
            state: of the source: only a running one can run dry, an ended one is played to its last sample.
            lead: this sound is the clock, and is never waited for.
        """
        if not count:
            return np.empty((0, 2), np.float32)
        if not self.playing and not self._begin(count, state, lead):
            return np.zeros((count, 2), np.float32)
        if self._shift and state == "running":
            self._splice(count)
        taken = self._rest[:count]
        self._rest = self._rest[len(taken) :]
        if self._fade_at < FADE:
            taken = self._fade_in(taken)
        if len(taken) < count:
            taken = self._run_dry(taken, count, state)
        else:
            self._watch(count, state, lead)
        self._past = np.concatenate([self._past, taken[-_MOST_SHIFT:]])[-_MOST_SHIFT:]
        return taken

    def waited_for(self) -> None:
        """The clock had to wait for it: from now on a little more is kept."""
        self._spare = min(self._spare + _MORE_SPARE, _MOST_SPARE)
        self._calm = False

    def leave_out_stale(self) -> None:
        """Sound that has piled up while it was not heard is too old to come in with."""
        if not self.playing and self.fill > self.reserve + STALE:
            self.dropped += self.fill - self.reserve
            self._rest = self._rest[-self.reserve :]
            self._fade_at = 0

    def _begin(self, count: int, state: State, lead: bool) -> bool:
        if not self.fill or not (lead or state == "ended" or self.fill - count >= self.reserve):
            return False
        self.playing = True
        self._forget()
        return True

    def _forget(self) -> None:
        self._low, self._since, self._largest, self._shift = None, 0, 0, 0

    def _fade_in(self, taken: Floats) -> Floats:
        taken = taken.copy()
        ramp = np.arange(self._fade_at, min(FADE, self._fade_at + len(taken)), dtype=np.float32) / FADE
        taken[: len(ramp)] *= ramp[:, None]
        self._fade_at += len(ramp)
        return taken

    def _run_dry(self, taken: Floats, count: int, state: State) -> Floats:
        self.playing, self._fade_at = False, 0
        full: Floats = np.zeros((count, 2), np.float32)
        full[: len(taken)] = taken
        if state == "ended":
            return full
        # Torn off in the middle: the last moment backwards goes on from where the wave stands.
        before = np.concatenate([self._past, taken])[-FADE:][::-1]
        length = min(FADE, count - len(taken))
        fall = np.linspace(1.0, 0.0, FADE, dtype=np.float32)[:length, None]
        full[len(taken) : len(taken) + length] = before[:length] * fall
        return full

    def _watch(self, count: int, state: State, lead: bool) -> None:
        """Follow the low-water mark; once a second, decide."""
        if lead or state != "running":
            self._forget()
            return
        self._low = self.fill if self._low is None else min(self._low, self.fill)
        self._since += count
        if self._since < WINDOW:
            return
        low, piece = self._low, self._largest or self._piece
        self._forget()
        self._piece = piece
        if self._calm:
            self._spare = max(0, self._spare - _LESS_SPARE)
        self._calm = True
        # Where two rhythms of blocks pass each other, the mark jumps by a piece at once: down to the reserve
        # it must stay high enough for that, and upwards a jump is no reason to do anything.
        most = self.reserve + piece + _BAND
        if low < self.reserve:
            self._shift = max(low - self.reserve - _BAND // 2, -_MOST_SHIFT)
        elif low > most:
            excess = low - self.reserve - piece // 2
            self._shift = excess if excess > _FAR else min(excess, _MOST_SHIFT)

    def _splice(self, count: int) -> None:
        """Go on from another place: earlier to repeat, later to leave out."""
        shift, self._shift = self._shift, 0
        sound = np.concatenate([self._past, self._rest])
        here = len(self._past)
        cross = min(_CROSS, self.fill - max(shift, 0))
        if cross < FADE or self.fill - shift < count:
            return
        half = shift // 2 if abs(shift) <= _MOST_SHIFT else shift
        there = here + _most_alike(sound, here, min(shift, half), max(shift, half), cross)
        fade = np.linspace(0.0, 1.0, cross, dtype=np.float32)[:, None]
        seam = sound[here : here + cross] * (1.0 - fade) + sound[there : there + cross] * fade
        self._rest = np.concatenate([seam, sound[there + cross :]])
        self.splices += 1


def _most_alike(sound: Floats, here: int, low: int, high: int, length: int) -> int:
    """The shift within low..high at which `sound` is most like it is `here`, over `length` samples."""
    mono = sound.mean(axis=1, dtype=np.float64)
    wanted = mono[here : here + length]
    around = mono[here + low : here + high + length]
    alike = np.correlate(around, wanted, "valid")
    energy = np.convolve(around * around, np.ones(length), "valid")
    return low + int(np.argmax(alike / np.sqrt(energy + 1e-9)))
