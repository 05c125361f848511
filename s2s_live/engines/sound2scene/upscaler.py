"""Twice the lines: a small network after the generator that draws edges and grain between its pixels.

It works on cells, squares of pixels of which each is one place with many channels: on a vector processor
wide convolutions over few places cost less than narrow ones over many.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.errors import ModelError

CELL = 2
"""Pixels along the side of a cell of what it is given; of what it gives there are twice as many."""
REACH = 3
"""Cells around a place that shape it."""
_HINT = "The weights belong to another model; get the model folder again."


@dataclass(frozen=True)
class UpscalerConfig:
    """Its numbers in a manifest."""

    channels: int = 32
    planes: int = 0
    """Noise fields it takes beside the picture: as many as the generator's finest."""

    def __post_init__(self) -> None:
        for name, least in (("channels", 1), ("planes", 0)):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= 512:
                raise ModelError(f"The upscaler's {name} are {number!r}.", _HINT)

    def to_json(self) -> dict[str, Any]:
        """As a manifest takes it."""
        return {"channels": self.channels, "planes": self.planes}

    @classmethod
    def from_json(cls, data: Any) -> UpscalerConfig:
        """Read from a manifest. Raises ModelError."""
        if not isinstance(data, Mapping) or set(data) != {"channels", "planes"}:
            raise ModelError("The manifest's upscaler cannot be read.", _HINT)
        return cls(data["channels"], data["planes"])

    @property
    def macs_per_pixel(self) -> float:
        """Multiplications for each pixel of the picture it is given."""
        wide, narrow = 12 * CELL**2, (3 + self.planes) * CELL**2
        return 9 * (self.channels * (narrow + self.channels + wide) + 3 * CELL**2 * wide) / CELL**2


class Upscaler(nn.Module):
    """Cells `[B, 12, R/2, R/2]` of a picture in -1..1 to cells `[B, 48, R/2, R/2]` of one twice as fine.

    Channel `(row * side + column) * 3 + colour` of a cell; see `to_cells`. The noise fields that the picture
    was painted with, `[B, 4 * planes, R/2, R/2]` (`torch.pixel_unshuffle`), say what lies between its pixels.
    Beyond the edge picture and fields count as going on as they end. Untrained it is bicubic interpolation.
    """

    def __init__(self, config: UpscalerConfig) -> None:
        super().__init__()
        self.config = config
        narrow, wide = 3 * CELL**2, 12 * CELL**2
        self.enter = nn.Conv2d(narrow, config.channels, 3)
        self.enter_planes: nn.Conv2d | None = None
        if config.planes:
            self.enter_planes = nn.Conv2d(config.planes * CELL**2, config.channels, 3, bias=False)
        self.middle = nn.Conv2d(config.channels, config.channels, 3)
        self.leave = nn.Conv2d(config.channels, wide, 3)
        self.plain = nn.Conv2d(narrow, wide, 3, bias=False)
        with torch.no_grad():
            if self.enter_planes is not None:
                self.enter_planes.weight.mul_(0.1)  # the picture comes first
            self.leave.weight.zero_()
            self.leave.bias.zero_()  # type: ignore[union-attr]
            self.plain.weight.copy_(bicubic_weight())

    def forward(self, cells: Tensor, planes: Tensor | None = None) -> Tensor:
        """See the class."""
        return self.inner(extended(cells), None if planes is None else self.noise(extended(planes)))

    def noise(self, planes: Tensor) -> Tensor | None:
        """What the fields add, `[B, channels, n, n]`, from the same rows and columns as `inner` is given."""
        return None if self.enter_planes is None else self.enter_planes(planes)

    def inner(self, cells: Tensor, noise: Tensor | None = None) -> Tensor:
        """The same of cells whose REACH outermost rows and columns only shape what lies inside."""
        h = self.enter(cells)
        h = functional.relu(h if noise is None else h + noise)
        h = self.leave(functional.relu(self.middle(h)))
        off = REACH - 1
        sharpened: Tensor = h + self.plain(cells[..., off:-off, off:-off])
        return sharpened


def extended(cells: Tensor) -> Tensor:
    """REACH more rows and columns on every side, like the outermost ones."""
    return functional.pad(cells, (REACH,) * 4, mode="replicate")


def to_cells(picture: Tensor, side: int) -> Tensor:
    """Pictures `[B, 3, H, W]` as cells `[B, 3 * side**2, H / side, W / side]`."""
    apart = functional.pixel_unshuffle(picture, side)
    batch, _, rows, columns = apart.shape
    return apart.reshape(batch, 3, side**2, rows, columns).transpose(1, 2).reshape(batch, -1, rows, columns)


def to_pixels(cells: Tensor) -> Tensor:
    """The inverse of `to_cells`."""
    batch, channels, rows, columns = cells.shape
    side = round((channels // 3) ** 0.5)
    apart = cells.reshape(batch, side**2, 3, rows, columns).transpose(1, 2)
    return functional.pixel_shuffle(apart.reshape(batch, channels, rows, columns), side)


@torch.no_grad()
def upscaled(upscaler: Upscaler, pictures: Tensor, planes: Tensor) -> Tensor:
    """Pictures `[B, 3, S, S]` in 0..1, painted with finest fields `[B, P, S, S]`, at twice the size."""
    cells = to_cells(pictures * 2.0 - 1.0, CELL)
    made: Tensor = upscaler(cells, functional.pixel_unshuffle(planes, CELL))
    return (to_pixels(made) * 0.5 + 0.5).clamp(0.0, 1.0)


def bicubic_weight() -> Tensor:
    """The 3x3 convolution `[48, 12, 3, 3]` over cells that is bicubic interpolation to twice the size."""
    side = 3 * CELL
    impulses = torch.eye(3 * side * side).reshape(-1, 3, side, side)
    found = functional.interpolate(impulses, scale_factor=2.0, mode="bicubic", align_corners=False)
    middle = to_cells(found, 2 * CELL)[:, :, 1, 1]
    # Row i of `middle` is what impulse i (colour, row, column) adds: the weights of that pixel.
    rows = to_cells(middle.T.reshape(-1, 3, side, side), CELL)
    return rows.contiguous()
