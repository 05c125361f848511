"""How a network is run: PyTorch as it is, or OpenVINO, which is two to three times as fast on a CPU.

A `Runtime` belongs to one thread at a time; two runtimes may run at once, each with its own threads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from s2s_live.errors import ModelError

log = logging.getLogger(__name__)

Floats = NDArray[np.float32]

Samples = Callable[[], Sequence[Sequence[Floats]]]
"""Gives some inputs of a network, each a list of arrays."""

TOLERANCE = 2e-3
"""A converted network may differ by this share of the largest output."""


class Runtime(Protocol):
    """A network ready to run."""

    @property
    def name(self) -> str:
        """As shown and logged: `openvino-f32`, `torch-fp32`."""

    def run(self, *inputs: Floats) -> Floats:
        """The network's output. Valid until the next call."""


class TorchRuntime:
    """The network as PyTorch runs it, on as many threads as PyTorch is set to."""

    def __init__(self, network: nn.Module, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.name = "torch-fp32" if self.device.type == "cpu" else f"torch-{self.device.type}"
        self._network = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(self, *inputs: Floats) -> Floats:
        """See `Runtime`."""
        with torch.inference_mode():
            found = self._network(*(torch.from_numpy(item).to(self.device) for item in inputs))
            output: Floats = found.cpu().numpy()
        return output


def open_runtime(
    network: Callable[[], nn.Module],
    example: Callable[[], Sequence[Floats]],
    *,
    device: str = "cpu",
    threads: int = 1,
    cache: Path | None = None,
    prefer: str = "openvino",
    samples: Samples | None = None,
) -> Runtime:
    """The fastest runtime there is for what `network` makes and inputs of the shapes that `example` gives.

    On a CPU that is OpenVINO, unless it is missing, fails, or gives other outputs than PyTorch; then a line
    is logged and PyTorch runs. `cache` is the file (without ending) in which the compiled network is kept:
    where there is one, neither `network` nor `example` is called; `prefer="torch"` leaves OpenVINO out. A
    network whose output is a picture may run in 8 bits, if `samples` gives inputs to measure it on.

    Raises ModelError when the device is not there.
    """
    check_device(device)
    if device != "cpu" or prefer == "torch":
        return TorchRuntime(network(), device)
    try:
        from s2s_live.engines.openvino_runtime import OpenVinoRuntime

        return OpenVinoRuntime(network, example, threads=threads, cache=cache, samples=samples)
    except (ImportError, OSError, RuntimeError, TypeError, ValueError) as error:
        log.warning("OpenVINO cannot run this network (%s): PyTorch does, more slowly", error)
        return TorchRuntime(network(), device)


def check_device(device: str) -> None:
    """Raise ModelError unless networks can run on `device`: cpu, cuda or mps."""
    kind = device.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in there:
        raise ModelError(f"There is no device {device!r}.", "Use cpu, cuda or mps.")
    if not there[kind]:
        raise ModelError(f"This computer has no {kind} device that PyTorch can use.", "Use --device cpu.")


def differs(found: Floats, expected: Floats) -> float:
    """Largest difference as a share of the largest expected output."""
    return float(np.abs(found - expected).max() / max(float(np.abs(expected).max()), 1e-6))


def psnr(found: Floats, expected: Floats) -> float:
    """Peak signal-to-noise ratio in dB, the peak being the span of what is expected."""
    error = float(np.mean(np.square(found - expected, dtype=np.float64)))
    span = float(expected.max() - expected.min())
    return float(10.0 * np.log10(max(span, 1e-12) ** 2 / max(error, 1e-24)))
