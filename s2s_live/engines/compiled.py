"""A network on the processor, compiled by OpenVINO, or by ONNX Runtime where that is faster here."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from s2s_live.engines.network_cache import Tried, forget, note, path_of, read, write
from s2s_live.engines.processor import processor_name, version_of
from s2s_live.engines.runtime import Floats, Leeway, Runtime
from s2s_live.engines.timing import HELD_BACK, Worthwhile, by_turns
from s2s_live.errors import S2SError

if TYPE_CHECKING:
    from torch import nn

    from s2s_live.engines.onnx_runtime import OnnxRuntime
    from s2s_live.engines.openvino_runtime import OpenVinoRuntime

log = logging.getLogger(__name__)

ONNX = "onnxruntime-f32"
"""The name of ONNX Runtime's way."""
ROUNDS = 2
WORTHWHILE = Worthwhile(0.9, 5e-4)
"""What ONNX Runtime must spare of OpenVINO's time to be worth being loaded."""


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
    return _faster(wanted, wanted.leeway, found) if wanted.leeway and found.tried else found


def _instead(wanted: Wanted, error: Exception) -> Runtime | None:
    """What runs it where OpenVINO fails. It is kept where OpenVINO is missing: what else failed may not fail
    again."""
    rival = _onnx(wanted)
    who = "PyTorch does, more slowly" if rival is None else "ONNX Runtime does"
    log.warning("OpenVINO cannot run this network (%s): %s", error, who)
    if rival is None:
        return None
    if isinstance(error, ImportError):
        leeway = wanted.leeway
        _keep(wanted, rival[1], _told(_timed(wanted, leeway, [rival[0]]), leeway) if leeway else ())
    return rival[0]


def _faster(wanted: Wanted, leeway: Leeway, found: OpenVinoRuntime) -> Runtime:
    """OpenVINO's, or ONNX Runtime's if that is faster; it stays in the cache, with all that was tried."""
    rival = _onnx(wanted)
    seconds = _timed(wanted, leeway, [found] if rival is None else [found, rival[0]])
    exact = seconds.pop(found.name)  # told of with its other ways
    tried = [*found.tried, *_told(seconds, leeway)]
    if rival is not None and WORTHWHILE.holds(seconds[ONNX], exact):
        if _keep(wanted, rival[1], tried) and wanted.cache is not None:
            forget(found.place(wanted.cache))
        return rival[0]
    if wanted.cache is not None:
        forget(onnx_path(wanted.cache))  # one that was not to be used
        with contextlib.suppress(OSError):
            if found.place(wanted.cache).exists():
                note(found.place(wanted.cache), tried)
    return found


def _onnx(wanted: Wanted) -> tuple[OnnxRuntime, bytes] | None:
    """The network in ONNX Runtime, and what can be kept of it; None where that is missing, fails or errs."""
    try:
        from s2s_live.engines.onnx_runtime import make

        return make(
            wanted.network(), wanted.example(), threads=wanted.threads, alone=wanted.alone,
            leeway=wanted.leeway,
        )  # fmt: skip
    except ImportError as error:
        log.info("ONNX Runtime is not tried: %s", error)
    except Exception as error:  # noqa: BLE001  ONNX Runtime's own do not share a narrower class
        log.info("ONNX Runtime fails: %s", error)
    return None


def _timed(wanted: Wanted, leeway: Leeway, runtimes: Sequence[Runtime]) -> dict[str, float]:
    """The seconds of a run of each by name, and of PyTorch; see `by_turns`."""
    ways = [*runtimes, *_pytorch(wanted, leeway)]
    runs = {way.name: (lambda sample, run=way.run: run(*sample)) for way in ways}
    return by_turns(runs, leeway.samples()[-HELD_BACK:], ROUNDS)


def _told(seconds: Mapping[str, float], leeway: Leeway) -> list[Tried]:
    """What is kept of them; of one that failed nothing is."""
    return [
        Tried(name, round(1e3 * took, 2), leeway.near.__name__, None)
        for name, took in seconds.items()
        if took < float("inf")
    ]


def _pytorch(wanted: Wanted, leeway: Leeway) -> list[Runtime]:
    """PyTorch's runtime, where there is memory for it."""
    try:
        from s2s_live.engines.torch_runtime import TorchRuntime

        return [TorchRuntime(wanted.network(), threads=wanted.threads, levels=leeway.levels)]
    except Exception as error:  # noqa: BLE001  of several libraries, and of memory
        log.info("PyTorch is not timed: %s", error)
        return []


def onnx_path(cache: Path) -> Path:
    """The file of a network in ONNX Runtime: it names the versions and the processor it was chosen on."""
    return path_of(cache, f"{version_of('onnxruntime')} {version_of('openvino')} {processor_name()}", ONNX)


def _kept(wanted: Wanted) -> Runtime | None:
    """ONNX Runtime's, where that was chosen before. It is not imported where it was not."""
    data = read(onnx_path(wanted.cache)) if wanted.cache is not None else None
    if data is None:
        return None
    try:
        from s2s_live.engines.onnx_runtime import OnnxRuntime

        return OnnxRuntime(data, threads=wanted.threads, alone=wanted.alone)
    except Exception as error:  # noqa: BLE001  half an installation raises anything
        log.info("the network kept for ONNX Runtime cannot be used (%s): it is made again", error)
        return None


def _keep(wanted: Wanted, data: bytes, tried: Sequence[Tried]) -> bool:
    """Keep ONNX Runtime's; failing to is no harm but the time of the next start. Returns whether it is."""
    if wanted.cache is None:
        return False
    try:
        write(onnx_path(wanted.cache), data, tried)
    except OSError as error:
        log.info("the network cannot be kept in %s (%s)", wanted.cache, error)
        return False
    return True
