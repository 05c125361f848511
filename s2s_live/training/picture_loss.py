"""How far generated pictures are from rendered ones, standing and moving. Pictures are -1..1."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

FINE = 1.0
"""Weight of the amplitude of the finest detail."""
ENERGY = 0.08
"""Weight of the energy of the finest detail, over what the scene has of it."""
LEAST_ENERGY = 2e-5
"""What counts as hardly any: half a level of 255."""
UNSEEN = 1e-5
"""Added to an energy under a root, whose slope it bounds: less than half a level of 255."""
SQUARE = 2.0
"""Weight of the squared error."""
GRID = 0.05
"""Weight of what wrongly repeats with every second pixel, over the energy of a scene's finest detail."""
RIM = 0.1
"""Weight of the outermost rows and columns: there a network sees nothing beyond, and a wrong line shows."""


def fine_amplitude(picture: Tensor) -> Tensor:
    """Root mean square of the finest detail (what a 3x3 binomial blur takes away) around each place.

    `[B, 3, S, S]` to `[B, 3, s, s]`: squares of eight pixels, four apart.
    """
    channels = picture.shape[1]
    line = picture.new_tensor([0.25, 0.5, 0.25])
    kernel = (line[:, None] * line).expand(channels, 1, 3, 3)
    fine = picture[..., 1:-1, 1:-1] - functional.conv2d(picture, kernel, groups=channels)
    return (functional.avg_pool2d(fine.square(), 8, 4) + UNSEEN).sqrt()


def energy_error(made: Tensor, truth: Tensor, least: Tensor | float = LEAST_ENERGY) -> Tensor:
    """Error of the finest detail's energy around each place, over how much a picture has (and `least`), of
    the `fine_amplitude` of generated and rendered pictures."""
    there, wanted = made.square(), truth.square()
    gap = (there - wanted).abs().mean((1, 2, 3))
    return (gap / (wanted.mean((1, 2, 3)) + least)).mean()


def grid_energy(made: Tensor, truth: Tensor) -> Tensor:
    """Energy near the Nyquist frequency, along x or y, by which pictures have more than the rendered ones
    around each place, `[B]`: sixth differences see what repeats with every second pixel and no soft edge.

    Where each cell of a network makes a square of pixels (sub-pixel convolution, Shi et al., 2016), it is
    what they get when they do not fit together: a grid that is too weak to count among other errors, and
    is all that calm scenes have of fine detail.
    """
    there, wanted = _finest_energy(made), _finest_energy(truth)
    across, down = ((a - b).relu().mean((1, 2, 3)) for a, b in zip(there, wanted, strict=True))
    return across + down


def _finest_energy(picture: Tensor) -> list[Tensor]:
    """Along y and x, around each place; that of one and minus one by turns is one."""
    lines = [picture.diff(n=6, dim=dim) / 64.0 for dim in (2, 3)]
    return [functional.avg_pool2d(line.square().mean(1, keepdim=True), 8, 4) for line in lines]


def rim_error(gap: Tensor) -> Tensor:
    """Mean absolute error of the outermost rows and columns."""
    lines = (gap[..., 0, :], gap[..., -1, :], gap[..., :, 0], gap[..., :, -1])
    return torch.cat([line.flatten() for line in lines]).abs().mean()


def picture_loss(made: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error of pixels, of the outermost once more, of their differences along x and y, of two
    coarser scales, and of how strong the finest detail is; the mean squared error of pixels; the error of
    the finest energy; and grids.

    The finest detail asks for grain of the right strength where its exact place is out of reach: the pixels
    alone would have it blurred. Its energy is taken over the scene's own: a calm scene has few stars, and
    counts as much as heavy rain. The squares are for what is small and stands out (a leaf, a bird): while it
    is more than half wrong, the absolute error is least without it.
    """
    made = made.contiguous()  # three channels last would be slow
    gap = made - truth
    across = (gap[..., :, 1:] - gap[..., :, :-1]).abs().mean()
    down = (gap[..., 1:, :] - gap[..., :-1, :]).abs().mean()
    half = functional.avg_pool2d(gap, 2)
    eighth = functional.avg_pool2d(half, 4)
    fine, wanted = fine_amplitude(made), fine_amplitude(truth)
    grain = (fine - wanted).abs().mean()
    coarse = half.abs().mean() + eighth.abs().mean()
    pixels = gap.abs().mean() + SQUARE * gap.square().mean() + RIM * rim_error(gap)
    grid = (grid_energy(made, truth) / (wanted.square().mean((1, 2, 3)) + LEAST_ENERGY)).mean()
    sharp = FINE * grain + ENERGY * energy_error(fine, wanted) + GRID * grid
    return pixels + 0.6 * (across + down) + 0.4 * coarse + sharp


def unsteadiness(made: Tensor, truth: Tensor, moments: int) -> Tensor:
    """Mean absolute change of the error between successive moments of a scene, which stand side by side.

    A pixel that is always wrong by much may flicker by little, and its absolute error stays the same: that
    flicker is seen, and only this sees it.
    """
    gap = made - truth
    gap = gap.reshape(-1, moments, *gap.shape[1:])
    return gap.diff(dim=1).abs().mean()


def psnr(made: Tensor, truth: Tensor) -> Tensor:
    """Decibels for each picture, `[B]`."""
    error = (made.clamp(-1.0, 1.0) - truth).square().mean((1, 2, 3)).clamp(min=1e-8)
    return 10.0 * error.reciprocal().mul(4.0).log10()
