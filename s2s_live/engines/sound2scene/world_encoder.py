"""The bundled model's image encoder: small, and trained on the painted world without labels."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

INPUT_SIZE = 64
"""Rows and columns that it looks at."""
EMBEDDING_SIZE = 128


class WorldEncoder(nn.Module):
    """Pictures `[B, 3, S, S]` in 0..1, any S that 64 divides, to unit embeddings `[B, embedding_size]`."""

    def __init__(self, embedding_size: int = EMBEDDING_SIZE) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for wide, narrow in ((3, 32), (32, 64), (64, 96), (96, 160)):
            layers += [nn.Conv2d(wide, narrow, 3, 2, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU()]
            if wide > 3:
                layers += [nn.Conv2d(narrow, narrow, 3, 1, 1, bias=False), nn.BatchNorm2d(narrow), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(320, embedding_size)

    def forward(self, pictures: Tensor) -> Tensor:
        """Unit, non-negative embeddings."""
        if pictures.shape[-1] != INPUT_SIZE:
            pictures = functional.avg_pool2d(pictures, pictures.shape[-1] // INPUT_SIZE)
        h = self.body(pictures * 2.0 - 1.0)
        pooled = torch.cat([h.mean((2, 3)), h.amax((2, 3))], 1)
        return functional.normalize(functional.relu(self.head(pooled)), dim=1, eps=1e-6)
