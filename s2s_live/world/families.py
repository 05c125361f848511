"""The sound families of the bundled world: ids, titles and how each one's scene moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Velocity = tuple[float, float]


@dataclass(frozen=True)
class Family:
    """One kind of sound and the scene it becomes."""

    id: str
    """As in labels, prototypes and JSON."""
    title: str
    """What a person reads."""
    drift: Velocity
    """Velocity of the drift layer (clouds, mist, water) at full speed, scene widths/s, x right, y down."""
    flow: Velocity
    """Velocity of the flow layer (rain, flames, spray) at full speed."""


FAMILIES: tuple[Family, ...] = (
    Family("rain", "Rain", (0.030, 0.004), (-0.10, 0.95)),
    Family("storm", "Thunderstorm", (0.060, 0.006), (-0.30, 1.20)),
    Family("sea", "Sea", (0.055, 0.040), (0.030, 0.050)),
    Family("stream", "Stream", (0.020, 0.130), (0.020, 0.300)),
    Family("wind", "Wind", (0.110, 0.004), (0.340, 0.020)),
    Family("fire", "Fire", (0.014, -0.050), (0.015, -0.420)),
    Family("birds", "Birds", (0.024, 0.000), (0.060, -0.012)),
    Family("night_insects", "Night insects", (0.010, 0.000), (0.012, -0.016)),
    Family("dog", "Dog", (0.022, 0.000), (0.050, 0.000)),
    Family("rooster", "Rooster", (0.020, -0.002), (0.030, -0.010)),
    Family("city_traffic", "City traffic", (0.035, 0.000), (0.300, 0.000)),
    Family("train", "Train", (0.050, 0.000), (0.450, 0.000)),
    Family("aircraft", "Aircraft", (0.090, 0.008), (0.160, 0.010)),
    Family("engine", "Engine", (0.020, -0.060), (0.000, -0.240)),
    Family("clock", "Clock", (0.010, 0.000), (0.000, -0.020)),
    Family("bell", "Bell", (0.018, 0.000), (0.020, -0.040)),
    Family("voice", "Voice", (0.016, -0.008), (0.020, -0.050)),
    Family("baby", "Baby", (0.014, -0.004), (0.010, -0.030)),
    Family("crowd", "Crowd", (0.120, 0.020), (0.100, 0.000)),
    Family("music", "Music", (0.024, -0.010), (0.060, -0.060)),
    Family("silence", "Silence", (0.008, 0.001), (0.004, 0.004)),
)
"""In the order of their indices; a model folder names its own list, so this one may grow."""

FAMILY_IDS: tuple[str, ...] = tuple(family.id for family in FAMILIES)


def family_index(name: str) -> int:
    """Index of the family with that id.

    Raises ValueError where there is none.
    """
    if name not in FAMILY_IDS:
        raise ValueError(f"there is no family {name!r}; there are {', '.join(FAMILY_IDS)}")
    return FAMILY_IDS.index(name)


def flow_table() -> NDArray[np.float32]:
    """Velocities `[families, layers, 2]` at full speed, scene widths per second; the still layer rests."""
    rows = [((0.0, 0.0), family.drift, family.flow) for family in FAMILIES]
    return np.asarray(rows, np.float32)
