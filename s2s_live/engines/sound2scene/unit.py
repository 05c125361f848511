"""Embeddings of unit length: what sounds and pictures are compared by and painted from."""

from __future__ import annotations

import torch
from torch import Tensor


def unit(embedding: Tensor, eps: float = 1e-8) -> Tensor:
    """`embedding` over its length along the last axis; an all-zero one stays zero instead of NaN."""
    eps = max(eps, torch.finfo(embedding.dtype).tiny)  # in 16 bits it would be zero itself
    return torch.div(embedding, torch.linalg.vector_norm(embedding, dim=-1, keepdim=True).clamp_min(eps))
