"""Networks in OpenVINO: converted once, kept in the user's cache, checked against PyTorch.

In 32 bits, or in fewer where the caller gives leeway for it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openvino
import torch
from numpy.typing import NDArray
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
from torch import nn

from s2s_live.engines.openvino_cache import Tried, cache_path, keep, load
from s2s_live.engines.openvino_compiled import F32, KINDS, Request, compile_model, options
from s2s_live.engines.runtime import TOLERANCE, Floats, Leeway, differs


class OpenVinoRuntime:
    """A network compiled for the CPU, with an inference request of its own."""

    def __init__(
        self,
        network: Callable[[], nn.Module],
        example: Callable[[], Sequence[Floats]],
        *,
        threads: int = 1,
        cache: Path | None = None,
        leeway: Leeway | None = None,
    ) -> None:
        """As `open_runtime`; raises RuntimeError and others where OpenVINO fails or errs."""
        found = _cached(cache, threads) if cache is not None else None
        if found is None:
            name, compiled, tried = _make(network(), example(), threads, leeway)
            found = name, compiled
            if cache is not None:
                keep(compiled, cache_path(cache, name), tried)
        self.name, compiled = found
        self._request = Request(compiled)

    def run(self, *inputs: Floats) -> NDArray[Any]:
        """See `Runtime`."""
        return self._request.run(inputs)


def _cached(cache: Path, threads: int) -> tuple[str, Any] | None:
    for name in KINDS:
        compiled = load(cache_path(cache, name), options(name, threads))
        if compiled is not None:
            return name, compiled
    return None


def _make(
    made: nn.Module, example: Sequence[Floats], threads: int, leeway: Leeway | None
) -> tuple[str, Any, list[Tried]]:
    """Name and compiled network, checked against PyTorch, and what else was tried."""
    model = convert(made, example)
    compiled = compile_model(model, F32, threads)
    with torch.inference_mode():
        expected = made(*(torch.from_numpy(item) for item in example)).numpy()
    if (error := differs(Request(compiled).run(example), expected)) > TOLERANCE:
        raise RuntimeError(f"its output differs by {error:.2g}")
    if leeway is None:
        return F32, compiled, []
    # Brings what is needed once for a model: a start with a network that is kept does without.
    from s2s_live.engines.openvino_reduced import fastest

    return fastest(model, compiled, threads, leeway)


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
