"""Compiled OpenVINO networks in the user's cache: a later start need not convert and compile again."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import tempfile
from pathlib import Path
from typing import Any

import openvino

from s2s_live.engines.openvino_core import CORE

log = logging.getLogger(__name__)

KEPT = 12
"""Networks that stay in the cache folder; those that were not used for longest go."""
SUFFIX = ".network"
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
    except RuntimeError as error:
        log.info("the compiled network in %s cannot be used (%s): it is made again", path, error)
        return None


def keep(compiled: Any, path: Path) -> None:
    """Write a compiled network; failing to is no harm but the time of the next start."""
    try:
        data: bytes = compiled.export_model().getvalue()
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as stream:
            stream.write(hashlib.sha256(data).digest() + data)
        Path(stream.name).replace(path)
        by_age = sorted(path.parent.glob(f"*{SUFFIX}"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in by_age[KEPT:]:
            with contextlib.suppress(OSError):
                old.unlink()
    except (OSError, RuntimeError) as error:
        log.info("the compiled network cannot be kept in %s (%s)", path, error)
