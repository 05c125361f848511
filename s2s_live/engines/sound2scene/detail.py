"""Detail at the picture's own resolution: mattes from noise fields and coordinates, laid on by a generator.

A streak of rain, a star, the edge of a ridge are thresholds of a noise plane or of a line. The last block of
a generator with a shuffle sees the pixels of a cell as channels and would have to learn such a threshold four
times; a matte is one for all pixels. The scene chooses what it reads and its colour, the maps of the last
block where it begins and how much of it there is. What comes from a coarser place is interpolated before the
threshold, not after: an edge is then as sharp as the picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LINE = 3
"""What a matte reads beside the noise planes: x, y and a constant."""
STEEP, OFFSET = 3.0, -5.0
"""A new matte's slope over its own noise plane, and where it starts: at the rare peaks."""


class Detail(nn.Module):
    """`forward(h, q, coarse, fine)` is what mattes add to a picture before its tanh, `[B, 3, 2r, 2r]`.

    `h [B, C, r, r]` are the last block's maps, `q [B, Q]` its condition, `coarse [B, K, r, r]` the planes it
    takes, `fine [B, P, 2r, 2r]` noise planes and, last, x and y.
    """

    def __init__(self, coarse: int, fine: int, count: int, condition: int, width: int) -> None:
        super().__init__()
        self.count, self.coarse, self.inputs = count, coarse, fine + LINE
        self.read = nn.Linear(condition, count * self.inputs)
        self.read_coarse = nn.Linear(condition, count * coarse)
        self.colour = nn.Linear(condition, 3 * count)
        self.place = nn.Conv2d(width, 2 * count, 1)

    def reset(self) -> None:
        """Where training begins: a matte at the peaks of each noise plane, the others anywhere."""
        spreads = ((self.read, 1.0), (self.read_coarse, 0.0), (self.colour, 0.3), (self.place, 0.0))
        for layer, spread in spreads:
            nn.init.normal_(layer.weight, std=0.3 * layer.weight[0].numel() ** -0.5)
            for bias in (values for values in layer.parameters() if values.dim() == 1):
                nn.init.normal_(bias, std=spread)
        noises = min(self.inputs - LINE, self.count)
        with torch.no_grad():
            table = self.read.bias.view(self.count, self.inputs)
            table[noises:, -LINE:] *= 4.0
            table[:noises] = 0.0
            table[:noises, :noises] = STEEP * torch.eye(noises)
            table[:noises, -1] = OFFSET

    def forward(self, h: Tensor, q: Tensor, coarse: Tensor, fine: Tensor) -> Tensor:
        """See the class."""
        table = self.read(q).reshape(-1, self.count, self.inputs)
        wide = self.read_coarse(q).reshape(-1, self.count, self.coarse) @ coarse.flatten(2)
        start, amount = self.place(h).chunk(2, dim=1)
        start = start + wide.reshape(start.shape)
        start, amount = doubled(torch.cat([start, amount], dim=1)).chunk(2, dim=1)
        found = torch.baddbmm(table[..., -1:], table[..., :-1], fine.flatten(2)).reshape(start.shape)
        mattes = torch.sigmoid(found + start) * amount
        added: Tensor = self.colour(q).reshape(-1, 3, self.count) @ mattes.flatten(2)
        return added.reshape(-1, 3, *mattes.shape[2:])


def doubled(planes: Tensor) -> Tensor:
    """Twice the rows and columns, bilinear between pixel centres."""
    return functional.interpolate(planes, scale_factor=2.0, mode="bilinear", align_corners=False)
