"""Networks run by PyTorch layer by layer: on a CPU where nothing compiles them, on MPS, to compare with."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from s2s_live.engines.runtime import Floats
from s2s_live.errors import ModelError


class TorchRuntime:
    """The network as PyTorch runs it."""

    def __init__(
        self, network: nn.Module, device: str = "cpu", *, threads: int = 1, levels: bool = False
    ) -> None:
        """`threads` are PyTorch's: it has one number of them for all networks of the process."""
        torch.set_num_threads(threads)
        self.device = torch.device(device)
        self.name = "torch-fp32" if self.device.type == "cpu" else f"torch-{self.device.type}"
        self._levels = levels
        self.threads_alone = threads
        self._network = network.to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(self, *inputs: Floats, alone: bool = False) -> NDArray[Any]:  # noqa: ARG002  (of the protocol)
        """See `Runtime`."""
        with torch.inference_mode():
            found = self._network(*(torch.from_numpy(item).to(self.device) for item in inputs))
            output: NDArray[Any] = (found.to(torch.uint8) if self._levels else found).cpu().numpy()
        return output


def check_device(device: str) -> None:
    """Raise ModelError unless networks can run on `device`: cpu, cuda or mps."""
    kind = device.partition(":")[0]
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if kind not in there:
        raise ModelError(f"There is no device {device!r}.", "Use auto, cpu, cuda or mps.")
    if not there[kind]:
        raise ModelError(f"This computer has no {kind} device that PyTorch can use.", "Use cpu, or auto.")
