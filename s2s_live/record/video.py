"""One MP4 file with picture and sound on one clock."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Protocol, cast

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

import s2s_live
from s2s_live.engines.base import Floats, Picture
from s2s_live.errors import RecordingError
from s2s_live.record.codecs import (
    SOUND_OPTIONS,
    SOUND_RATE,
    live_options,
    offline_options,
    offline_threads,
    video_encoder,
)
from s2s_live.record.colour import Converter
from s2s_live.record.faults import explained
from s2s_live.timeline import PROGRAM_RATE

SIZES = (16, 2160)
"""Smallest and largest height in pixels."""

_BLOCK = 1024
"""Samples per AAC frame."""

_LIVE_MUX = {
    # A fragment every half second, handed to the system at once: after a kill the file is complete up to
    # the last half second. delay_moov lets the header state the encoder's delay, so sound stays in time.
    "movflags": "frag_keyframe+empty_moov+delay_moov+default_base_moof",
    "frag_duration": "500000",
    "flush_packets": "1",
}
_PLAIN_MUX = {"movflags": "faststart"}


class Writer(Protocol):
    """Anything a recording can be written to. Every method raises RecordingError."""

    def write_frame(self, picture: Picture) -> None:
        """The next picture of a constant-rate sequence."""

    def repeat_frame(self) -> None:
        """The last picture once more, without preparing it again."""

    def write_sound(self, samples: Floats) -> None:
        """The next samples `[n, 2]` at 48 kHz."""

    def close(self) -> None:
        """Finish the file; may be called twice."""

    def size_bytes(self) -> int:
        """Bytes on disk so far."""


def even_size(size: int) -> int:
    """`size` made even, as 4:2:0 video needs. Raises RecordingError outside SIZES."""
    if not SIZES[0] <= size <= SIZES[1]:
        raise RecordingError(
            f"A picture {size} pixels high cannot be recorded.", f"Choose {SIZES[0]} to {SIZES[1]} pixels."
        )
    return size - size % 2


def check_rate(fps: int) -> int:
    """`fps` if it can be recorded. Raises RecordingError."""
    if not 1 <= fps <= 120:
        raise RecordingError(f"{fps} pictures a second cannot be recorded.", "Choose 1 to 120.")
    return fps


class VideoWriter:
    """H.264 and AAC in an MP4: picture k at k / fps seconds, sample n at n / 48000.

    `live` writes fragments that survive a crash, with the cheapest encoding and one thread; otherwise a
    plain file is written that starts playing at once. Memory stays constant as long as the caller writes
    picture and sound roughly in step. Used by one thread at a time. Raises RecordingError.
    """

    def __init__(
        self,
        path: Path,
        size: int,
        fps: int,
        sound: bool = True,
        *,
        width: int | None = None,
        live: bool = False,
    ) -> None:
        """`size`: height in pixels, 16 to 2160; `width`: that of a square picture unless told."""
        self.path = path
        self.frames = 0
        self.samples = 0
        height = even_size(size)
        self._converter = Converter(height if width is None else even_size(width), height)
        self._frame: av.VideoFrame | None = None
        self._rest = np.zeros((0, 2), np.float32)
        self._fps = check_rate(fps)
        name = video_encoder()
        with explained(path):
            self._container = av.open(
                str(path), "w", format="mp4", options=dict(_LIVE_MUX if live else _PLAIN_MUX)
            )
            try:
                self._container.metadata["comment"] = f"s2s-live {s2s_live.__version__}"
                self._video = self._add_video(name, live)
                self._sound = self._add_sound() if sound else None
            except BaseException:
                self._container.close()
                raise
        self._open = True

    def _add_video(self, name: str, live: bool) -> av.VideoStream:
        stream = cast("av.VideoStream", self._container.add_stream(name, rate=self._fps))
        stream.width, stream.height = self._converter.width, self._converter.height
        stream.pix_fmt = "yuv420p"
        stream.options = dict(live_options(name) if live else offline_options(name))
        context = stream.codec_context
        context.gop_size = 2 * self._fps
        context.thread_count = 1 if live else offline_threads()
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        return stream

    def _add_sound(self) -> av.AudioStream:
        stream = self._container.add_stream("aac", rate=PROGRAM_RATE, layout="stereo")
        stream.options = dict(SOUND_OPTIONS)
        stream.codec_context.bit_rate = SOUND_RATE
        return stream

    def write_frame(self, picture: Picture) -> None:
        """Picture number `frames`: `[h, w, 3]` uint8 RGB of any size; scaled whole, never distorted."""
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise RecordingError(f"A picture must be RGB of 8 bits, not {picture.dtype} {picture.shape}.")
        self._frame = self._converter.convert(picture)
        self.repeat_frame()

    def repeat_frame(self) -> None:
        """The last picture once more; black where there was none."""
        if self._frame is None:
            self._frame = self._converter.convert(np.zeros((16, 16, 3), np.uint8))
        self._frame.pts = self.frames
        self._frame.time_base = Fraction(1, self._fps)
        with explained(self.path):
            self._container.mux(self._video.encode(self._frame))
        self.frames += 1

    def write_sound(self, samples: Floats) -> None:
        """Samples `[n, 2]` float32 at 48 kHz from sample number `samples` on; NaN becomes silence."""
        if self._sound is None:
            return
        clean = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
        self._rest = np.concatenate([self._rest, clean.astype(np.float32, copy=False)])
        whole = len(self._rest) // _BLOCK * _BLOCK
        for start in range(0, whole, _BLOCK):
            self._encode_sound(self._rest[start : start + _BLOCK])
        self._rest = self._rest[whole:]

    def _encode_sound(self, block: NDArray[np.float32]) -> None:
        if self._sound is None:
            return
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block.T), format="fltp", layout="stereo")
        frame.sample_rate = PROGRAM_RATE
        frame.pts = self.samples
        frame.time_base = Fraction(1, PROGRAM_RATE)
        with explained(self.path):
            self._container.mux(self._sound.encode(frame))
        self.samples += len(block)

    def close(self) -> None:
        """Write what the encoders still hold and end the file. May be called twice."""
        if not self._open:
            return
        self._open = False
        try:
            with explained(self.path):
                if self._sound is not None and len(self._rest):
                    self._encode_sound(self._rest)
                if self.frames:
                    self._container.mux(self._video.encode(None))
                if self._sound is not None and self.samples:
                    self._container.mux(self._sound.encode(None))
        finally:
            with explained(self.path):
                self._container.close()

    def size_bytes(self) -> int:
        """Bytes on disk so far."""
        return self.path.stat().st_size if self.path.exists() else 0
