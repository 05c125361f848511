"""Weights into networks: by name and shape, strictly, or with a message that says what differs."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from s2s_live.engines.sound2scene.config import OTHER_WEIGHTS
from s2s_live.errors import ModelError

FOREIGN = "It is of another network: choose the file as its authors publish it."
"""What to do about weights that are being imported."""


def load_weights(network: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Fill `network` with `tensors`; see `check_weights`."""
    check_weights(network.state_dict(), tensors, what)
    network.load_state_dict(dict(tensors), strict=False)


def check_weights(
    expected: Mapping[str, Tensor], tensors: Mapping[str, Tensor], what: str, hint: str = OTHER_WEIGHTS
) -> None:
    """See that `tensors` have the names, shapes and kinds of `expected`, and finite numbers.

    Counters of seen batches may be left out. Raises ModelError naming the first that are missing, unknown or
    of another shape.
    """
    optional = {name for name in expected if name.endswith("num_batches_tracked")}
    missing = sorted(set(expected) - set(tensors) - optional)
    unknown = sorted(set(tensors) - set(expected))
    if missing or unknown:
        raise ModelError(
            f"{what}: {len(missing)} missing {missing[:3]}, {len(unknown)} unknown {unknown[:3]}.", hint
        )
    for name, tensor in tensors.items():
        wanted = expected[name]
        check_tensor(tensor, tuple(wanted.shape), f"{what}: {name}", wanted.is_floating_point(), hint)


def check_tensor(
    tensor: Tensor, shape: tuple[int, ...], what: str, floating: bool = True, hint: str = OTHER_WEIGHTS
) -> None:
    """Raise ModelError unless `tensor` has this shape and, where asked, finite floating-point numbers."""
    if tuple(tensor.shape) != shape:
        raise ModelError(f"{what} has shape {list(tensor.shape)} instead of {list(shape)}.", hint)
    if tensor.is_floating_point() != floating:
        raise ModelError(f"{what} is of type {tensor.dtype}.", hint)
    # The ends tell of the whole, and looking for them takes no memory.
    if floating and tensor.numel() and not bool(torch.stack(torch.aminmax(tensor)).isfinite().all()):
        raise ModelError(f"{what} holds numbers that are not finite.", hint)
