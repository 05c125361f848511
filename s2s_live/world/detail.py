"""How much fine detail pictures have."""

from __future__ import annotations

import torch
from torch import Tensor

HALF_NYQUIST = 0.25
"""Cycles per pixel."""


def detail_ratio(pictures: Tensor, reference: Tensor) -> float:
    """Fine energy of some pictures over that of others as many."""
    return float(fine_energy(pictures) / fine_energy(reference).clamp(min=1e-12))


def fine_energy(pictures: Tensor) -> Tensor:
    """Mean energy of pictures `[B, 3, S, S]` in 0..1 above half the Nyquist frequency, in any direction.

    A window fades the picture's edges, which the transform would take for steps.
    """
    size = pictures.shape[-1]
    window = torch.hann_window(size, periodic=False, device=pictures.device)
    centred = pictures - pictures.mean((2, 3), keepdim=True)
    power = torch.fft.fft2(centred * window * window[:, None]).abs().square()
    frequency = torch.fft.fftfreq(size, device=pictures.device)
    fine = torch.hypot(frequency, frequency[:, None]) > HALF_NYQUIST
    energy: Tensor = power[..., fine].sum(-1).mean() / size**2
    return energy
