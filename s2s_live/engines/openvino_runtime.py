"""Networks in OpenVINO, 32-bit: converted once, kept in the user's cache, checked against PyTorch."""

from __future__ import annotations

import logging
import shutil
import tempfile
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

from s2s_live.engines.runtime import TOLERANCE, Floats, differs

log = logging.getLogger(__name__)

KEPT = 12
"""Converted networks that stay in the cache folder; older ones go."""


class OpenVinoRuntime:
    """A network compiled for the CPU, with an inference request of its own."""

    name = "openvino-f32"

    def __init__(
        self,
        network: Callable[[], nn.Module],
        example: Sequence[Floats],
        *,
        threads: int = 1,
        cache: Path | None = None,
    ) -> None:
        """As `open_runtime`; raises RuntimeError and others where OpenVINO fails or errs."""
        model = _cached(cache)
        if model is not None:
            self._request = _compile(model, threads).create_infer_request()
            return
        made = network()
        model = convert(made, example)
        self._request = _compile(model, threads).create_infer_request()
        self._check(made, example)
        if cache is not None:
            _keep(model, cache)

    def run(self, *inputs: Floats) -> Floats:
        """See `Runtime`."""
        # Shared both ways: nothing is copied, and the output is overwritten by the next call.
        results = self._request.infer(list(inputs), share_inputs=True, share_outputs=True)
        output: Floats = results[0]
        return output

    def _check(self, network: nn.Module, example: Sequence[Floats]) -> None:
        with torch.inference_mode():
            expected = network(*(torch.from_numpy(item) for item in example)).numpy()
        if (error := differs(self.run(*example), expected)) > TOLERANCE:
            raise RuntimeError(f"its output differs by {error:.2g}")


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
