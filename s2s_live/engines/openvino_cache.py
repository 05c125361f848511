"""Compiled OpenVINO networks in the user's cache."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openvino

from s2s_live.engines.network_cache import Tried, path_of, read, write
from s2s_live.engines.openvino_core import CORE

log = logging.getLogger(__name__)


def cache_path(cache: Path, kind: str) -> Path:
    """The file of a network of that kind: it names the versions and the processor it was compiled for."""
    made_by = f"{openvino.__version__} {CORE.get_property('CPU', 'FULL_DEVICE_NAME')}"
    return path_of(cache, made_by, kind)


def load(path: Path, options: dict[str, Any]) -> Any:
    """The compiled network in a file, None where there is none or it is damaged."""
    data = read(path)
    if data is None:
        return None
    try:
        return CORE.import_model(data, "CPU", options)
    except Exception as error:  # noqa: BLE001  OpenVINO's own do not share a narrower class
        log.info("the compiled network in %s cannot be used (%s): it is made again", path, error)
        return None


def keep(compiled: Any, path: Path, tried: Sequence[Tried] = ()) -> None:
    """Write a compiled network and what was tried; failing to is no harm but the time of the next start."""
    try:
        write(path, compiled.export_model().getvalue(), tried)
    except Exception as error:  # noqa: BLE001  OpenVINO's own do not share a narrower class
        log.info("the compiled network cannot be kept in %s (%s)", path, error)
