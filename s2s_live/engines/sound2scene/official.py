"""State dicts of the official IC-GAN generator as ours: spectral norm worked into the weights."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor
from torch.nn import functional

SN_EPS = 1e-6


def fold_generator(tensors: Mapping[str, Tensor], *, classes: bool = False) -> dict[str, Tensor]:
    """The tensors of an official generator with every weight divided by its spectral norm.

    The official network does that division at each step, from the buffers `u0` (and logs it in `sv0`), which
    therefore go. Without `classes` the embedding of labels goes too: it is there and never used.
    """
    folded = {}
    for name, tensor in tensors.items():
        stem, _, leaf = name.rpartition(".")
        if leaf in {"u0", "sv0"} or (stem == "shared" and not classes):
            continue
        vector = tensors.get(f"{stem}.u0")
        folded[name] = (
            tensor / spectral_norm(tensor, vector) if leaf == "weight" and vector is not None else tensor
        )
    return folded


def spectral_norm(weight: Tensor, vector: Tensor) -> Tensor:
    """Largest singular value of `weight [out, ...]`, by one power iteration from `vector [1, out]`."""
    matrix = weight.flatten(1)
    right = functional.normalize(vector @ matrix, eps=SN_EPS)
    left = functional.normalize(right @ matrix.T, eps=SN_EPS)
    return (right @ matrix.T @ left.T).squeeze()
