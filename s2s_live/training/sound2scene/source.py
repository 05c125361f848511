"""Where pairs are read from: a folder with `images` and `audios`, or tar shards of such a folder."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePath
from typing import Protocol

from PIL import Image

from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.pairing import Pair, pair_up
from s2s_live.training.sound2scene.shards import OpenShards, index_shards

HINT = (
    "Give a folder with the folders images and audios, or one of tar shards: `s2s-live data vggsound` makes "
    "the one, `s2s-live data shards` the other."
)


class Source(Protocol):
    """Pairs, and the bytes of their files."""

    pairs: list[Pair]

    def read(self, file: str, *, audio: bool) -> bytes:
        """A file of a pair. Raises OSError."""


class FolderSource:
    """`<root>/images/<name>.<anything>` with `<root>/audios/<name>.wav`: two files are opened for a pair.

    Raises TrainingError where the folders cannot be listed.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        try:
            images = [entry.name for entry in os.scandir(root / "images")]
            audios = [entry.name for entry in os.scandir(root / "audios")]
        except OSError as error:
            raise TrainingError(f"{root} cannot be read ({error}).", HINT) from error
        self.pairs = pair_up(images, audios)

    def read(self, file: str, *, audio: bool) -> bytes:
        """A file of a pair. Raises OSError."""
        return (self.root / ("audios" if audio else "images") / file).read_bytes()


class ShardSource:
    """Every tar file of a folder. However many pairs there are, a process opens each shard once.

    Raises TrainingError for shards that cannot be read, or that hold two files of one name.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._shards = sorted(root.glob("*.tar"))
        self._places: dict[str, tuple[int, int, int]] = {}
        self._open = OpenShards(self._shards)
        for number, members in enumerate(index_shards(root, self._shards)):
            for name, offset, size in members:
                if name in self._places:
                    raise TrainingError(
                        f"The shards in {root} hold {name} twice.", "Pack the folder anew, into an empty one."
                    )
                self._places[name] = (number, offset, size)
        audios = [name for name in self._places if name.endswith(".wav")]
        # Shards of others may hold more for each name: classes, captions.
        suffixes = set(Image.registered_extensions())
        images = [name for name in self._places if PurePath(name).suffix.lower() in suffixes]
        self.pairs = pair_up(images, audios)

    def read(self, file: str, *, audio: bool) -> bytes:  # noqa: ARG002 - a shard tells them by their names
        """A file of a pair. Raises OSError."""
        return self._open.read(*self._places[file])


def open_source(root: Path) -> Source:
    """The folder or the shards at `root`. Raises TrainingError where there is neither or no pair in it."""
    source: Source
    if any(root.glob("*.tar")):
        source = ShardSource(root)
    elif (root / "images").is_dir() and (root / "audios").is_dir():
        source = FolderSource(root)
    else:
        raise TrainingError(f"There are no pairs of pictures and sounds in {root}.", HINT)
    if not source.pairs:
        raise TrainingError(
            f"No picture in {root} has a sound of its name.",
            "A picture a.jpg (or a.anything.jpg) goes with the sound a.wav.",
        )
    return source


def fingerprint(pairs: list[Pair]) -> str:
    """Tells one list of pairs from another."""
    digest = hashlib.sha256()
    for pair in pairs:
        digest.update(f"{pair.image}\n{pair.audio}\n".encode())
    return digest.hexdigest()[:16]
