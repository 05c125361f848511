"""Networks in ONNX Runtime, in 32 bits: where it is installed, one more way beside OpenVINO's.

Its packages are the extra `onnx`; without them this cannot be imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from s2s_live.engines.compiled import ONNX
from s2s_live.engines.runtime import TOLERANCE, Floats, Leeway, differs
from s2s_live.engines.torch_loading import load_torch

if TYPE_CHECKING:
    from torch import nn

# Versions that do not know the variable which the package sets have this alone.
onnxruntime.disable_telemetry_events()

_ERRORS_ONLY = 3


class OnnxRuntime:
    """A network in ONNX Runtime sessions of its own."""

    name = ONNX

    def __init__(self, data: bytes, *, threads: int = 1, alone: int = 0) -> None:
        """`data` is what `make` gives. Raises RuntimeError and others where ONNX Runtime fails."""
        self._beside = self._alone = _Session(data, threads)
        self.threads_alone = threads
        if alone > threads:
            self._alone, self.threads_alone = _Session(data, alone), alone

    def run(self, *inputs: Floats, alone: bool = False) -> NDArray[Any]:
        """See `Runtime`."""
        return (self._alone if alone else self._beside).run(inputs)


def make(
    network: nn.Module, example: Sequence[Floats], *, threads: int = 1, alone: int = 0,
    leeway: Leeway | None = None,
) -> tuple[OnnxRuntime, bytes]:  # fmt: skip
    """A network converted and checked against PyTorch, and what of it can be kept.

    Raises ImportError, RuntimeError and others where that fails.
    """
    load_torch()
    import torch

    from s2s_live.engines.onnx_convert import convert

    torch.set_num_threads(threads)  # all cores are its default: a show may be going on
    levels = leeway is not None and leeway.levels
    data = convert(network, example, levels=levels)
    made = OnnxRuntime(data, threads=threads, alone=alone)
    with torch.inference_mode():
        expected = network(*(torch.from_numpy(item) for item in example)).numpy()
    found = made.run(*example).astype(np.float32)
    # Of levels the decimals are cut off.
    error = differs(found, np.clip(found, expected - 1.0, expected) if levels else expected)
    if not error <= TOLERANCE:  # nor where it is no number
        raise RuntimeError(f"its output differs by {error:.2g}")
    return made, data


class _Session:
    """A session that reads what it is given where it lies, and writes to memory of its own."""

    def __init__(self, data: bytes, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        # Threads that wait must leave the cores to those that hear, draw and record.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = _ERRORS_ONLY
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self._names = [place.name for place in self._session.get_inputs()]
        self._held: list[Floats | None] = [None] * len(self._names)
        self._binding = self._session.io_binding()
        (place,) = self._session.get_outputs()
        kind = np.uint8 if place.type == "tensor(uint8)" else np.float32
        self._output: NDArray[Any] = np.empty(place.shape, kind)
        self._bound = onnxruntime.OrtValue.ortvalue_from_numpy(self._output)
        self._binding.bind_ortvalue_output(place.name, self._bound)

    def run(self, inputs: Sequence[Floats]) -> NDArray[Any]:
        """The output, overwritten by the next run."""
        for index, item in enumerate(inputs):
            if item is not self._held[index]:
                taken = np.ascontiguousarray(item)
                self._binding.bind_cpu_input(self._names[index], taken)
                self._held[index] = taken
        self._session.run_with_iobinding(self._binding)
        return self._output
