"""Sound files as programme sound, block by block: any length in constant memory, no clock."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from s2s_live.audio.decode import Decoder
from s2s_live.audio.mixing import clean, full_scale, mix_factor, to_stereo
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


def program_blocks(path: Path, channel: int | None = None) -> Generator[NDArray[np.float32], None, None]:
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


def mixed_blocks(
    first: Path, second: Path, first_db: float = 0.0, second_db: float = 0.0
) -> Iterator[NDArray[np.float32]]:
    """Two files as one programme sound: clip(g1 * s1 + g2 * s2), as long as the longer of them.

    Args:
        first: and
        second: WAV, FLAC, OGG or MP3, of any rates.
        first_db: gain of the first, -60..12 dB, silent at -60.
        second_db: gain of the second.

    Raises:
        AudioError: one of them cannot be opened, or is damaged further on.
    """
    gains = [np.float32(mix_factor(gain_db)) for gain_db in (first_db, second_db)]
    with ExitStack() as stack:
        files = [stack.enter_context(closing(program_blocks(path))) for path in (first, second)]
        rests: list[NDArray[np.float32]] = [np.empty((0, 2), np.float32) for _ in files]
        open_ends = [True, True]
        while any(open_ends) or any(len(rest) for rest in rests):
            for k, file in enumerate(files):
                if open_ends[k] and not len(rests[k]):
                    block = next(file, None)
                    open_ends[k] = block is not None
                    rests[k] = rests[k] if block is None else block
            lengths = [len(rest) for rest in rests if len(rest)]
            if not lengths:
                continue
            count = min(lengths)
            mix = np.zeros((count, 2), np.float32)
            for k, rest in enumerate(rests):
                mix[: len(rest[:count])] += rest[:count] * gains[k]
                rests[k] = rest[count:]
            yield full_scale(mix)
