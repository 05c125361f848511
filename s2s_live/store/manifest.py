"""The manifest of a model folder: what every engine's folder says about itself."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from s2s_live.errors import ModelError

FILE_NAME = "manifest.json"
FORMAT = "s2s-live-model"
VERSION = 1
AGAIN = "Get the model folder again, or choose another model."
MAX_BYTES = 4_000_000
"""A manifest is a page of numbers; anything larger is something else."""


@dataclass(frozen=True)
class FileEntry:
    """One weights file of a folder."""

    sha256: str
    size: int
    """Bytes."""


@dataclass(frozen=True)
class Manifest:
    """The common part, and the whole for the engine to read its own from."""

    name: str
    engine: str
    licence: str
    files: Mapping[str, FileEntry]
    data: Mapping[str, Any]
    """Everything the file holds."""

    @property
    def hash(self) -> str:
        """Names the model and, through the checksums it lists, its weights: 16 hex digits."""
        text = json.dumps(self.data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_manifest(folder: Path) -> Manifest:
    """Read and check `folder/manifest.json`.

    Raises ModelError when it is missing, damaged, of another kind or from a newer version.
    """
    path = folder / FILE_NAME
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path} is no manifest: it is too large.", AGAIN)
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"{folder} is no model folder: it has no {FILE_NAME}.",
            "Choose a folder that holds one, or see `s2s-live models list`.",
        ) from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error}).", "Check its permissions.") from error
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ModelError(f"{path} is damaged ({error}).", AGAIN) from error
    return parse_manifest(data, str(path))


def parse_manifest(data: Any, where: str) -> Manifest:
    """Check a manifest's common part; see `read_manifest`."""
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ModelError(f"{where} is not a manifest of s2s-live.", AGAIN)
    version = data.get("version")
    if not isinstance(version, int) or version < 1:
        raise ModelError(f"{where} has no valid version.", AGAIN)
    if version > VERSION:
        raise ModelError(
            f"{where} is of version {version}; this program reads up to {VERSION}.", "Update s2s-live."
        )
    for key in ("name", "engine", "licence"):
        if not isinstance(data.get(key), str) or not data[key]:
            raise ModelError(f"{where} does not say its {key}.", AGAIN)
    files = data.get("files")
    if not isinstance(files, dict):
        raise ModelError(f"{where} lists no files.", AGAIN)
    entries = {name: _entry(name, entry, where) for name, entry in files.items()}
    return Manifest(data["name"], data["engine"], data["licence"], entries, data)


def _entry(name: str, entry: Any, where: str) -> FileEntry:
    # A manifest comes from somewhere else: it must not name files outside its folder.
    if name in {"", ".", "..", FILE_NAME} or PurePosixPath(name).name != name:
        raise ModelError(f"{where} lists a file of a forbidden name, {name!r}.", AGAIN)
    if PureWindowsPath(name).name != name:
        raise ModelError(f"{where} lists a file of a forbidden name, {name!r}.", AGAIN)
    checksum = entry.get("sha256") if isinstance(entry, dict) else None
    size = entry.get("size") if isinstance(entry, dict) else None
    if not isinstance(checksum, str) or not re.fullmatch(r"[0-9a-f]{64}", checksum):
        raise ModelError(f"{where} gives no checksum of {name}.", AGAIN)
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise ModelError(f"{where} gives no size of {name}.", AGAIN)
    return FileEntry(checksum, size)
