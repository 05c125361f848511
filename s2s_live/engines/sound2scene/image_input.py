"""Pictures as Sound2Scene prepares them for the image encoder, and for looking at."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor
from torch.nn import functional

from s2s_live.errors import S2SError

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet's red, green and blue, 0..1."""
RESIZED, FEATURE_SIDE, VISUAL_SIDE = 256, 224, 128

Picture = Path | str | Image.Image


class ImageError(S2SError):
    """A picture file that cannot be used."""


def feature_input(picture: Picture, *, crop: bool = False) -> Tensor:
    """What the image encoder takes, `[3, 224, 224]`, normalised as for ImageNet.

    The whole picture is squeezed into a square, as in training; `crop` takes the square in its middle
    instead, which suits pictures of other shapes. Raises ImageError.
    """
    image = read_rgb(picture)
    return normalised(_resized(_middle(image) if crop else image, RESIZED)[None])[0]


def normalised(pictures: Tensor) -> Tensor:
    """Pictures `[B, 3, S, S]` in 0..1 as the image encoder takes them, `[B, 3, 224, 224]`."""
    values = (pictures - torch.tensor(MEAN)[:, None, None]) / torch.tensor(DEVIATION)[:, None, None]
    return functional.interpolate(values, FEATURE_SIDE, mode="bicubic", align_corners=True)


def visual(picture: Picture) -> Tensor:
    """A small copy to look at and to compare generated pictures with, `[3, 128, 128]` in -1..1.

    Raises ImageError.
    """
    return (2.0 * _resized(read_rgb(picture), VISUAL_SIDE) - 1.0).clamp(-1.0, 1.0)


def square(picture: Picture, side: int) -> Tensor:
    """The square in the picture's middle, `[3, side, side]` in 0..1. Raises ImageError."""
    return _resized(_middle(read_rgb(picture)), side)


def read_rgb(picture: Picture) -> Image.Image:
    """The picture in RGB and upright, whatever a camera noted about how it was held.

    Raises ImageError for what is missing, damaged, no picture or impossibly large.
    """
    if isinstance(picture, Image.Image):
        return _upright(picture).convert("RGB")
    try:
        with warnings.catch_warnings():
            # Pillow warns of large photographs, and refuses what is twice as large again.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(picture) as image:
                return _upright(image).convert("RGB")
    except FileNotFoundError:
        raise ImageError(f"There is no picture {picture}.", "Check the path.") from None
    except Image.DecompressionBombError as error:
        raise ImageError(f"{picture} is too large a picture ({error}).", "Make it smaller.") from error
    except (OSError, ValueError, SyntaxError, MemoryError) as error:
        # Pillow's decoders report damage as any of these.
        hint = "Open it in an image viewer; save it again as JPEG or PNG."
        raise ImageError(f"{picture} cannot be read as a picture ({error}).", hint) from error


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, OverflowError, ZeroDivisionError):
        image.load()  # raises where it is the picture that is damaged
        return image  # notes that cannot be read: the picture as it lies


def _middle(image: Image.Image) -> Image.Image:
    """The largest square, from the middle."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))


def _resized(image: Image.Image, side: int) -> Tensor:
    """`[3, side, side]` in 0..1, whatever the shape was."""
    small = image.resize((side, side), Image.Resampling.BILINEAR)
    return torch.from_numpy(np.array(small, dtype=np.float32)).permute(2, 0, 1) / 255.0
