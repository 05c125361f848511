"""Compiling and running an OpenVINO model on the CPU: how many bits and threads, and who owns the memory."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from s2s_live.engines.openvino_core import CORE
from s2s_live.engines.runtime import Floats

log = logging.getLogger(__name__)

F32, BF16, I8, I8_BF16 = "openvino-f32", "openvino-bf16", "openvino-i8", "openvino-i8-bf16"
"""How a network is computed: in 32 bits, in 16, or with convolutions in 8 and the rest in 32 or 16."""
SMALL = 1 << 16
"""Bytes of an input up to which copying it takes less than handing it over."""
KINDS = (I8_BF16, BF16, I8, F32)
SHORT = frozenset({BF16, I8_BF16})
"""Those that compute in 16 bits."""


def supports(kind: str) -> bool:
    """Whether this processor computes that way by itself, and not by imitating it."""
    return kind not in SHORT or "BF16" in CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def options(kind: str, threads: int) -> dict[str, Any]:
    """What OpenVINO is told for a network of that kind."""
    return {
        "INFERENCE_PRECISION_HINT": "bf16" if kind in SHORT else "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # Pinned, hearing and painting could end up on the same core.
        "ENABLE_CPU_PINNING": False,
    }


def compile_model(model: Any, kind: str, threads: int) -> Any:
    """The model ready to run."""
    return CORE.compile_model(model, "CPU", options(kind, threads))


def on_threads(compiled: Any, kind: str, threads: int) -> Any:
    """The same network of that kind on another number of threads; None, and a line logged, where that fails.

    `compiled` was not itself imported: OpenVINO does not write those as it reads them.
    """
    try:
        return CORE.import_model(compiled.export_model().getvalue(), "CPU", options(kind, threads))
    except Exception as error:  # noqa: BLE001  OpenVINO's own do not share a narrower class
        log.info("the network runs on one number of threads alone (%s)", error)
        return None


class Request:
    """An inference request that holds what it was given: only other arrays are handed over again.

    Where a small one was another than before, it is copied from then on, which takes a tenth of the time of
    handing it over; large ones are not, nor those that the network takes in 16 bits. A held array may be
    written to between runs, but for one in 16 bits; and the output is overwritten by the next run.
    """

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._short = [place.get_element_type() == openvino.Type.bf16 for place in compiled.inputs]
        self._held: list[Floats | None] = [None] * len(self._short)
        self._shared: list[Floats | None] = [None] * len(self._short)
        """As long as the request may read it."""
        self._own: list[Floats | None] = [None] * len(self._short)
        """Where inputs that change are copied to."""

    def run(self, inputs: Sequence[Floats]) -> NDArray[Any]:
        """The first output."""
        for index, item in enumerate(inputs):
            own = self._own[index]
            if own is not None and own.shape == item.shape and own.dtype == item.dtype:
                np.copyto(own, item)
            elif item is not self._held[index]:
                self._hand_over(index, item)
        self._request.infer(share_outputs=True)
        output: NDArray[Any] = self._request.get_output_tensor(0).data
        return output

    def _hand_over(self, index: int, item: Floats) -> None:
        if self._short[index]:
            self._request.set_input_tensor(index, in_16_bits(item))
            self._held[index] = item
            return
        changes = self._shared[index] is not None and item.nbytes <= SMALL
        shared = np.array(item, order="C") if changes else np.require(item, requirements=["C", "W"])
        self._request.set_input_tensor(index, openvino.Tensor(shared, shared_memory=True))
        self._own[index] = shared if changes else None
        self._shared[index] = shared
        # Memory that OpenVINO does not share is copied, and not held: it may change unseen.
        self._held[index] = item if shared is item else None


def in_16_bits(item: Floats) -> Any:
    """The numbers rounded to bfloat16, which NumPy does not have: the upper half of their bits."""
    bits = np.ascontiguousarray(item, np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16)
    tensor = openvino.Tensor(openvino.Type.bf16, openvino.Shape(list(item.shape)))
    tensor.data.view(np.uint16)[...] = rounded.astype(np.uint16)
    return tensor
