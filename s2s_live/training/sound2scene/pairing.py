"""Which picture belongs to which sound, by their file names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_TIMES = re.compile(r"_\d+_\d+$")


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture and the sound it was seen with."""

    name: str
    """What both are called: the text before the first dot."""
    image: str
    audio: str


def name_of(file: str) -> str:
    """The text before the first dot."""
    return file.split(".", 1)[0]


def pair_up(images: Iterable[str], audios: Iterable[str]) -> list[Pair]:
    """Every picture whose `<name>.wav` is there, sorted by name and then by the picture's file name."""
    sounds = set(audios)
    named = ((name_of(image), image) for image in images)
    return [
        Pair(name, image, f"{name}.wav") for name, image in sorted(named) if name and f"{name}.wav" in sounds
    ]


def first_frames(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """Of each name the first `count` pictures: the best ones, as `data vggsound --frames` numbers them."""
    kept: list[Pair] = []
    run = 0
    for index, pair in enumerate(pairs):
        run = run + 1 if index and pairs[index - 1].name == pair.name else 1
        if run <= count:
            kept.append(pair)
    return kept


def recording_of(name: str) -> str:
    """What a clip was cut from: its name without the times, `<id>_<start ms>_<end ms>`.

    The times are taken from the right, for ids may hold `_` and digits too.
    """
    return _TIMES.sub("", name)
