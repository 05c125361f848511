"""A picture as the image encoder takes it, its last step done for a whole batch where the network runs.

Equal to `engines.sound2scene.image_input.feature_input`: normalising and interpolating are linear, so that a
loader need not do them, nor hand over floats.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.image_input import DEVIATION, FEATURE_SIDE, MEAN, RESIZED, read_rgb

BANDS = 4
"""Pieces that the rows and columns of a picture are interpolated in."""


def squeezed(data: bytes) -> Tensor:
    """An image file's bytes as `[3, 256, 256]` uint8, whatever its shape was.

    Raises OSError, ValueError or SyntaxError, as Pillow does, for what cannot be read.
    """
    with warnings.catch_warnings():
        # Pillow warns at twice, and refuses at four times, what a large photograph has.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(data)) as image:
                small = read_rgb(image).resize((RESIZED, RESIZED), Image.Resampling.BILINEAR)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
            raise ValueError(f"too large ({error})") from error
    return torch.from_numpy(np.ascontiguousarray(np.asarray(small).transpose(2, 0, 1)))


class FeatureInput(nn.Module):
    """`[B, 3, 256, 256]` uint8 to what the image encoder takes, `[B, 3, 224, 224]` float32."""

    bend: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        # Interpolating the identity gives the interpolation's matrix, to be used on rows and columns.
        identity = torch.eye(RESIZED)[None, None]
        bend = functional.interpolate(identity, (FEATURE_SIDE, RESIZED), mode="bicubic", align_corners=True)
        deviation = torch.tensor(DEVIATION)
        self.register_buffer("bend", bend[0, 0], persistent=False)
        self._bands = list(_bands(bend[0, 0]))
        self.register_buffer("scale", 1.0 / (255.0 * deviation), persistent=False)
        self.register_buffer("shift", -torch.tensor(MEAN) / deviation, persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """`[B, 3, 256, 256]` uint8 to `[B, 3, 224, 224]`."""
        if pictures.is_cuda:
            return self._bent(pictures)
        # One by one they stay in a processor's cache.
        found = torch.empty(len(pictures), 3, FEATURE_SIDE, FEATURE_SIDE)
        rows = torch.empty(3, FEATURE_SIDE, RESIZED)
        for picture, place in zip(pictures, found, strict=True):
            levels = picture.float()
            for band, taken, weights in self._bands:
                rows[:, band] = weights @ levels[:, taken]
            for band, taken, weights in self._bands:
                place[:, :, band] = rows[:, :, taken] @ weights.T
            self._normalise(place)
        return found

    def _bent(self, pictures: Tensor) -> Tensor:
        return self._normalise(self.bend @ pictures.float() @ self.bend.T)

    def _normalise(self, levels: Tensor) -> Tensor:
        # The matrix' rows add up to 1: normalising last is the same, and less.
        return levels.mul_(self.scale[:, None, None]).add_(self.shift[:, None, None])


def _bands(bend: Tensor) -> Iterator[tuple[slice, slice, Tensor]]:
    """Some rows of the matrix after others: which, the columns that they are not zero in, and those weights.

    Four numbers of a row are not zero: the whole matrix is nearly all for nothing.
    """
    high = len(bend) // BANDS
    for top in range(0, len(bend), high):
        weights = bend[top : top + high]
        columns = torch.nonzero(weights.abs().sum(0))[:, 0]
        taken = slice(int(columns[0]), int(columns[-1]) + 1)
        yield slice(top, top + high), taken, weights[:, taken].contiguous()
