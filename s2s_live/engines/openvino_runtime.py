"""Networks in OpenVINO: converted once, kept in the user's cache, checked against PyTorch.

In 32 bits, or with convolutions in 8 where the caller gives samples, the outputs stay near enough and this
processor is faster that way.
"""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import torch
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
from torch import nn

from s2s_live.engines.openvino_cache import cache_path, keep, load
from s2s_live.engines.openvino_core import CORE
from s2s_live.engines.runtime import TOLERANCE, Floats, Samples, differs, psnr

log = logging.getLogger(__name__)

F32, I8 = "openvino-f32", "openvino-i8"
HELD_BACK = 4
"""Samples that are not calibrated with but compared on."""
LEAST_PSNR = 35.0
WORTHWHILE = 0.9
"""Quantised, a network must need less than this share of the time."""


class OpenVinoRuntime:
    """A network compiled for the CPU, with an inference request of its own."""

    def __init__(
        self,
        network: Callable[[], nn.Module],
        example: Callable[[], Sequence[Floats]],
        *,
        threads: int = 1,
        cache: Path | None = None,
        samples: Samples | None = None,
    ) -> None:
        """As `open_runtime`; raises RuntimeError and others where OpenVINO fails or errs."""
        found = _cached(cache, threads) if cache is not None else None
        if found is None:
            found = _make(network(), example(), threads, samples)
            if cache is not None:
                keep(found[1], cache_path(cache, found[0]))
        self.name, compiled = found
        self._request = _Request(compiled)

    def run(self, *inputs: Floats) -> Floats:
        """See `Runtime`."""
        return self._request.run(inputs)


class _Request:
    """An inference request that holds what it was given: only other arrays are handed over again.

    Nothing is copied that need not be: a held array may be written to between runs, and the output is
    overwritten by the next one.
    """

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._held: list[Floats | None] = [None] * len(compiled.inputs)

    def run(self, inputs: Sequence[Floats]) -> Floats:
        """The first output."""
        copies = []  # as long as the request may read them
        for index, item in enumerate(inputs):
            if item is not self._held[index]:
                # Memory that OpenVINO does not share is copied, and not held: it may change unseen.
                shared = np.require(item, requirements=["C", "W"])
                self._request.set_input_tensor(index, openvino.Tensor(shared, shared_memory=True))
                self._held[index] = item if shared is item else None
                copies.append(shared)
        self._request.infer(share_outputs=True)
        output: Floats = self._request.get_output_tensor(0).data
        return output


def _cached(cache: Path, threads: int) -> tuple[str, Any] | None:
    for name in (I8, F32):
        compiled = load(cache_path(cache, name), _options(threads))
        if compiled is not None:
            return name, compiled
    return None


def _make(
    made: nn.Module, example: Sequence[Floats], threads: int, samples: Samples | None
) -> tuple[str, Any]:
    """Name and compiled network, checked against PyTorch."""
    model = convert(made, example)
    compiled = _compile(model, threads)
    with torch.inference_mode():
        expected = made(*(torch.from_numpy(item) for item in example)).numpy()
    request = _Request(compiled)
    if (error := differs(request.run(example), expected)) > TOLERANCE:
        raise RuntimeError(f"its output differs by {error:.2g}")
    if samples is not None:
        try:
            return I8, _in_8_bits(model, request, threads, samples())
        except RuntimeError as reason:
            log.info("the network stays in 32 bits: %s", reason)
    return F32, compiled


def _in_8_bits(model: Any, request: _Request, threads: int, samples: Sequence[Sequence[Floats]]) -> Any:
    """The quantised network, compiled; raises RuntimeError where it is not near enough or not faster."""
    from s2s_live.engines.openvino_int8 import quantize

    small = quantize(model, samples[:-HELD_BACK])
    compiled = _compile(small, threads)
    other = _Request(compiled)
    held = samples[-HELD_BACK:]
    decibels = min(psnr(other.run(item).copy(), request.run(item)) for item in held)
    if decibels < LEAST_PSNR:
        raise RuntimeError(f"in 8 bits its output has a PSNR of {decibels:.1f} dB")
    slow, fast = _seconds(request, held), _seconds(other, held)
    if fast > WORTHWHILE * slow:
        raise RuntimeError(f"in 8 bits it takes {fast * 1e3:.1f} ms, in 32 {slow * 1e3:.1f} ms")
    log.info("8 bits: %.1f ms instead of %.1f, PSNR %.1f dB", fast * 1e3, slow * 1e3, decibels)
    return compiled


def _seconds(request: _Request, items: Sequence[Sequence[Floats]]) -> float:
    """The shortest of some runs: what it takes undisturbed."""
    found = []
    for item in [*items, *items, *items]:
        begun = time.perf_counter()
        request.run(item)
        found.append(time.perf_counter() - begun)
    return min(found)


def convert(network: nn.Module, example: Sequence[Floats]) -> Any:
    """`network` as an OpenVINO model for inputs of exactly these shapes.

    Goes through the PyTorch front end directly: `openvino.convert_model` is a longer way
    to the same and reports its use.
    """
    with torch.no_grad(), warnings.catch_warnings():
        # OpenVINO's decoder takes TorchScript, which the pinned PyTorch still has but would like to see gone.
        warnings.simplefilter("ignore", DeprecationWarning)
        inputs = tuple(torch.from_numpy(item) for item in example)
        traced = torch.jit.trace(network, inputs, check_trace=False)  # type: ignore[no-untyped-call]
        decoder = TorchScriptPythonDecoder(torch.jit.freeze(traced.eval()))
    front_end = FrontEndManager().load_by_framework("pytorch")
    loaded = front_end.load(decoder)
    for place, item in zip(loaded.get_inputs(), example, strict=True):
        loaded.set_element_type(place, openvino.Type.f32)
        loaded.set_partial_shape(place, openvino.PartialShape(list(item.shape)))
    return front_end.convert(loaded)


def _compile(model: Any, threads: int) -> Any:
    return CORE.compile_model(model, "CPU", _options(threads))


def _options(threads: int) -> dict[str, Any]:
    return {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # Pinned, hearing and painting could end up on the same core.
        "ENABLE_CPU_PINNING": False,
    }
