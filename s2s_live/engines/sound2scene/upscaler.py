"""Twice the lines: a small network after the generator that draws edges and grain between its pixels.

What it adds to bicubic interpolation is a share of how much the picture varies around each pixel: nothing
where it is even, and in a soft scene as carefully as in a rough one. The noise fields, sampled at twice the
lines, tell where between two pixels a streak, a spark or a window ends.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.upscaler_config import REACH, SIDE, UpscalerConfig


class Upscaler(nn.Module):
    """A picture `[B, 3, R, R]` in -1..1 to the four pixels of each of its pixels, `[B, 12, R, R]`.

    Channel `(row * 2 + column) * 3 + colour`; see `to_pixels`. The noise fields that the picture was painted
    with, sampled at twice its size, `[B, planes, 2R, 2R]`, say what lies between its pixels. Beyond the edge
    picture and fields count as going on as they end. Untrained it is bicubic interpolation.
    """

    plain: Tensor
    spread: Tensor

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.config = config
        self.enter = nn.Conv2d(3, config.channels, 3)
        self.enter_planes: nn.Conv2d | None = None
        if config.planes:
            self.enter_planes = nn.Conv2d(config.planes * SIDE**2, config.channels, 1, bias=False)
        self.middle = nn.Conv2d(config.channels, config.channels, 3)
        self.leave = nn.Conv2d(config.channels, 3 * SIDE**2, 3)
        self.register_buffer("plain", bicubic_weight(), persistent=False)
        # Each colour once for every pixel: as a convolution, which runtimes do faster than copying.
        self.register_buffer("spread", torch.eye(3).repeat(SIDE**2, 1)[..., None, None], persistent=False)
        with torch.no_grad():
            if self.enter_planes is not None:
                self.enter_planes.weight.mul_(0.3)  # the picture comes first
            self.leave.weight.zero_()
            self.leave.bias.zero_()  # type: ignore[union-attr]

    def forward(self, picture: Tensor, planes: Tensor | None = None) -> Tensor:
        """See the class."""
        noise = None if planes is None else self.noise(functional.pixel_unshuffle(planes, SIDE))
        around = None if noise is None else extended(noise, REACH - 1)
        return self.inner(extended(picture, REACH), around)

    def noise(self, planes: Tensor) -> Tensor | None:
        """What fields `[B, 4 * planes, R, R]` (`torch.pixel_unshuffle`) add, `[B, channels, R, R]`."""
        return None if self.enter_planes is None else self.enter_planes(planes)

    def inner(self, picture: Tensor, noise: Tensor | None = None) -> Tensor:
        """The same of a picture whose REACH outermost rows and columns only shape what lies inside; `noise`
        reaches one less far."""
        h = self.enter(picture)
        h = functional.relu(h if noise is None else h + noise)
        h = self.leave(functional.relu(self.middle(h)))
        plain = functional.conv2d(picture[..., 1:-1, 1:-1], self.plain)
        near = picture[..., 2:-2, 2:-2]
        span = functional.max_pool2d(near, 3, 1) + functional.max_pool2d(-near, 3, 1)
        return torch.addcmul(plain, h, functional.conv2d(span, self.spread))


def extended(planes: Tensor, by: int) -> Tensor:
    """So many more rows and columns on every side, like the outermost ones."""
    return functional.pad(planes, (by,) * 4, mode="replicate")


def to_pixels(cells: Tensor) -> Tensor:
    """Cells `[B, 12, R, R]` of four pixels as the picture `[B, 3, 2R, 2R]`."""
    batch, _, rows, columns = cells.shape
    apart = cells.reshape(batch, SIDE**2, 3, rows, columns).transpose(1, 2)
    return functional.pixel_shuffle(apart.reshape(batch, -1, rows, columns), SIDE)


@torch.no_grad()
def upscaled(upscaler: Upscaler, pictures: Tensor, planes: Tensor) -> Tensor:
    """Pictures `[B, 3, S, S]` in 0..1 at twice the size, painted with the channels whose samples at that size
    `planes [B, P, 2S, 2S]` are."""
    made: Tensor = upscaler(pictures * 2.0 - 1.0, planes)
    return (to_pixels(made) * 0.5 + 0.5).clamp(0.0, 1.0)


def bicubic_weight() -> Tensor:
    """The 5x5 convolution `[12, 3, 5, 5]` that is bicubic interpolation to the four pixels of each."""
    impulses = torch.eye(25).reshape(25, 1, 5, 5)
    found = functional.interpolate(impulses, scale_factor=2.0, mode="bicubic", align_corners=False)
    # Row i is what an impulse at tap i adds to the pixels of the middle one.
    taps = found[:, 0, 4:6, 4:6].reshape(25, SIDE**2).T.reshape(SIDE**2, 1, 1, 5, 5)
    return (taps * torch.eye(3)[None, :, :, None, None]).reshape(3 * SIDE**2, 3, 5, 5)
