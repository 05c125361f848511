"""Detail at the picture's own resolution: mattes from noise fields, learnt planes and coordinates.

A streak of rain, a star, the edge of a ridge are thresholds of a noise plane or of a line. The last block of
a generator with a shuffle sees the pixels of a cell as channels and would have to learn such a threshold four
times; a matte is one for all pixels. The scene chooses what it reads and its colour, the maps of the last
block where it begins and how much of it there is in each cell. What sets a threshold from a coarser place is
interpolated before it, not after: an edge is then as sharp as the picture. Outlines that always stand in one
place (a dial, a bridge) are thresholds of learnt planes. Some mattes are lines: high where others have edges.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.config import FieldsConfig

LINE = 3
"""What a matte reads beside the noise planes: x, y and a constant."""
STEEP, PEAK = 8.0, 2.0
"""A new matte's slope over its own noise plane, and from which value on it is there: the rare peaks. A soft
one would be wider than what it should draw, and be unlearnt before it is narrow."""


class Detail(nn.Module):
    """`forward(h, q, coarse, fine)` is what mattes add to a picture before its tanh, `[B, 3, 2r, 2r]`.

    `h [B, C, r, r]` are the last block's maps, `q [B, Q]` its condition, `coarse [B, K, r, r]` the planes it
    takes, `fine [B, P, 2r, 2r]` noise planes and, last, x and y.
    """

    bend: Tensor

    def __init__(self, config: FieldsConfig, coarse: int, condition: int, width: int) -> None:
        super().__init__()
        self.count, self.lines = config.mattes, config.lines
        self.coarse, self.inputs = coarse, config.fine + LINE
        count = self.count
        self.read = nn.Linear(condition, count * self.inputs)
        self.read_coarse = nn.Linear(condition, count * coarse)
        self.colour = nn.Linear(condition, 3 * count)
        self.start = nn.Conv2d(width, count, 1)
        self.amount = nn.Conv2d(width, count, 1)
        bend = 4.0 * (torch.arange(count) >= count - self.lines)
        self.register_buffer("bend", bend.float()[:, None, None], persistent=False)

    def reset(self, peaks: Sequence[tuple[bool, int]] = ()) -> None:
        """Where training begins: mattes at the peaks of planes, (whether it is a fine one, its index), the
        others at those of the fine planes in turn; all without a colour, so that a scene that has no use for
        one is not harmed by it meanwhile."""
        for layer in (self.read, self.read_coarse, self.start, self.amount):
            nn.init.normal_(layer.weight, std=0.1 * layer.weight[0].numel() ** -0.5)
        for part in self.children():
            for bias in (values for values in part.parameters() if values.dim() == 1):
                nn.init.zeros_(bias)
        nn.init.zeros_(self.colour.weight)
        rest = ((True, matte % (self.inputs - LINE)) for matte in range(len(peaks), self.count))
        with torch.no_grad():
            for name, values in self.amount.named_parameters():
                if name == "bias":
                    values.fill_(1.0)
            fine = self.read.bias.view(self.count, self.inputs)
            coarse = self.read_coarse.bias.view(self.count, self.coarse)
            fine[:, -1] = -STEEP * PEAK
            for matte, (is_fine, plane) in enumerate((*peaks[: self.count], *rest)):
                (fine if is_fine else coarse)[matte, plane] = STEEP

    def ridged(self, mattes: Tensor) -> Tensor:
        """Mattes `[B, n, r, r]`, the lines among them one where they were a half and zero far off."""
        if not self.lines:
            return mattes
        return mattes * (1.0 + self.bend * (0.75 - mattes))

    def forward(self, h: Tensor, q: Tensor, coarse: Tensor, fine: Tensor) -> Tensor:
        """See the class."""
        table = self.read(q).reshape(-1, self.count, self.inputs)
        wide = self.read_coarse(q).reshape(-1, self.count, self.coarse) @ coarse.flatten(2)
        start = self.start(h)
        start = doubled(start + wide.reshape(start.shape))
        found = torch.baddbmm(table[..., -1:], table[..., :-1], fine.flatten(2)).reshape(start.shape)
        mattes = self.ridged(torch.sigmoid(found + start)) * repeated(self.amount(h))
        added: Tensor = self.colour(q).reshape(-1, 3, self.count) @ mattes.flatten(2)
        return added.reshape(-1, 3, *mattes.shape[2:])


def doubled(planes: Tensor) -> Tensor:
    """Twice the rows and columns, bilinear between pixel centres."""
    return functional.interpolate(planes, scale_factor=2.0, mode="bilinear", align_corners=False)


def repeated(planes: Tensor) -> Tensor:
    """Twice the rows and columns, each pixel repeated."""
    return functional.interpolate(planes, scale_factor=2.0, mode="nearest")
