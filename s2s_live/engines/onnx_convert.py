"""PyTorch networks as ONNX models."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from s2s_live.engines.runtime import Floats

OPSET = 17


class _Levels(nn.Module):
    """A network whose levels come as bytes, decimals cut off."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *inputs: Tensor) -> Tensor:
        found: Tensor = self.network(*inputs)
        return found.to(torch.uint8)


def convert(network: nn.Module, example: Sequence[Floats], *, levels: bool = False) -> bytes:
    """`network` as an ONNX model for inputs of exactly these shapes, `in0`, `in1` and so on; its output is
    `out`, with `levels` as bytes.

    Raises ImportError without the package onnx, RuntimeError and others where an operator is not known.
    """
    import onnx  # noqa: F401  the exporter asks for it only at its end

    made = (_Levels(network) if levels else network).eval()
    stream = io.BytesIO()
    with torch.no_grad(), warnings.catch_warnings():
        # The exporter that takes TorchScript needs nothing but onnx, and says that another one is newer.
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        torch.onnx.export(
            made,
            tuple(torch.from_numpy(item) for item in example),
            stream,  # type: ignore[arg-type]  # taken where dynamo is False
            dynamo=False,
            opset_version=OPSET,
            input_names=[f"in{index}" for index in range(len(example))],
            output_names=["out"],
        )
    return stream.getvalue()
