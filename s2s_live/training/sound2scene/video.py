"""One clip out of a video: pictures at steps of 0.1 s, and the sound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import numpy as np
import soxr
from av.error import FFmpegError
from numpy.typing import NDArray
from PIL import Image

from s2s_live.features.log_psd import SAMPLE_RATE

Floats = NDArray[np.float32]

STEPS_PER_S = 10
"""Frames are numbered at ten a second, whatever the video's own rate."""
SLOW = "under 10 frames per second"
"""Pictures repeat."""
MIXED, RESAMPLED = "channels mixed", "sound resampled"
_SLACK_S = 0.5
"""Read beyond a clip's end, for sound and picture are not stored in step."""


class UnreadableClipError(ValueError):
    """A clip that gives no pair; the text says why."""


@dataclass(frozen=True)
class Cut:
    """Which part of a video is the clip."""

    begin_s: float = 0.0
    length_s: float = 10.0


@dataclass(frozen=True)
class Clip:
    """What a clip holds."""

    samples: Floats
    """`[n]`, mono at 16 kHz."""
    pictures: dict[int, Image.Image]
    """By step of 0.1 s, those asked for that the clip has."""
    steps: int
    """How many steps the pictures last."""
    remarks: tuple[str, ...] = ()
    """What of it is not as pairs have it: `SLOW`, `MIXED`, `RESAMPLED`."""


def read_clip(path: Path, cut: Cut, steps: Sequence[int]) -> Clip:
    """The sound of a clip and its pictures at these steps (0 is its begin).

    At a step the frame is shown that a player shows there, to half a step: of slow videos frames repeat, as
    a filter to ten frames a second has it. Raises UnreadableClipError.
    """
    try:
        with av.open(str(path)) as container:
            return _read(container, cut, steps)
    except (FFmpegError, OSError, ValueError, EOFError) as error:
        if isinstance(error, UnreadableClipError):
            raise
        raise UnreadableClipError(f"cannot be read ({_plain(error)})") from error


def _plain(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)


def _read(container: Any, cut: Cut, steps: Sequence[int]) -> Clip:
    for kind, found in (("picture", container.streams.video), ("sound", container.streams.audio)):
        if not found:
            raise UnreadableClipError(f"has no {kind}")
    video, audio = container.streams.video[0], container.streams.audio[0]
    video.codec_context.thread_count = 1  # clips are read side by side by processes, not by threads
    begin = cut.begin_s + (container.start_time or 0) / av.time_base
    if cut.begin_s:
        container.seek(int(begin * av.time_base), backward=True)
    picker, sound = _Picker(begin, steps, _frame_s(video)), _Sound(begin, cut.length_s)
    last = begin + cut.length_s + _SLACK_S
    for packet in container.demux(video, audio):
        for frame in packet.decode():
            (picker if packet.stream is video else sound).take(frame)
        if min(picker.at, sound.at) > last:
            break
    limit = round(cut.length_s * STEPS_PER_S)
    slow = _frame_s(video) > 1.001 / STEPS_PER_S
    found = {SLOW: slow, MIXED: sound.channels > 1, RESAMPLED: sound.rate != SAMPLE_RATE}
    remarks = tuple(remark for remark, holds in found.items() if holds)
    return Clip(sound.samples(), *picker.finish(limit), remarks)


def _frame_s(video: Any) -> float:
    rate = video.average_rate or video.guessed_rate
    return 1.0 / float(rate) if rate else 1.0 / STEPS_PER_S


class _Picker:
    """Keeps of a video's frames those that are shown at the steps asked for."""

    def __init__(self, begin: float, steps: Sequence[int], frame_s: float) -> None:
        self.at = -math.inf
        """Time of the newest frame."""
        self._begin = begin
        self._frame_s = frame_s
        self._open = sorted(set(steps), reverse=True)
        self._kept: dict[int, Image.Image] = {}
        self._shown: Any = None
        self._count = 0

    def take(self, frame: Any) -> None:
        """The next frame, in the order of showing."""
        # A stream without times is taken to run evenly.
        self.at = frame.time if frame.time is not None else self._begin + self._count * self._frame_s
        self._count += 1
        if self._shown is not None:
            self._fill(self._step(self.at))
        self._shown = frame

    def _step(self, time: float) -> int:
        return math.floor((time - self._begin) * STEPS_PER_S + 0.5)

    def _fill(self, end: int) -> None:
        """Every open step before `end` shows the present frame."""
        if not self._open or self._open[-1] >= end:
            return
        picture = self._shown.to_image()
        while self._open and self._open[-1] < end:
            self._kept[self._open.pop()] = picture

    def finish(self, limit: int) -> tuple[dict[int, Image.Image], int]:
        """The pictures, and how many steps there are; `limit` at most."""
        if self._shown is None:
            raise UnreadableClipError("has no picture")
        end = min(max(self._step(self.at + self._frame_s), self._step(self.at) + 1), limit)
        self._fill(end)
        return {step: picture for step, picture in self._kept.items() if 0 <= step < end}, max(end, 0)


@dataclass
class _Sound:
    """Collects the sound of a clip."""

    begin: float
    length_s: float
    at: float = -math.inf
    """Time where the newest piece ends."""
    rate: int = SAMPLE_RATE
    channels: int = 1
    _pieces: list[Floats] = field(default_factory=list)
    _first: float = 0.0
    _resampler: Any = None

    def take(self, frame: Any) -> None:
        """The next piece."""
        if self._resampler is None:
            self.rate, self.channels = frame.sample_rate, frame.layout.nb_channels
            # Only the number format is made one: channels are mixed and the rate is changed as for pairs.
            self._resampler = av.AudioResampler("fltp", frame.layout, self.rate)
            self._first = frame.time if frame.time is not None else self.begin
            self.at = self._first
        for piece in self._resampler.resample(frame):
            self._pieces.append(piece.to_ndarray().mean(axis=0))
            self.at += piece.samples / self.rate

    def samples(self) -> Floats:
        """`[n]` at 16 kHz from the clip's begin; silence where the sound begins later than the picture."""
        if not self._pieces:
            raise UnreadableClipError("has no sound")
        whole = np.concatenate(self._pieces).astype(np.float32)
        early = round((self.begin - self._first) * self.rate)
        whole = whole[early:] if early >= 0 else np.pad(whole, (-early, 0))
        whole = whole[: round(self.length_s * self.rate)]
        if self.rate != SAMPLE_RATE:
            whole = soxr.resample(whole, self.rate, SAMPLE_RATE)
        return np.asarray(whole, np.float32)
