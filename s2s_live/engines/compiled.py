"""A network on the processor, compiled by OpenVINO, or by ONNX Runtime where that is faster here."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from s2s_live.engines.network_cache import Tried, forget, kinds_of, note
from s2s_live.engines.runtime import Floats, Leeway, Runtime
from s2s_live.errors import S2SError

if TYPE_CHECKING:
    from torch import nn

    from s2s_live.engines.onnx_runtime import OnnxRuntime
    from s2s_live.engines.openvino_runtime import OpenVinoRuntime

log = logging.getLogger(__name__)

ONNX = "onnxruntime-f32"
"""The name of ONNX Runtime's way."""
HELD_BACK = 4
"""Samples that ways are timed on."""
ROUNDS = 2
WORTHWHILE, WORTHWHILE_S = 0.9, 5e-4
"""ONNX Runtime must need less than this share of OpenVINO's time, and spare so many seconds of a run."""


@dataclass(frozen=True)
class Wanted:
    """What is to be run, and how; see `open_runtime`."""

    network: Callable[[], nn.Module]
    example: Callable[[], Sequence[Floats]]
    threads: int = 1
    alone: int = 0
    cache: Path | None = None
    leeway: Leeway | None = None


def open_compiled(wanted: Wanted) -> Runtime | None:
    """The fastest runtime; None, and a line logged, where neither OpenVINO nor ONNX Runtime runs it.

    Where there is leeway, and none was kept, ONNX Runtime and PyTorch are timed beside OpenVINO; PyTorch only
    to be told of: a network that is not compiled would cost every start seconds.
    """
    kept = _kept(wanted)
    if kept is not None:
        return kept
    try:
        from s2s_live.engines.openvino_runtime import OpenVinoRuntime

        found = OpenVinoRuntime(
            wanted.network, wanted.example, threads=wanted.threads, alone=wanted.alone, cache=wanted.cache,
            leeway=wanted.leeway,
        )  # fmt: skip
    except S2SError:  # of the model, which no other could run either
        raise
    except Exception as error:  # noqa: BLE001  OpenVINO's own do not share a narrower class
        return _instead(wanted, error)
    return _faster(wanted, wanted.leeway, found, _onnx(wanted)) if wanted.leeway and found.tried else found


def _instead(wanted: Wanted, error: Exception) -> Runtime | None:
    """What runs it where OpenVINO fails."""
    rival = _onnx(wanted)
    who = "PyTorch does, more slowly" if rival is None else "ONNX Runtime does"
    log.warning("OpenVINO cannot run this network (%s): %s", error, who)
    if rival is not None and wanted.cache is not None:
        rival.keep(wanted.cache, _timed(wanted, wanted.leeway, [rival])[1] if wanted.leeway else ())
    return rival


def _kept(wanted: Wanted) -> OnnxRuntime | None:
    """ONNX Runtime's, where that was chosen before."""
    # Importing it takes a tenth of a second, which other starts do without.
    if wanted.cache is None or ONNX not in kinds_of(wanted.cache):
        return None
    try:
        from s2s_live.engines.onnx_runtime import OnnxRuntime
    except ImportError:
        return None
    return OnnxRuntime.kept(wanted.cache, threads=wanted.threads, alone=wanted.alone)


def _onnx(wanted: Wanted) -> OnnxRuntime | None:
    """The network in ONNX Runtime; None where that is not installed, fails or errs."""
    try:
        from s2s_live.engines.onnx_runtime import OnnxRuntime

        return OnnxRuntime.make(
            wanted.network(), wanted.example(), threads=wanted.threads, alone=wanted.alone,
            leeway=wanted.leeway,
        )  # fmt: skip
    except ImportError as error:
        log.info("ONNX Runtime is not tried: %s", error)
    except S2SError:
        raise
    except Exception as error:  # noqa: BLE001  ONNX Runtime's own do not share a narrower class
        log.info("ONNX Runtime fails: %s", error)
    return None


def _faster(wanted: Wanted, leeway: Leeway, found: OpenVinoRuntime, rival: OnnxRuntime | None) -> Runtime:
    """Which of the two is; it stays in the cache, with all that was tried."""
    seconds, tried = _timed(wanted, leeway, [found] if rival is None else [found, rival])
    tried = [*found.tried, *tried[1:]]  # it was timed itself before, beside its other ways
    if rival is not None and seconds[1] <= min(WORTHWHILE * seconds[0], seconds[0] - WORTHWHILE_S):
        if wanted.cache is not None:
            forget(found.place(wanted.cache))
            rival.keep(wanted.cache, tried)
        return rival
    if wanted.cache is not None and found.place(wanted.cache).exists():
        with contextlib.suppress(OSError):
            note(found.place(wanted.cache), tried)
    return found


def _timed(wanted: Wanted, leeway: Leeway, runtimes: Sequence[Runtime]) -> tuple[list[float], list[Tried]]:
    """The shortest of some runs of each and of PyTorch, by turns, in seconds and to be told of."""
    from s2s_live.engines.torch_runtime import TorchRuntime

    ways = [*runtimes, TorchRuntime(wanted.network(), threads=wanted.threads, levels=leeway.levels)]
    seconds = [float("inf")] * len(ways)
    for item in [*leeway.samples()[-HELD_BACK:]] * ROUNDS:
        for index, way in enumerate(ways):
            begun = time.perf_counter()
            way.run(*item)
            seconds[index] = min(seconds[index], time.perf_counter() - begun)
    log.info(
        "a run takes %s",
        ", ".join(f"{1e3 * s:.1f} ms ({w.name})" for w, s in zip(ways, seconds, strict=True)),
    )
    measure = leeway.near.__name__
    rows = [Tried(way.name, round(1e3 * s, 2), measure, None) for way, s in zip(ways, seconds, strict=True)]
    return seconds, rows
