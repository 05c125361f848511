"""What a manifest says of an upscaler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from s2s_live.engines.sound2scene.config import OTHER_WEIGHTS
from s2s_live.errors import ModelError

SIDE = 2
"""Pixels along the side of what is drawn for each pixel of the picture it is given."""
REACH = 3
"""Pixels around a place that shape it."""


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
                raise ModelError(f"The upscaler's {name} are {number!r}.", OTHER_WEIGHTS)

    def to_json(self) -> dict[str, Any]:
        """As a manifest takes it."""
        return {"channels": self.channels, "planes": self.planes}

    @classmethod
    def from_json(cls, data: Any) -> UpscalerConfig:
        """Read from a manifest. Raises ModelError."""
        if not isinstance(data, Mapping) or set(data) != {"channels", "planes"}:
            raise ModelError("The manifest's upscaler cannot be read.", OTHER_WEIGHTS)
        return cls(data["channels"], data["planes"])

    @property
    def macs_per_pixel(self) -> float:
        """Multiplications for each pixel of the picture it is given."""
        wide, out = self.channels, 3 * SIDE**2
        return wide * (27 + self.planes * SIDE**2 + 9 * wide + 9 * out) + 25 * out
