"""Detail at the picture's own resolution: mattes from noise fields and coordinates, laid on by a generator.

A streak of rain, a star, the edge of a ridge are thresholds of a noise plane or of a line. The last block of
a generator with a shuffle sees the pixels of a cell as channels and would have to learn such a threshold four
times; a matte is one for all pixels. The scene chooses what it reads and its colour, the maps of the last
block where it begins and how much of it there is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

LINE = 3
"""What a matte reads beside the noise planes: x, y and a constant."""
STEEP, OFFSET = 3.0, -5.0
"""A new matte's slope over its own noise plane, and where it starts: at the rare peaks."""
CELL = 4
"""Pixels of a cell of the last block."""


class Detail(nn.Module):
    """`forward(h, q, planes)` is what mattes add to a picture before its tanh, `[B, 3 * 4, r, r]` in the
    order of a pixel shuffle by two.

    `h [B, C, r, r]` are the last block's maps, `q [B, Q]` its condition, `planes [B, P, 2r, 2r]` noise planes
    and, last, x and y.
    """

    def __init__(self, planes: int, count: int, condition: int, width: int) -> None:
        super().__init__()
        self.count, self.inputs = count, planes + LINE
        self.read = nn.Linear(condition, count * self.inputs)
        self.colour = nn.Linear(condition, 3 * count)
        self.place = nn.Conv2d(width, 2 * count, 1)

    def reset(self) -> None:
        """Where training begins: a matte at the peaks of each noise plane, the others anywhere."""
        for layer, spread in ((self.read, 1.0), (self.colour, 0.3), (self.place, 0.0)):
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

    def forward(self, h: Tensor, q: Tensor, planes: Tensor) -> Tensor:
        """See the class."""
        rows, columns = h.shape[2:]
        table = self.read(q).reshape(-1, 1, self.count, self.inputs)
        pixels = functional.pixel_unshuffle(planes, 2).reshape(-1, self.inputs - 1, CELL, rows * columns)
        start, amount = self.place(h).flatten(2)[:, None].chunk(2, dim=2)
        found = table[..., :-1] @ pixels.transpose(1, 2) + table[..., -1:]
        mattes = torch.sigmoid(found + start) * amount
        colours = self.colour(q).reshape(-1, 1, 3, self.count)
        added: Tensor = colours @ mattes
        return added.transpose(1, 2).reshape(-1, 3 * CELL, rows, columns)
