"""Weights into networks: by name and shape, strictly, or with a message that says what differs."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from s2s_live.errors import ModelError

HINT = "The weights belong to another model; get the model folder again."


def load_weights(network: nn.Module, tensors: Mapping[str, Tensor], what: str) -> None:
    """Fill `network` with `tensors`; counters of seen batches may be left out.

    Raises ModelError naming the first tensors that are missing, unknown or of another shape.
    """
    expected = network.state_dict()
    optional = {name for name in expected if name.endswith("num_batches_tracked")}
    missing = sorted(set(expected) - set(tensors) - optional)
    unknown = sorted(set(tensors) - set(expected))
    if missing or unknown:
        raise ModelError(
            f"{what}: {len(missing)} missing {missing[:3]}, {len(unknown)} unknown {unknown[:3]}.", HINT
        )
    for name, tensor in tensors.items():
        check_tensor(
            tensor, tuple(expected[name].shape), f"{what}: {name}", expected[name].is_floating_point()
        )
    network.load_state_dict(dict(tensors), strict=False)


def check_tensor(tensor: Tensor, shape: tuple[int, ...], what: str, floating: bool = True) -> None:
    """Raise ModelError unless `tensor` has this shape and, where asked, finite floating-point numbers."""
    if tuple(tensor.shape) != shape:
        raise ModelError(f"{what} has shape {list(tensor.shape)} instead of {list(shape)}.", HINT)
    if tensor.is_floating_point() != floating:
        raise ModelError(f"{what} is of type {tensor.dtype}.", HINT)
    if floating and not bool(tensor.isfinite().all()):
        raise ModelError(f"{what} holds numbers that are not finite.", HINT)
