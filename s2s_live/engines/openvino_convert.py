"""PyTorch networks as OpenVINO models: converted, compiled, checked against PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import openvino
import torch
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
from torch import nn

from s2s_live.engines.network_cache import Tried
from s2s_live.engines.openvino_compiled import F32, Request, compile_model
from s2s_live.engines.openvino_reduced import fastest
from s2s_live.engines.runtime import TOLERANCE, Floats, Leeway, differs


def make(
    made: nn.Module, example: Sequence[Floats], threads: int, leeway: Leeway | None
) -> tuple[str, Any, list[Tried]]:
    """Name and compiled network, checked against PyTorch, and what else was tried.

    Raises RuntimeError and others where OpenVINO fails or errs.
    """
    torch.set_num_threads(threads)  # all cores are its default: a show may be going on
    model = convert(made, example)
    compiled = compile_model(model, F32, threads)
    with torch.inference_mode():
        expected = made(*(torch.from_numpy(item) for item in example)).numpy()
    error = differs(Request(compiled).run(example), expected)
    if not error <= TOLERANCE:  # nor where it is no number
        raise RuntimeError(f"its output differs by {error:.2g}")
    if leeway is None:
        return F32, compiled, []
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
