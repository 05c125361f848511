"""An audio file as a stream of blocks, in constant memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from s2s_live.audio.resample import StreamingResampler
from s2s_live.errors import AudioError

Floats = NDArray[np.float32]

_HINT = "Choose a WAV, FLAC, OGG or MP3 file, or convert it to one."
_PREROLL_S = 0.2
_MOST_FRAMES = 1 << 48  # a stream of unknown length states an absurd one


class _Stream(soundfile.SoundFile):  # type: ignore[misc]
    """A file read forwards.

    soundfile seeks after every read of a seekable file, which restarts an MP3 decoder and garbles what it
    gives. `seek` itself does not ask whether it may.
    """

    def seekable(self) -> bool:
        return False


class Decoder:
    """Reads `path` from wherever `seek` puts it, brought to `rate` Hz (None: the file's own).

    Raises AudioError if the file is missing, empty, of a kind that cannot be read, or holds no sound.
    """

    def __init__(self, path: Path, rate: int | None = None, loop: bool = False) -> None:
        self.path = path
        self.loop = loop
        self._file = _open(path)
        self.file_rate = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.rate = rate or self.file_rate
        frames = int(self._file.frames)
        self.frames = frames if 0 < frames < _MOST_FRAMES else 0
        self.damaged_at: float | None = None
        """Seconds at which the file could not be read any further, if that happened."""
        self.ended = False
        self._at = 0  # frame of the file that is read next
        self._since_begin = 0
        self._resampler = StreamingResampler(self.file_rate, self.rate, self.channels)

    @property
    def duration(self) -> float:
        """Seconds; 0 if the file does not say."""
        return self.frames / self.file_rate

    def seek(self, seconds: float) -> float:
        """Go to a time, held within the file; returns it."""
        last = max(0, self.frames - 1)
        self._at = min(max(0, round(seconds * self.file_rate)), last)
        # What an MP3 decoder gives right after a jump is wrong for some frames: begin earlier and drop that.
        before = min(self._at, round(_PREROLL_S * self.file_rate))
        self._file.seek(self._at - before)
        self._block(before)
        self._since_begin = 0
        self.ended = False
        self._resampler = StreamingResampler(self.file_rate, self.rate, self.channels)
        return self._at / self.file_rate

    def read(self, seconds: float) -> Floats:
        """The next piece, about `seconds` long, `[n, channels]`; empty once `ended`."""
        if self.ended:
            return np.empty((0, self.channels), np.float32)
        block = self._block(max(1, round(seconds * self.file_rate)))
        if len(block):
            self._at += len(block)
            self._since_begin += len(block)
            return self._resampler.process(block)
        if self.loop and self._since_begin:
            self._file.seek(0)
            self._at, self._since_begin = 0, 0
            return self.read(seconds)
        self.ended = True
        return self._resampler.process(block, last=True)

    def _block(self, frames: int) -> Floats:
        try:
            block: Floats = self._file.read(frames, dtype="float32", always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError):
            self.damaged_at = self._at / self.file_rate
            return np.empty((0, self.channels), np.float32)
        if len(block) < frames and self.frames and self._at + len(block) < self.frames:
            self.damaged_at = (self._at + len(block)) / self.file_rate
        return block

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _open(path: Path) -> soundfile.SoundFile:
    try:
        if not path.is_file():
            raise AudioError(f"There is no file {path}.", "Check the name, or choose another file.")
        if path.stat().st_size == 0:
            raise AudioError(f"{path.name} is empty (0 bytes).", "Copy it again, or choose another file.")
        opened = _Stream(path)
    except PermissionError as error:
        raise AudioError(f"{path.name} may not be read.", "Check the permissions of the file.") from error
    except (soundfile.LibsndfileError, RuntimeError, OSError, TypeError) as error:
        reason = str(getattr(error, "error_string", error)).rstrip(".")
        raise AudioError(f"{path.name} cannot be read as sound ({reason}).", _HINT) from error
    if opened.samplerate < 1 or opened.channels < 1:
        raise AudioError(f"{path.name} holds no sound.", _HINT)
    return opened
