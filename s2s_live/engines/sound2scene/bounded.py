"""A ReLU that learns how far its values reach, and meanwhile gives them in the steps of 8 bits.

What follows can then be computed in 8-bit whole numbers without ranges measured afterwards, and has learnt to
live with their steps: to flicker less where a scene moves by less than one (Jacob et al. 2018, section 3).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LEVELS = 255
MOMENTUM = 0.02
"""Share of the newest batch in how far values reach."""


class BoundedReLU(nn.Module):
    """`min(max(x, 0), bound)`; in training, rounded to steps of `bound / 255`, which gradients pass by."""

    bound: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("bound", torch.tensor(torch.inf))

    def forward(self, x: Tensor) -> Tensor:
        """The same shape."""
        if not self.training:
            return torch.minimum(functional.relu(x), self.bound)
        self._follow(x.detach())
        zero = torch.zeros((), dtype=torch.int32, device=x.device)
        return torch.fake_quantize_per_tensor_affine(x, self.bound / LEVELS, zero, 0, LEVELS)

    def _follow(self, x: Tensor) -> None:
        top = x.amax().clamp(min=1e-3)
        moved = torch.lerp(self.bound, top, MOMENTUM)
        self.bound.copy_(torch.where(self.bound.isfinite(), moved, top))
