"""Compiled OpenVINO networks in the user's cache: a later start need not convert and compile again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import openvino

from s2s_live.engines.openvino_core import CORE

log = logging.getLogger(__name__)

KEPT = 18
"""Networks that stay in the cache folder; those that were not used for longest go."""
SUFFIX, NOTES = ".network", ".json"
_DIGEST = 32


def cache_path(cache: Path, kind: str) -> Path:
    """The file of a network of that kind: it names the versions and the processor it was compiled for."""
    made_by = f"{openvino.__version__} {CORE.get_property('CPU', 'FULL_DEVICE_NAME')}"
    mark = hashlib.sha256(made_by.encode()).hexdigest()[:12]
    return cache.with_name(f"{cache.name}-{mark}-{kind}{SUFFIX}")


def load(path: Path, options: dict[str, Any]) -> Any:
    """The compiled network in a file, None where there is none or it is damaged."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    if len(data) <= _DIGEST or hashlib.sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
        log.info("the compiled network in %s is damaged: it is made again", path)
        return None
    with contextlib.suppress(OSError):
        path.touch()  # used: the last to go
    try:
        return CORE.import_model(data[_DIGEST:], "CPU", options)
    except Exception as error:  # noqa: BLE001  OpenVINO's own do not share a narrower class
        log.info("the compiled network in %s cannot be used (%s): it is made again", path, error)
        return None


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
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            tried = tuple(Tried(**row) for row in json.loads(file.read_text(encoding="utf-8"))["tried"])
            part = _of(file).removeprefix(f"{model_hash}-")
            found.append(Kept(part, f"openvino-{file.stem.partition('-openvino-')[2]}", tried))
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

    Its name is <hash>-<part>-<version of the graph>-torch<version>-<machine>-openvino-<bits>.
    """
    return file.stem.partition("-torch")[0].rpartition("-")[0]


def keep(compiled: Any, path: Path, tried: Sequence[Tried] = ()) -> None:
    """Write a compiled network and what was tried; failing to is no harm but the time of the next start."""
    try:
        data: bytes = compiled.export_model().getvalue()
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, hashlib.sha256(data).digest() + data)
        if tried:
            rows = [asdict(one) for one in tried]
            path.with_suffix(NOTES).write_text(json.dumps({"tried": rows}), encoding="utf-8")
        by_age = sorted(path.parent.glob(f"*{SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in by_age[KEPT:]:
            with contextlib.suppress(OSError):
                old.unlink()
                old.with_suffix(NOTES).unlink(missing_ok=True)
    except Exception as error:  # noqa: BLE001  OpenVINO's own do not share a narrower class
        log.info("the compiled network cannot be kept in %s (%s)", path, error)


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
