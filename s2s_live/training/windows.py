"""Fine detail learnt from pieces of pictures: the last block costs as much as all others together.

The blocks before it always see the whole scene, and learn from the whole picture at their own size.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from s2s_live.engines.sound2scene.generator import Generator, Window

MARGIN = 2
"""Cells of the map before the last block that are cut off where a piece ends inside the picture: padding
reaches so far."""


@dataclass(frozen=True)
class Piece:
    """A square piece of a scene, in cells of the map before the last block."""

    top: int
    left: int
    cells: int
    of: int
    """Cells of the whole map."""

    @classmethod
    def random(cls, of: int, generator: torch.Generator) -> Piece:
        """Seven sixteenths of a map wide, anywhere; the edges as often as the middle."""
        cells = max(of * 7 // 16, min(of, 4 * MARGIN))
        reach = of - cells
        starts = torch.randint(-2 * MARGIN, reach + 2 * MARGIN + 1, (2,), generator=generator)
        top, left = starts.clamp(0, reach).tolist()
        return cls(top, left, cells, of)

    def window(self, scale: int) -> Window:
        """Where it lies in planes `scale` times as fine as the map."""
        return (
            slice(self.top * scale, (self.top + self.cells) * scale),
            slice(self.left * scale, (self.left + self.cells) * scale),
        )

    def inside(self, scale: int) -> Window:
        """Which rows and columns of the painted piece are as in the whole picture."""
        return _kept(self.top, self.cells, self.of, scale), _kept(self.left, self.cells, self.of, scale)


def _kept(start: int, cells: int, of: int, scale: int) -> slice:
    first = MARGIN if start > 0 else 0
    last = cells - (MARGIN if start + cells < of else 0)
    return slice(first * scale, last * scale)


def paint_piece(
    generator: Generator, z: Tensor, feature: Tensor, fields: list[Tensor], piece: Piece
) -> tuple[Tensor, Tensor]:
    """What the last block is given of the whole scene, and the piece's picture, edges cut."""
    last = generator.config.blocks - 1
    h, conditions = generator.begin(z, feature)
    for index in range(last):
        h = generator.stage(index, h, conditions[index], generator.planes(index, fields, len(z)))
    rows, columns = piece.window(1)
    planes = generator.planes(last, fields, len(z), piece.window(2))
    cells = generator.stage(last, h[..., rows, columns], conditions[last], planes)
    fine = generator.fine_planes(fields, len(z), piece.window(2))
    made = generator.finish(cells, conditions[last], planes, fine)
    rows, columns = piece.inside(generator.config.resolution // piece.of)
    return h, made[..., rows, columns]


def part_of(picture: Tensor, piece: Piece) -> Tensor:
    """The same rows and columns of a whole picture as `paint_piece` gives."""
    scale = picture.shape[-1] // piece.of
    rows, columns = piece.window(scale)
    inner_rows, inner_columns = piece.inside(scale)
    return picture[..., rows, columns][..., inner_rows, inner_columns]
