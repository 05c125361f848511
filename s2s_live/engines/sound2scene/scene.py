"""The noise fields of one seed, ready for painting."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from s2s_live.engines.base import Floats
from s2s_live.engines.runtime import Runtime
from s2s_live.world.channels import FieldConfig
from s2s_live.world.lattices import LiveLattices, still_lattices


class Scene:
    """What `LivePainting` takes of the fields of one seed. Not for several threads at once."""

    def __init__(
        self, still: Runtime, shapes: Sequence[tuple[int, ...]], fields: FieldConfig, seed: int
    ) -> None:
        """`still` runs `StillPlanes`, whose planes have those `shapes`."""
        self.seed = seed
        self._lattices = LiveLattices(seed, fields)
        found = still.run(still_lattices(seed, fields)).copy()
        ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
        self._still: list[Floats] = [
            planes.reshape(shape) for planes, shape in zip(np.split(found, ends), shapes, strict=True)
        ]

    def at(self, displacement: NDArray[np.float64]) -> list[Floats]:
        """Values, offsets and still planes at displacements `[layers, 2]`; the next call overwrites them."""
        return [*self._lattices.at(displacement), *self._still]
