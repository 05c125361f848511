"""How a network is run: by OpenVINO on a CPU, where it is two to three times as fast as PyTorch, or by ONNX
Runtime, where that is installed and faster; recorded as a graph on a CUDA device; by PyTorch elsewhere.

A `Runtime` belongs to one thread at a time; two runtimes may run at once, each with its own threads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from s2s_live.engines.torch_loading import load_torch
from s2s_live.errors import S2SError

if TYPE_CHECKING:
    from torch import nn

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

Samples = Callable[[], Sequence[Sequence[Floats]]]
"""Gives some inputs of a network, each a list of arrays."""
LEAST_PSNR = 35.0
LEAST_COSINE = 0.999

TOLERANCE = 2e-3
"""A converted network may differ by this share of the largest output."""


class Runtime(Protocol):
    """A network ready to run."""

    @property
    def name(self) -> str:
        """As shown and logged: `openvino-f32`, `torch-fp32`."""

    @property
    def threads_alone(self) -> int:
        """On how many it runs while it has them to itself."""

    def run(self, *inputs: Floats, alone: bool = False) -> NDArray[Any]:
        """The network's output, levels as bytes where the leeway says that it gives levels. Valid until the
        next call.

        `alone` says that the network has the threads to itself meanwhile, see `open_runtime`; the output is
        the same.
        """


@dataclass(frozen=True)
class Leeway:
    """What a network may lose for speed: it may be run in fewer bits where its outputs stay near enough."""

    samples: Samples
    """Inputs that ranges are measured on and outputs compared on."""
    near: Callable[[NDArray[Any], NDArray[Any]], float]
    """Of outputs found and expected, how near they are."""
    least: float
    """How near they must be."""
    whole_numbers: bool = False
    """Whether convolutions may be computed in 8 bits."""
    levels: bool = False
    """Whether the output is 0.5..255.49 and wanted as bytes, decimals cut off."""
    resting: int | None = None
    """Inputs from this one on are never written to once they were handed over."""

    @property
    def picture(self) -> bool:
        """Whether the output is one: that is what is judged by its signal to noise."""
        return self.near is psnr


def picture_leeway(samples: Samples, resting: int | None = None) -> Leeway:
    """For networks that paint levels."""
    return Leeway(samples, psnr, LEAST_PSNR, whole_numbers=True, levels=True, resting=resting)


def embedding_leeway(samples: Samples, *, whole_numbers: bool = False) -> Leeway:
    """For networks that give embeddings."""
    return Leeway(samples, cosine, LEAST_COSINE, whole_numbers=whole_numbers)


def open_runtime(
    network: Callable[[], nn.Module],
    example: Callable[[], Sequence[Floats]],
    *,
    device: str = "cpu",
    threads: int = 1,
    alone: int = 0,
    cache: Path | None = None,
    prefer: str = "openvino",
    leeway: Leeway | None = None,
) -> Runtime:
    """The fastest runtime there is for what `network` makes and inputs of the shapes that `example` gives.

    On CUDA that is a recording in 16 bits or in 32 (`CudaRuntime`); where it fails, the CPU runs it. On a CPU
    that is OpenVINO, unless it is missing, fails, or gives other outputs than PyTorch; then a line is logged
    and ONNX Runtime runs it, where it is installed, or PyTorch. With `leeway` the network may run in fewer
    bits, or in ONNX Runtime where that is faster. `cache` is the file (without ending) in which the compiled
    network is kept: where there is one, neither `network` nor `example` is called; `prefer="torch"` leaves
    all but PyTorch out. It runs on `threads`, or on `alone` of them, where that are more, while it has them
    to itself; PyTorch, whose threads are the process', on `threads` only.

    Raises ModelError when the device is not there.
    """
    levels = leeway is not None and leeway.levels
    if device.startswith("cuda"):
        recorded = _cuda(network, example, device, threads, leeway)
        if recorded is not None:
            return recorded
        device = "cpu"
    if device == "cpu" and prefer != "torch":
        from s2s_live.engines.compiled import Wanted, open_compiled

        compiled = open_compiled(Wanted(network, example, threads, alone, cache, leeway))
        if compiled is not None:
            return compiled
    return _torch(network, device, threads, levels=levels)


def _cuda(
    network: Callable[[], nn.Module],
    example: Callable[[], Sequence[Floats]],
    device: str,
    threads: int,
    leeway: Leeway | None,
) -> Runtime | None:
    """The network on a CUDA device; None, and a line logged, where that fails."""
    load_torch()
    from s2s_live.engines.cuda_runtime import CudaRuntime
    from s2s_live.engines.torch_runtime import check_device

    check_device(device)
    try:
        return CudaRuntime(network(), example(), device, threads=threads, leeway=leeway)
    except S2SError:
        raise
    except Exception as error:  # noqa: BLE001  too little memory, no driver, an operator that is missing
        log.warning("the GPU cannot run this network (%s): the processor does, more slowly", error)
        return None


def _torch(network: Callable[[], nn.Module], device: str, threads: int, *, levels: bool) -> Runtime:
    # Seconds to import, which a start with converted networks does without.
    load_torch()
    from s2s_live.engines.torch_runtime import TorchRuntime, check_device

    check_device(device)
    return TorchRuntime(network(), device, threads=threads, levels=levels)


def differs(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Largest difference as a share of the largest expected output."""
    return float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-6))


def psnr(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Peak signal-to-noise ratio in dB, the peak being the span of what is expected."""
    error = float(np.mean(np.square(np.subtract(found, expected, dtype=np.float64))))
    span = float(expected.max()) - float(expected.min())
    return float(10.0 * np.log10(max(span, 1e-12) ** 2 / max(error, 1e-24)))


def cosine(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Cosine of the angle between two embeddings; the least, of rows of them."""
    one, other = (x.reshape(-1, x.shape[-1]).astype(np.float64) for x in (found, expected))
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return float(((one * other).sum(axis=1) / np.maximum(lengths, 1e-24)).min())
