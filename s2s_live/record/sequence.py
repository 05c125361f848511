"""A recording as numbered pictures and a WAV file, for those who edit."""

from __future__ import annotations

import contextlib
import os
import struct
from pathlib import Path

import numpy as np

from s2s_live.engines.base import Floats, Picture
from s2s_live.errors import RecordingError
from s2s_live.opencv import cv2
from s2s_live.record.colour import fit, scale_into
from s2s_live.record.faults import explained
from s2s_live.timeline import PROGRAM_RATE

_SAMPLE_BYTES = 3
_HEADER = 44
"""Bytes before the samples."""
_UPDATE = PROGRAM_RATE // 2
"""Samples between two updates of the header: a kill hides no more than half a second."""
_WAV_LIMIT = 2**32 - 2**20
"""A WAV file states its length in 32 bits."""


def encode_png(picture: Picture, width: int, height: int) -> bytes:
    """The whole picture, centred, at that size, as a PNG: fast rather than small."""
    canvas = np.zeros((height, width, 3), np.uint8)
    place = fit(picture.shape[:2], (height, width))
    rows, columns = slice(place.top, place.top + place.height), slice(place.left, place.left + place.width)
    scale_into(picture, canvas[rows, columns])
    bgr = cv2.cvtColor(canvas, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not done:
        raise RecordingError("The picture could not be encoded as PNG.", "Record an MP4 instead.")
    return data.tobytes()


def wav_header(data: int) -> bytes:
    """The 44 bytes in front of `data` bytes of 24-bit stereo at 48 kHz."""
    block = 2 * _SAMPLE_BYTES
    form = struct.pack("<HHIIHH", 1, 2, PROGRAM_RATE, PROGRAM_RATE * block, block, 8 * _SAMPLE_BYTES)
    riff = struct.pack("<4sI4s4sI", b"RIFF", 36 + data, b"WAVE", b"fmt ", len(form))
    return riff + form + struct.pack("<4sI", b"data", data)


class WavWriter:
    """24-bit stereo at 48 kHz whose header is made true every half second, and after a failed write too."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.samples = 0
        self._since = 0
        with explained(path):
            # Unbuffered: after a write that failed on a full disk nothing is left to fail again.
            self._file = path.open("xb", buffering=0)
            self._file.write(wav_header(0))

    def write(self, samples: Floats) -> None:
        """Append `[n, 2]` float32 in -1..1; beyond is clipped, NaN becomes silence. Raises RecordingError."""
        if (self.samples + len(samples)) * 2 * _SAMPLE_BYTES > _WAV_LIMIT:
            raise RecordingError(f"{self.path} is as long as a WAV file can be.", "Start another take.")
        clean = np.clip(np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0), -1.0, 1.0)
        whole = np.round(clean * (2**23 - 1)).astype("<i4").reshape(-1, 1)
        rest = memoryview(whole.view(np.uint8)[:, :_SAMPLE_BYTES].tobytes())
        with explained(self.path):
            while rest:
                rest = rest[self._file.write(rest) :]
            self.samples += len(samples)
            self._since += len(samples)
            if self._since >= _UPDATE:
                self._update()

    def _update(self) -> None:
        """State the length that is really there, in whole samples."""
        self._since = 0
        there = self._file.seek(0, os.SEEK_END)
        data = (there - _HEADER) // (2 * _SAMPLE_BYTES) * 2 * _SAMPLE_BYTES
        if _HEADER + data < there:
            self._file.truncate(_HEADER + data)
        self._file.seek(0)
        self._file.write(wav_header(data))
        self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Make the header true and close. May be called twice."""
        if self._file.closed:
            return
        with explained(self.path), self._file:
            self._update()


class SequenceWriter:
    """`000001.png`, `000002.png`, ... and `sound.wav` in a folder. Used by one thread."""

    def __init__(self, folder: Path, size: int, sound: bool) -> None:
        self.folder = folder
        self.frames = 0
        self._size = size
        self._png = b""
        self._bytes = 0
        self._wav = WavWriter(folder / "sound.wav") if sound else None

    def write_frame(self, picture: Picture) -> None:
        """The next picture `[h, w, 3]` uint8 RGB. Raises RecordingError."""
        self._png = encode_png(picture, self._size, self._size)
        self.repeat_frame()

    def repeat_frame(self) -> None:
        """The last picture once more; black where there was none."""
        if not self._png:
            self._png = encode_png(np.zeros((16, 16, 3), np.uint8), self._size, self._size)
        path = self.folder / f"{self.frames + 1:06d}.png"
        try:
            with explained(path):
                path.write_bytes(self._png)
        except RecordingError:
            with contextlib.suppress(OSError):
                path.unlink()  # half a picture would stop those who read the sequence
            raise
        self.frames += 1
        self._bytes += len(self._png)

    def write_sound(self, samples: Floats) -> None:
        """The next samples `[n, 2]` float32 at 48 kHz."""
        if self._wav is not None:
            self._wav.write(samples)

    def close(self) -> None:
        """End the sound file. May be called twice."""
        if self._wav is not None:
            self._wav.close()

    def size_bytes(self) -> int:
        """Bytes written so far."""
        return self._bytes + (self._wav.samples * 2 * _SAMPLE_BYTES if self._wav else 0)
