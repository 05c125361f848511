"""Networks in the user's cache, ready to run: a later start need not convert and compile them again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

log = logging.getLogger(__name__)

KEPT = 18
"""Networks that stay in the cache folder; those that were not used for longest go."""
SUFFIX, NOTES = ".network", ".json"
_DIGEST = 32
_MARK = 12
_KIND = re.compile(rf"-[0-9a-f]{{{_MARK}}}-(?P<kind>[a-z]+-.+)$")


def path_of(cache: Path, made_by: str, kind: str) -> Path:
    """The file of a network of that kind; `made_by` are the versions and the processor it was made for."""
    mark = hashlib.sha256(made_by.encode()).hexdigest()[:_MARK]
    return cache.with_name(f"{cache.name}-{mark}-{kind}{SUFFIX}")


def read(path: Path) -> bytes | None:
    """The network in a file, None where there is none or it is damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if len(data) <= _DIGEST or hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
        log.info("the network in %s is damaged: it is made again", path)
        return None
    with contextlib.suppress(OSError):
        path.touch()  # used: the last to go
    return data[_DIGEST:]


@dataclass(frozen=True)
class Tried:
    """One way of computing a network that was measured on this machine."""

    kind: str
    ms: float | None
    """Shortest time of a run; None where its outputs were not near enough to be timed."""
    measure: str
    """What `nearness` is: psnr (dB) or cosine."""
    nearness: float | None
    """To what 32 bits give; None for those."""


@dataclass(frozen=True)
class Kept:
    """A network in the cache."""

    part: str
    """What it is for, as `paint`."""
    kind: str
    """How it is computed."""
    tried: tuple[Tried, ...]


def networks_of(folder: Path, model_hash: str) -> list[Kept]:
    """What is known of a model's networks in a cache folder, the newest last."""
    files = sorted(folder.glob(f"{model_hash}-*{NOTES}"), key=lambda file: file.stat().st_mtime)
    found = []
    for file in files:
        named = _KIND.search(file.stem)
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            tried = tuple(Tried(**row) for row in json.loads(file.read_text(encoding="utf-8"))["tried"])
            if named is not None:
                found.append(Kept(_of(file).removeprefix(f"{model_hash}-"), named["kind"], tried))
    return found


def take_over(fresh: Path, folder: Path) -> None:
    """Move the networks of a folder on the same disk into a cache folder, for those of the same parts there.

    Interrupted, it leaves what was there or what came; both can be used. Raises OSError.
    """
    came = [file for file in fresh.iterdir() if file.suffix in (SUFFIX, NOTES)]
    parts, names = {_of(file) for file in came}, {file.name for file in came}
    for file in came:
        file.replace(folder / file.name)
    for file in folder.iterdir():
        if file.suffix in (SUFFIX, NOTES) and file.name not in names and _of(file) in parts:
            file.unlink(missing_ok=True)


def _of(file: Path) -> str:
    """`<hash>-<part>`: what a file of the cache is for, whichever way and version.

    Its name is <hash>-<part>-<version of the graph>-torch<version>-<machine>-<runtime>-<bits>.
    """
    return file.stem.partition("-torch")[0].rpartition("-")[0]


def write(path: Path, data: bytes, tried: Sequence[Tried] = ()) -> None:
    """Keep a network and what was tried. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, hashlib.sha256(data).digest() + data)
    note(path, tried)
    by_age = sorted(path.parent.glob(f"*{SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in by_age[KEPT:]:
        forget(old)


def note(path: Path, tried: Sequence[Tried]) -> None:
    """Keep what was tried beside a network. Raises OSError."""
    if tried:
        rows = [asdict(one) for one in tried]
        path.with_suffix(NOTES).write_text(json.dumps({"tried": rows}), encoding="utf-8")


def forget(path: Path) -> None:
    """Remove a network and its notes, where that is possible."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.with_suffix(NOTES).unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: a disk that is full keeps no part of it."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
        part = Path(stream.name)
        try:
            stream.write(data)
            stream.flush()
        except OSError:
            stream.close()  # Windows removes no file that is open
            part.unlink()
            raise
    part.replace(path)
