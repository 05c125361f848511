"""Sound files as programme sound, block by block: any length in constant memory, no clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.decode import Decoder
from s2s_live.audio.mixing import clean, to_stereo
from s2s_live.errors import AudioError
from s2s_live.timeline import PROGRAM_RATE

BLOCK_S = 0.5


def sound_seconds(path: Path) -> float:
    """Length of a sound file.

    Raises:
        AudioError: it cannot be read.
    """
    decoder = Decoder(path)
    decoder.close()
    return decoder.duration


def program_blocks(path: Path, channel: int | None = None) -> Iterator[NDArray[np.float32]]:
    """The file as programme sound: blocks `[n, 2]` float32 at 48 kHz; NaN and Inf become 0.

    Args:
        path: WAV, FLAC, OGG or MP3.
        channel: the one to take; None for all.

    Raises:
        AudioError: it cannot be opened, or is damaged further on.
    """
    decoder = Decoder(path, PROGRAM_RATE)
    try:
        while not decoder.ended:
            block = decoder.read(BLOCK_S)
            if len(block):
                yield to_stereo(clean(block)[0], channel)
        if decoder.damaged_at is not None:
            raise AudioError(
                f"{path} is damaged after {decoder.damaged_at:.1f} s.", "Use an undamaged copy of it."
            )
    finally:
        decoder.close()
