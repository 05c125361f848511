"""Hears another sound begin: what the change network says of a window, as numbers to act on."""

from __future__ import annotations

import numpy as np

from s2s_live.engines.base import Floats
from s2s_live.engines.runtime import Runtime
from s2s_live.features.changes import odds
from s2s_live.features.log_mel import LogMelConfig

LISTENS = LogMelConfig()
"""The front end whose windows it takes."""
MELS, FRAMES = LISTENS.mels, LISTENS.frames
AGES = (0, 8, 12, 16, 20, 24, 28, 32, 36, 40, 48, 60, 80)
"""The classes: the newest sound fills at least so many whole columns of the window, and fewer than the next
class says. From the last on, or where nothing else came before it, none has just begun."""
_FIRST, _LAST = AGES.index(8), AGES.index(60)
"""Of the classes that count as a sound that has just begun: before, there is too little of it to be heard
alone; from the last on, whole windows are of it."""
_MOST = 40
"""Columns that are heard alone at the most."""
LEAST_ODDS = -3.0
"""Where the odds are smaller than this none has begun, whatever else is heard: it need not even be asked."""


class ChangeDetector:
    """Looks at windows. Used by one thread at a time."""

    def __init__(self, runtime: Runtime) -> None:
        """`runtime` runs `ChangeNetwork`."""
        self._runtime = runtime

    def __call__(self, window: Floats) -> tuple[int, float]:
        """How many of the newest columns are of a sound that has just begun, and the logarithm of the odds
        that one has; 0 and 0 where none has.

        Args:
            window: `[1, MELS, FRAMES]`, scaled as the audio encoder takes it.
        """
        logits = self._runtime.run(np.ascontiguousarray(window[None], dtype=np.float32))[0]
        weights = np.exp(logits - logits.max())
        likely = (weights / weights.sum())[_FIRST:_LAST]
        begun = odds(float(likely.sum()))
        if begun < LEAST_ODDS:
            return 0, 0.0
        return min(AGES[_FIRST + int(likely.argmax())], _MOST), begun
