"""Sound files as programme sound, block by block: any length in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from s2s_live.audio.mixing import clean, to_stereo
from s2s_live.audio.resample import StreamingResampler
from s2s_live.errors import AudioError
from s2s_live.timeline import PROGRAM_RATE

BLOCK_S = 0.5


def open_sound(path: Path) -> soundfile.SoundFile:
    """Open a sound file.

    Raises:
        AudioError: it is missing, empty, or no sound that can be read.
    """
    if not path.is_file():
        raise AudioError(f"There is no file {path}.", "Check the path.")
    hint = "Use a WAV, FLAC, OGG or MP3 file that other players open."
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError) as error:
        raise AudioError(f"{path} cannot be read as sound ({error}).", hint) from error
    if file.frames == 0:
        file.close()
        raise AudioError(f"{path} holds no sound.", hint)
    return file


def program_blocks(path: Path, channel: int | None = None) -> Iterator[NDArray[np.float32]]:
    """The file as programme sound: blocks `[n, 2]` float32 at 48 kHz; NaN and Inf become 0.

    Args:
        path: WAV, FLAC, OGG or MP3.
        channel: the one to take; None for all.

    Raises:
        AudioError: it cannot be opened, or is damaged further on.
    """
    with open_sound(path) as file:
        resampler = StreamingResampler(file.samplerate, PROGRAM_RATE, 2)
        length = round(file.samplerate * BLOCK_S)
        try:
            while len(block := file.read(length, dtype="float32", always_2d=True)):
                yield resampler.process(to_stereo(clean(block)[0], channel))
        except soundfile.LibsndfileError as error:
            raise AudioError(f"{path} is damaged ({error}).", "Use an undamaged copy.") from error
        yield resampler.process(np.zeros((0, 2), np.float32), last=True)
