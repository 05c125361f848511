"""Rewrite a finished fragmented video as a plain MP4, in a process of its own.

`python -m s2s_live.record.remux VIDEO...` does the work. The plain file takes the place of the fragmented
one only after it has been read back and found to hold the same packets, in one atomic step: at every
moment there is one whole video under the name the user knows.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import av.packet

from s2s_live.errors import RecordingError
from s2s_live.record.faults import explained, free_bytes
from s2s_live.record.fragments import trim_fragments
from s2s_live.record.pending import hold

_log = logging.getLogger(__name__)


_SPARE = 200_000_000
"""Bytes that must stay free on the disk beside the second copy."""


@dataclass
class Tally:
    """What a stream holds: enough to notice anything missing."""

    packets: int = 0
    bytes: int = 0
    first: float = 0.0
    end: float = 0.0

    def add(self, packet: av.packet.Packet[Any]) -> None:
        """Count one packet."""
        scale = float(packet.time_base)
        start = (packet.pts or 0) * scale
        self.first = min(self.first, start) if self.packets else start
        self.end = max(self.end, start + (packet.duration or 0) * scale)
        self.packets += 1
        self.bytes += packet.size

    def same(self, other: Tally) -> bool:
        """Whether both hold the same, to the millisecond."""
        return (
            self.packets == other.packets
            and self.bytes == other.bytes
            and abs(self.first - other.first) < 0.001
            and abs((self.end - self.first) - (other.end - other.first)) < 0.03
        )


@dataclass
class Contents:
    """Tallies by stream index."""

    streams: dict[int, Tally] = field(default_factory=dict)

    def add(self, packet: av.packet.Packet[Any]) -> None:
        """Count one packet."""
        self.streams.setdefault(packet.stream.index, Tally()).add(packet)

    def same(self, other: Contents) -> bool:
        """Whether both files hold the same streams."""
        return self.streams.keys() == other.streams.keys() and all(
            tally.same(other.streams[index]) for index, tally in self.streams.items()
        )


def copy_streams(source: Path, target: Path) -> Contents:
    """Copy every packet into a plain MP4 whose index stands in front. Raises RecordingError."""
    contents = Contents()
    with (
        explained(target),
        av.open(str(source)) as reader,
        av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as writer,
    ):
        writer.metadata.update(reader.metadata)
        copies = {stream.index: writer.add_stream_from_template(stream) for stream in reader.streams}
        for packet in reader.demux():
            if packet.dts is None:
                continue
            contents.add(packet)
            packet.stream = copies[packet.stream.index]
            writer.mux(packet)
    return contents


def read_contents(path: Path) -> Contents:
    """What a file holds, found by reading all of it and decoding the first picture. Raises RecordingError."""
    contents = Contents()
    with explained(path), av.open(str(path)) as reader:
        for packet in reader.demux():
            if packet.dts is not None:
                contents.add(packet)
        if reader.streams.video:
            reader.seek(0)
            next(reader.decode(video=0), None)
    return contents


def remux(video: Path) -> bool:
    """Make a fragmented MP4 a plain one, in place; False where there was nothing to do or too little space.

    Raises RecordingError if the copy failed or differs; the original is then as it was.
    """
    with explained(video):
        if not trim_fragments(video):
            return False
        size = video.stat().st_size
    free = free_bytes(video.parent)
    if 0 <= free < size + _SPARE:
        _log.warning("Too little space to rewrite %s as a plain MP4; it plays as it is", video)
        return False
    copy = video.with_name(f".{video.name}.remux")
    try:
        before = copy_streams(video, copy)
        if not before.streams or not before.same(read_contents(copy)):
            raise RecordingError(f"The plain copy of {video} differs from it.", "The original is kept.")
        with explained(video):
            with copy.open("rb+") as file:
                os.fsync(file.fileno())
            shutil.copymode(video, copy)
            copy.replace(video)
    finally:
        copy.unlink(missing_ok=True)
    return True


def finish(video: Path) -> bool:
    """Finish one marked video unless somebody else is at it; whether it is now done for good."""
    mark = hold(video)
    if mark is None:
        return False
    done = False
    try:
        if not video.exists() or remux(video):
            done = True
        else:
            # Nothing to rewrite: already plain, or never got as far as a first fragment.
            with explained(video):
                done = not trim_fragments(video)
    except RecordingError:
        # It plays as it is; trying again at every start would only cost time.
        _log.exception("%s stays a fragmented MP4", video)
        done = True
    finally:
        mark.release(done=done)
    return done


def main(arguments: Sequence[str]) -> int:
    """Finish each of the videos named; 0 when all are done."""
    if hasattr(os, "nice"):
        os.nice(10)
    unfinished_ones = [name for name in arguments if not finish(Path(name))]
    return 1 if unfinished_ones else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
