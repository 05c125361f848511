"""NetVLAD pooling (Arandjelovic et al. 2016), as some audio encoders of Sound2Scene have it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.config import CLUSTERS


class NetVlad(nn.Module):
    """`[B, D, H, W]` maps to `[B, clusters * D]` vectors of unit length, whatever H and W are.

    Each place is shared out among clusters; a cluster adds up how its places differ from its centre.
    """

    def __init__(self, features: int, clusters: int = CLUSTERS) -> None:
        super().__init__()
        self.centroids = nn.Parameter(torch.empty(clusters, features))
        self.conv = nn.Conv2d(features, clusters, 1)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """As the official one begins: random centres and a convolution made of them."""
        nn.init.uniform_(self.centroids)
        with torch.no_grad():
            self.conv.weight.copy_(200.0 * self.centroids[..., None, None])
            if self.conv.bias is not None:
                self.conv.bias.copy_(-100.0 * self.centroids.norm(dim=1))

    def forward(self, maps: Tensor) -> Tensor:
        """See the class; clusters are in order, each with its D numbers."""
        maps = _normalized(maps, 1)
        shares = torch.softmax(self.conv(maps).flatten(2), dim=1)
        places = maps.flatten(2)
        # The sum of a * (x - c) over places, without the differences: they would be [B, K, D, H * W].
        sums = shares @ places.transpose(1, 2) - shares.sum(2)[..., None] * self.centroids
        return _normalized(_normalized(sums, 2).flatten(1), 1)


def _normalized(x: Tensor, dim: int) -> Tensor:
    # PyTorch's own smallest length is zero in 16 bits.
    return functional.normalize(x, dim=dim, eps=max(1e-12, torch.finfo(x.dtype).tiny))
