"""Reading weights files as others published them: never running code from them, always with a named error."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.dtypes import Float32DType, Float64DType, Int32DType, Int64DType
from torch import Tensor, nn

from s2s_live.errors import ModelError

AGAIN = "Get the file again from where its authors publish it."
CHECK = "Check the path and its permissions."
MAX_BYTES = 4_000_000_000
"""The largest of these networks has a tenth of it; a checkpoint of training can be three times its size."""
WRAPPERS = ("state_dict", "model_state_dict", "model", "state_dict_best", "feat_model")
"""Keys under which training programs put the state dict, beside counters, optimisers and other networks."""
_scalar = np.float64(0).__reduce__()[0]
ALLOWED: list[Any] = [
    # The configuration inside IC-GAN's `state_dict_best0.pth` holds activations and scores as objects. A
    # scalar names the function that makes it by where NumPy had it when the file was written.
    nn.ReLU,
    np.dtype,
    (_scalar, "numpy.core.multiarray.scalar"),
    (_scalar, "numpy._core.multiarray.scalar"),
    *(Float32DType, Float64DType, Int32DType, Int64DType),
]
"""All that a file may name beside tensors and plain values: classes without side effects."""


def read_checkpoint(path: Path) -> Any:
    """What `torch.save` wrote, tensors on the CPU.

    Raises ModelError where there is no such file, where it is damaged or of another kind, and where reading
    it would mean to run code.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path} is too large to be one of these networks.", "Choose another file.")
        with torch.serialization.safe_globals(ALLOWED), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of pickles of other programs, which are refused anyway
            return torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise ModelError(f"{path} is not read: {_reason(error)}", AGAIN) from error
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error}).", CHECK) from error
    except (RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        # What PyTorch says of a file that ends early or was never one of its own depends on where it ends.
        raise ModelError(f"{path} is damaged, or no file of PyTorch ({_said(error)}).", AGAIN) from error


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The state dict in a weights file: bare or wrapped, saved by `torch.save` or as safetensors.

    Names are as in the file; floating-point numbers become float32, and each tensor has memory of its own,
    so that it may be changed in place. Raises ModelError as `read_checkpoint`, and where there are none.
    """
    found = _read_safetensors(path) if path.suffix == ".safetensors" else read_checkpoint(path)
    tensors = _state_dict(found)
    if tensors is None:
        raise ModelError(f"{path} holds no state dict.", "Choose the file with the network's weights.")
    size = path.stat().st_size
    for name, tensor in tensors.items():
        # A view can repeat one number a billion times: whoever copies it would run out of memory.
        if tensor.is_sparse or tensor.numel() * tensor.element_size() > size:
            raise ModelError(f"{path} claims to hold more numbers than it does ({name}).", AGAIN)
    return _owned(tensors)


def without_prefixes(tensors: Mapping[str, Tensor], *prefixes: str) -> dict[str, Tensor]:
    """The tensors with these taken from the start of every name, in this order, where they are there."""
    plain = dict(tensors)
    for prefix in prefixes:
        plain = {name.removeprefix(prefix): tensor for name, tensor in plain.items()}
    return plain


def _owned(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Without what a file can tie together: parts of one tensor, two names of the same."""
    owned, seen = {}, set()
    for name, tensor in tensors.items():
        plain = tensor.detach().contiguous()
        plain = plain.float() if plain.is_floating_point() else plain
        storage = plain.untyped_storage()
        if storage.data_ptr() in seen or storage.nbytes() != plain.nbytes:
            plain = plain.clone()
        seen.add(plain.untyped_storage().data_ptr())
        owned[name] = plain
    return owned


def _state_dict(found: Any) -> dict[str, Tensor] | None:
    """`found` itself, or the first that is wrapped in it, if that is names with tensors."""
    if not isinstance(found, Mapping) or not found:
        return None
    if all(isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()):
        return dict(found)
    wrapped = (_state_dict(found[name]) for name in WRAPPERS if name in found)
    return next((tensors for tensors in wrapped if tensors is not None), None)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    import safetensors
    import safetensors.torch

    try:
        tensors: dict[str, Tensor] = safetensors.torch.load_file(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error}).", CHECK) from error
    except safetensors.SafetensorError as error:
        raise ModelError(f"{path} is no safetensors file ({error}).", AGAIN) from error
    return tensors


def _said(error: Exception) -> str:
    """The first sentence, or which error it is."""
    return _first_line(str(error)).partition(". ")[0] or type(error).__name__


def _reason(error: UnpicklingError) -> str:
    """PyTorch's message without its advice to trust the file."""
    text = str(error)
    if "GLOBAL " in text:
        name = text.split("GLOBAL ", 1)[1].split(" ", 1)[0].rstrip(".")
        return f"it would run code ({name})."
    detail = text.partition("WeightsUnpickler error:")[2] or "no pickle of PyTorch"
    return f"it is damaged, or holds more than weights ({_first_line(detail)})."


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:200]
