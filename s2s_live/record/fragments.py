"""The boxes an MP4 file is made of: enough to cut a broken end off."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def boxes(file: BinaryIO) -> Iterator[tuple[str, int, int]]:
    """(type, start, end) of each top-level box as its header states them; the last may end past the file."""
    start = 0
    while True:
        file.seek(start)
        header = file.read(16)
        if len(header) < 8:
            return
        length, kind = struct.unpack(">I4s", header[:8])
        if length == 1 and len(header) == 16:
            length = struct.unpack(">Q", header[8:])[0]
        if length < 8:
            return
        yield kind.decode("latin-1"), start, start + length
        start += length


def trim_fragments(path: Path) -> bool:
    """Cut a fragmented MP4 after its last whole fragment; False if it has none, and nothing is changed.

    A full disk or a kill can leave half a fragment, which some players refuse. Raises OSError.
    """
    end = path.stat().st_size
    good, fragmented = 0, False
    with path.open("r+b") as file:
        for kind, _start, stop in boxes(file):
            if stop > end:
                break
            fragmented = fragmented or kind == "moof"
            if fragmented and kind != "moof":  # a moof is of use only with the data after it
                good = stop
        if 0 < good < end:
            file.truncate(good)
    return good > 0
