"""Tar shards of pairs, as webdataset lays them out (`<name>.jpg` beside `<name>.wav`), read at random places.

200,000 clips are then a few hundred files, opened once each; a pair's members lie side by side.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.pairing import Pair

log = logging.getLogger(__name__)

INDEX = "index.json"
VERSION = 1
Member = tuple[str, int, int]
"""Name, offset of its bytes in the shard, their number."""


class OpenShards:
    """Reads pieces of some files, each opened once in every process that reads."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = list(paths)
        self._files: dict[int, BinaryIO] = {}
        self._process = os.getpid()

    def read(self, shard: int, offset: int, size: int) -> bytes:
        """Raises OSError, also for a shard that ends before."""
        if self._process != os.getpid():
            # A forked process shares the place in the file with its parent: it needs files of its own.
            self._files, self._process = {}, os.getpid()
        file = self._files.get(shard)
        if file is None:
            file = self._files[shard] = self._paths[shard].open("rb")
        file.seek(offset)
        data = file.read(size)
        if len(data) < size:
            raise OSError(f"{self._paths[shard].name} is cut short")
        return data

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_files": {}}


def index_shards(root: Path, shards: Sequence[Path]) -> list[list[Member]]:
    """The members of each shard: as the index says, or as they are found where it does not know the shard."""
    known = _read_index(root)
    found = []
    for shard in shards:
        size, members = known.get(shard.name, (-1, []))
        found.append(members if size == shard.stat().st_size else _scan(shard))
    return found


def _read_index(root: Path) -> dict[str, tuple[int, list[Member]]]:
    try:
        data = json.loads((root / INDEX).read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            return {}
        return {
            name: (int(entry["size"]), [(str(m), int(at), int(n)) for m, at, n in entry["members"]])
            for name, entry in data["shards"].items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("%s cannot be read (%s); looking into the shards", root / INDEX, error)
        return {}


def _scan(shard: Path) -> list[Member]:
    """Whole members of a shard; one that is cut short keeps those before the cut."""
    members: list[Member] = []
    size = shard.stat().st_size
    try:
        with tarfile.open(shard, "r:") as tar:
            # Extended member by member: what came before damage stays.
            members.extend(
                (member.name, member.offset_data, member.size)
                for member in tar
                if member.isfile() and member.offset_data + member.size <= size
            )
    except (tarfile.TarError, OSError, EOFError) as error:
        if not members:
            raise TrainingError(
                f"{shard} cannot be read as a tar file ({error}).", "Remove it or pack it anew."
            ) from error
        log.warning("%s is damaged (%s): %d files of it can be read", shard, error, len(members))
    return members


@dataclass(frozen=True)
class Packed:
    """What packing did."""

    shards: int
    pairs: int
    kept: int
    """Shards that an earlier run had made."""
    problems: tuple[tuple[str, str], ...]
    """Files that could not be read, with the reason."""


def pack(
    pairs: Sequence[Pair], read: Callable[[str, bool], bytes], out: Path, per_shard: int = 1000
) -> Packed:
    """Write the pairs into shards of so many sounds each, and the index.

    Started again it keeps shards that are whole. `read(file, audio)` gives a file's bytes or raises OSError.
    Raises TrainingError where the folder cannot be written, or holds shards of something else.
    """
    names = [list(group) for _, group in groupby(pairs, key=lambda pair: pair.name)]
    parts = [names[at : at + per_shard] for at in range(0, len(names), per_shard)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        return _pack(parts, read, out)
    except OSError as error:
        hint = "Make room on the disk and start again: whole shards are kept."
        raise TrainingError(f"The shards cannot be written to {out} ({error}).", hint) from error


def _pack(parts: Sequence[list[list[Pair]]], read: Callable[[str, bool], bytes], out: Path) -> Packed:
    known = _read_index(out)
    planned = {f"{number:06d}.tar" for number in range(len(parts))}
    if strange := sorted({path.name for path in out.glob("*.tar")} - planned):
        raise TrainingError(f"{out} holds other shards: {strange[:3]}.", "Pack into an empty folder.")
    problems: list[tuple[str, str]] = []
    entries: dict[str, tuple[int, list[Member]]] = {}
    kept = 0
    for name, part in zip(sorted(planned), parts, strict=True):
        path, wanted = out / name, {file for pairs in part for file in _files(pairs)}
        size, members = known.get(name, (-1, []))
        if path.is_file() and path.stat().st_size == size and {m[0] for m in members} == wanted:
            kept += 1
        else:
            members = _write_shard(path, part, read, problems)
        entries[name] = (path.stat().st_size, members)
        _write_index(out, {**{k: v for k, v in known.items() if k in planned}, **entries})
    return Packed(len(parts), sum(map(len, (p for part in parts for p in part))), kept, tuple(problems))


def _files(pairs: Sequence[Pair]) -> Iterator[str]:
    """The files of one name: its pictures, then its sound."""
    yield from (pair.image for pair in pairs)
    yield pairs[0].audio


def _write_shard(
    path: Path,
    part: Sequence[Sequence[Pair]],
    read: Callable[[str, bool], bytes],
    problems: list[tuple[str, str]],
) -> list[Member]:
    members: list[Member] = []
    beside = path.with_name(path.name + ".part")
    try:
        with (
            beside.open("wb") as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name in (name for pairs in part for name in _files(pairs)):
                try:
                    data = read(name, name.endswith(".wav"))
                except OSError as error:
                    problems.append((name, f"cannot be read ({error.strerror or error})"))
                    continue
                entry = tarfile.TarInfo(name)
                entry.size = len(data)
                tar.addfile(entry, io.BytesIO(data))
                # The headers' length varies with the name's: the bytes end where the padding began.
                members.append((name, tar.offset - -(-len(data) // 512) * 512, len(data)))
        beside.replace(path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    return members


def _write_index(out: Path, entries: dict[str, tuple[int, list[Member]]]) -> None:
    shards = {name: {"size": size, "members": members} for name, (size, members) in sorted(entries.items())}
    beside = out / (INDEX + ".part")
    beside.write_text(json.dumps({"version": VERSION, "shards": shards}), encoding="utf-8")
    beside.replace(out / INDEX)
