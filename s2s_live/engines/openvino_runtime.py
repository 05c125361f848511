"""Networks in OpenVINO: converted once, kept in the user's cache, checked against PyTorch.

In 32 bits, or with convolutions in 8 where the caller gives samples, the outputs stay near enough and this
processor is faster that way.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
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

from s2s_live.engines.runtime import TOLERANCE, Floats, Samples, differs, psnr

log = logging.getLogger(__name__)

F32 = "openvino-f32"
_NAME = ["s2s_live", "runtime"]
HELD_BACK = 4
"""Samples that are not calibrated with but compared on."""
LEAST_PSNR = 35.0
WORTHWHILE = 0.9
"""Quantised, a network must need less than this share of the time."""
KEPT = 12
"""Converted networks that stay in the cache folder; older ones go."""


class OpenVinoRuntime:
    """A network compiled for the CPU, with an inference request of its own."""

    def __init__(
        self,
        network: Callable[[], nn.Module],
        example: Sequence[Floats],
        *,
        threads: int = 1,
        cache: Path | None = None,
        samples: Samples | None = None,
    ) -> None:
        """As `open_runtime`; raises RuntimeError and others where OpenVINO fails or errs."""
        model = _cached(cache)
        if model is None:
            model = self._make(network(), example, threads, samples)
            if cache is not None:
                _keep(model, cache)
        self.name = str(model.get_rt_info(_NAME).value) if model.has_rt_info(_NAME) else F32
        self._request = _compile(model, threads).create_infer_request()

    def run(self, *inputs: Floats) -> Floats:
        """See `Runtime`."""
        return _run(self._request, inputs)

    @staticmethod
    def _make(made: nn.Module, example: Sequence[Floats], threads: int, samples: Samples | None) -> Any:
        model = convert(made, example)
        request = _compile(model, threads).create_infer_request()
        with torch.inference_mode():
            expected = made(*(torch.from_numpy(item) for item in example)).numpy()
        if (error := differs(_run(request, example), expected)) > TOLERANCE:
            raise RuntimeError(f"its output differs by {error:.2g}")
        if samples is not None:
            try:
                return _in_8_bits(model, request, threads, samples())
            except RuntimeError as error:
                log.info("the network stays in 32 bits: %s", error)
        return model


def _in_8_bits(model: Any, request: Any, threads: int, samples: Sequence[Sequence[Floats]]) -> Any:
    """The quantised model; raises RuntimeError where it is not near enough or not faster."""
    from s2s_live.engines.openvino_int8 import quantize

    small = quantize(model, samples[:-HELD_BACK])
    other = _compile(small, threads).create_infer_request()
    held = samples[-HELD_BACK:]
    decibels = min(psnr(_run(other, item).copy(), _run(request, item)) for item in held)
    if decibels < LEAST_PSNR:
        raise RuntimeError(f"in 8 bits its output has a PSNR of {decibels:.1f} dB")
    slow, fast = _seconds(request, held), _seconds(other, held)
    if fast > WORTHWHILE * slow:
        raise RuntimeError(f"in 8 bits it takes {fast * 1e3:.1f} ms, in 32 {slow * 1e3:.1f} ms")
    log.info("8 bits: %.1f ms instead of %.1f, PSNR %.1f dB", fast * 1e3, slow * 1e3, decibels)
    small.set_rt_info("openvino-i8", _NAME)
    return small


def _seconds(request: Any, items: Sequence[Sequence[Floats]]) -> float:
    """The shortest of some runs: what it takes undisturbed."""
    found = []
    for item in [*items, *items, *items]:
        begun = time.perf_counter()
        _run(request, item)
        found.append(time.perf_counter() - begun)
    return min(found)


def _run(request: Any, inputs: Sequence[Floats]) -> Floats:
    # Shared both ways: nothing is copied, and the output is overwritten by the next call.
    results = request.infer(list(inputs), share_inputs=True, share_outputs=True)
    output: Floats = results[0]
    return output


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
    options = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # Pinned, hearing and painting could end up on the same core.
        "ENABLE_CPU_PINNING": False,
    }
    return openvino.Core().compile_model(model, "CPU", options)


def cache_key(*parts: object) -> str:
    """A file name for a converted network: what it is and the versions that made it."""
    versions = (openvino.__version__, torch.__version__, np.__version__)
    text = "-".join(str(part) for part in (*parts, *versions))
    return "".join(letter if letter.isalnum() or letter in "-._" else "_" for letter in text)


def _files(cache: Path) -> tuple[Path, Path]:
    return cache.with_name(cache.name + ".xml"), cache.with_name(cache.name + ".bin")


def _cached(cache: Path | None) -> Any:
    if cache is None or not all(path.is_file() for path in _files(cache)):
        return None
    try:
        return openvino.Core().read_model(*_files(cache))
    except RuntimeError as error:
        log.info("the converted network in %s is damaged (%s): it is made again", cache, error)
        return None


def _keep(model: Any, cache: Path) -> None:
    """Write the converted network; failing to is no harm but the time of the next start."""
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as place:
            made = _files(Path(place) / "network")
            openvino.serialize(model, *made)
            for source, target in zip(reversed(made), reversed(_files(cache)), strict=True):
                shutil.move(source, target)
        by_age = sorted(cache.parent.glob("*.xml"), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in by_age[KEPT:]:
            for path in _files(old.with_suffix("")):
                path.unlink(missing_ok=True)
    except (OSError, RuntimeError) as error:
        log.info("the converted network cannot be kept in %s (%s)", cache.parent, error)
