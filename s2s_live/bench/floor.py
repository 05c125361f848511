"""The least time a network could take here: what it multiplies, at the best rate that this processor reaches.

The rate is the best of a 2048x2048 matrix product and of the network's three largest convolutions, each run
alone, of the same type and on as many threads as the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops

from s2s_live.engines.openvino_compiled import I8, I8_BF16, options
from s2s_live.engines.openvino_core import CORE
from s2s_live.engines.openvino_int8 import reduce_inputs
from s2s_live.engines.runtime import Floats

SIDE = 2048
LARGEST = 3
RUNS = 12
_CONVOLUTION, _BACKWARD, _PRODUCT = "Convolution", "ConvolutionBackpropData", "MatMul"
_MULTIPLYING = {_CONVOLUTION, _BACKWARD, _PRODUCT, "FullyConnected"}
_REACH = 3.0
"""Of activations in 8 bits; speed does not depend on it."""


@dataclass(frozen=True)
class Floor:
    """What a network multiplies, and how fast that could be done."""

    gmacs: float
    """Multiply-accumulates of one run, in 1e9."""
    gmacs_per_s: float
    """The best rate."""

    @property
    def seconds(self) -> float:
        """The least time of one run."""
        return self.gmacs / self.gmacs_per_s


def measure_floor(model: Any, kind: str, threads: int) -> Floor:
    """Of an OpenVINO model in 32 bits that runs as `kind`."""
    nodes = [(executed_macs(node), node) for node in model.get_ordered_ops()]
    large = sorted((pair for pair in nodes if pair[1].get_type_name() in {_CONVOLUTION, _BACKWARD}),
                   key=lambda pair: -pair[0])[:LARGEST]  # fmt: skip
    rates = [SIDE**3 / _seconds(_product(), kind, threads)]
    rates += [macs / _seconds(_alone(node, kind), kind, threads) for macs, node in large]
    return Floor(sum(macs for macs, _ in nodes) / 1e9, max(rates) / 1e9)


def executed_macs(node: Any) -> int:
    """Multiply-accumulates of one node; 0 for what is neither convolution nor matrix product."""
    kind = node.get_type_name()
    if kind not in {_CONVOLUTION, _BACKWARD, _PRODUCT}:
        return 0
    data, weight, found = _shape(0, node), _shape(1, node), list(node.get_output_shape(0))
    if kind == _PRODUCT:
        return int(np.prod(found)) * int(data[-2 if node.get_attributes()["transpose_a"] else -1])
    # A transposed convolution multiplies every pixel that it takes with all weights.
    pixels = found[2:] if kind == _CONVOLUTION else data[2:]
    return int(data[0]) * int(np.prod(weight)) * int(np.prod(pixels))


def _shape(index: int, node: Any) -> list[int]:
    return list(node.input_value(index).get_shape())


def _product() -> Any:
    data = ops.parameter([SIDE, SIDE], np.float32)
    return openvino.Model([ops.matmul(data, ops.constant(_numbers([SIDE, SIDE])), False, False)], [data])


def _alone(node: Any, kind: str) -> Any:
    """The same convolution of other numbers."""
    data, weight = ops.parameter(_shape(0, node), np.float32), ops.constant(_numbers(_shape(1, node)))
    said = node.get_attributes()
    geometry = [said[name] for name in ("strides", "pads_begin", "pads_end", "dilations")]
    rows = ops.relu(data)
    if node.get_type_name() == _CONVOLUTION:
        made = ops.convolution(rows, weight, *geometry)
    else:
        made = ops.convolution_backprop_data(rows, weight, geometry[0], None, *geometry[1:])
    if kind in {I8, I8_BF16}:
        reduce_inputs(made, rows.output(0), _REACH)
    return openvino.Model([made], [data])


def _numbers(shape: list[int]) -> Floats:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def _seconds(model: Any, kind: str, threads: int) -> float:
    """The shortest time of the node that multiplies, without what is around it."""
    compiled = CORE.compile_model(model, "CPU", {**options(kind, threads), "PERF_COUNT": True})
    request = compiled.create_infer_request()
    data = _numbers(list(model.inputs[0].get_shape()))
    found: list[float] = []
    for _ in range(RUNS):
        request.infer([data])
        found += [
            node.real_time.total_seconds()
            for node in request.get_profiling_info()
            if node.node_type in _MULTIPLYING and node.real_time.total_seconds() > 0
        ]
    return min(found)
