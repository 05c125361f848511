"""OpenVINO networks with convolutions in 8-bit whole numbers, where the processor is faster at those.

The range of a convolution's input is what it is cut off at or, after a plain ReLU (pooled or not), the
greatest that sample inputs show; that of its weights is one for each output channel (Jacob et al. 2018,
section 3). Everything between convolutions stays in 32 bits. So do convolutions that give a picture, whose
steps would be seen, and flicker as it moves, and those that take no activations but pictures and noise
fields, whose steps would be those of everything after them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from openvino import opset13 as ops

from s2s_live.engines.openvino_compiled import F32, I8, compile_model
from s2s_live.engines.runtime import Floats

_PLAIN, _TRANSPOSED = "Convolution", "ConvolutionBackpropData"
_CONVOLUTIONS = {_PLAIN: 0, _TRANSPOSED: 1}
"""Kinds of nodes and the axis of their weights that counts output channels."""
_TAPS = ([3, 1], [2, 0])
"""Of four rows of a doubling convolution those that make up an even row and an odd one."""
_LEAST = 1e-6
_FEWEST_MAPS = 13
"""More than the twelve numbers of a cell of four pixels."""


def quantize(
    model: Any, samples: Sequence[Sequence[Floats]], *, gives_picture: bool = True, threads: int = 1
) -> Any:
    """A copy of `model` that computes its convolutions in 8 bits; unbounded ranges are those in `samples`,
    measured on so many threads.

    Raises RuntimeError where it has no convolution for it.
    """
    found = model.clone()
    nodes = _convolutions(found, gives_picture)
    if not nodes:
        raise RuntimeError("there is no convolution to quantise")
    highest = iter(_measure(model, samples, gives_picture, threads))
    for node in nodes:
        before = node.input_value(0).get_node()
        # What quantising cuts off needs not be cut off before.
        data = before.input_value(0) if _is_bounded(node) else node.input_value(0)
        reduce_inputs(
            node, data, float(before.get_attributes()["max"]) if _is_bounded(node) else next(highest)
        )
    found.validate_nodes_and_infer_types()
    doubling = [node for node in nodes if _is_doubling(node)]
    left = _left_in_32_bits(found) if doubling else set()
    for node in doubling:
        if node.get_friendly_name() in left:
            _apart(node)
    found.validate_nodes_and_infer_types()
    return found


def _left_in_32_bits(model: Any) -> set[str]:
    """The transposed convolutions that OpenVINO computes in 32 bits all the same: those of many channels, how
    many depends on the processor and on their shape."""
    found: set[str] = set()
    for node in compile_model(model, I8, 1).get_runtime_model().get_ordered_ops():
        told = {name: str(info.value) for name, info in node.get_rt_info().items()}
        if told["layerType"] == "Deconvolution" and "I8" not in told["primitiveType"]:
            found.update(told["originalLayersNames"].split(","))
    return found


def reduce_inputs(node: Any, data: Any, high: float) -> None:
    """Let a convolution take `data`, in 0..high, and its weights in 8 bits."""
    node.input(0).replace_source_output(_activation(data, high).output(0))
    weight = node.input_value(1)
    node.input(1).replace_source_output(_weights(weight, _CONVOLUTIONS[node.get_type_name()]).output(0))


def _is_doubling(node: Any) -> bool:
    """Whether it is transposed, of 4x4 and stride 2, and gives twice the rows and columns."""
    if node.get_type_name() != _TRANSPOSED or list(node.get_input_shape(1))[2:] != [4, 4]:
        return False
    said = node.get_attributes()
    wanted = {"strides": [2, 2], "pads_begin": [1, 1], "pads_end": [1, 1], "output_padding": [0, 0]}
    return all(list(said[name]) == value for name, value in wanted.items())


def _apart(node: Any) -> None:
    """In the place of a doubling convolution put four plain ones of 2x2: of every pixel's four children each
    gives one. What was quantised stays so."""
    taken = node.input_value(0)
    weight = node.input_value(1).get_node().input_value(0).get_node().get_data()
    made = []
    for row, column in ((0, 0), (0, 1), (1, 0), (1, 1)):
        taps = weight[:, :, _TAPS[row]][:, :, :, _TAPS[column]]
        part = ops.constant(np.ascontiguousarray(taps.transpose(1, 0, 2, 3)))
        begin, end = [1 - row, 1 - column], [row, column]
        quantised = _weights(part.output(0), _CONVOLUTIONS[_PLAIN])
        made.append(ops.convolution(taken, quantised, [1, 1], begin, end, [1, 1]))
    doubled = ops.depth_to_space(ops.concat(made, 1), "blocks_first", 2)
    doubled.set_friendly_name(node.get_friendly_name())
    node.output(0).replace(doubled.output(0))


def _convolutions(model: Any, gives_picture: bool) -> list[Any]:
    """Those worth it: 1x1 ones cost little, and shortcuts, which have the widest ranges, are among them."""
    found = [node for node in model.get_ordered_ops() if _is_convolution(node)]
    worth = [node for node in found if _takes_activations(node) and _wide(node)]
    return [node for node in worth if not (gives_picture and _gives_picture(node))]


def _is_convolution(node: Any) -> bool:
    return node.get_type_name() in _CONVOLUTIONS


def _takes_activations(node: Any) -> bool:
    before = node.input_value(0).get_node()
    pooled = _kind_before(node) == "MaxPool" and _kind_before(before) == "Relu"
    return _is_bounded(node) or pooled or _kind_before(node) == "Relu"


def _is_bounded(node: Any) -> bool:
    before = node.input_value(0).get_node()
    return bool(_kind_before(node) == "Clamp" and float(before.get_attributes()["min"]) == 0.0)


def _kind_before(node: Any) -> str:
    return str(node.input_value(0).get_node().get_type_name())


def _gives_picture(node: Any) -> bool:
    """Whether no other convolution follows, or few maps are left: the pixels of a cell in three colours."""
    if int(node.get_output_partial_shape(0)[1].get_length()) < _FEWEST_MAPS:
        return True
    seen, waiting = set(), [node]
    while waiting:
        for target in waiting.pop().output(0).get_target_inputs():
            after = target.get_node()
            if _is_convolution(after):
                return False
            if after.get_friendly_name() not in seen:
                seen.add(after.get_friendly_name())
                waiting.append(after)
    return True


def _wide(node: Any) -> bool:
    weight = node.input_value(1)
    return weight.get_node().get_type_name() == "Constant" and tuple(weight.get_shape())[2:] != (1, 1)


def _measure(
    model: Any, samples: Sequence[Sequence[Floats]], gives_picture: bool, threads: int
) -> list[float]:
    """The greatest input over all samples of every convolution that takes unbounded ones."""
    probed = model.clone()
    axes = np.arange(4, dtype=np.int64)
    nodes = [node for node in _convolutions(probed, gives_picture) if not _is_bounded(node)]
    if not nodes:
        return []
    probed.add_results([ops.result(ops.reduce_max(node.input_value(0), axes)) for node in nodes])
    outputs = len(probed.outputs) - len(nodes)
    request = compile_model(probed, F32, threads).create_infer_request()
    rows = []
    for sample in samples:
        results = request.infer(list(sample))
        rows.append([float(results[outputs + k]) for k in range(len(nodes))])
    highest: list[float] = np.array(rows).max(0).tolist()
    return highest


def _activation(data: Any, high: float) -> Any:
    return _fake(data, np.zeros((1, 1, 1, 1)), np.full((1, 1, 1, 1), max(high, _LEAST)), 256)


def _weights(weight: Any, axis: int) -> Any:
    values = weight.get_node().get_data()
    others = tuple(k for k in range(values.ndim) if k != axis)
    reach = np.maximum(np.abs(values).max(axis=others, keepdims=True), _LEAST)
    return _fake(weight, -reach, reach, 255)


def _fake(value: Any, low: NDArray[Any], high: NDArray[Any], levels: int) -> Any:
    least, most = ops.constant(low.astype(np.float32)), ops.constant(high.astype(np.float32))
    return ops.fake_quantize(value, least, most, least, most, levels)
