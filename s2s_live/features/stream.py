"""What the streaming front ends share: samples in, columns on an absolute grid, the newest window out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Columns = NDArray[np.float64] | NDArray[np.float32]


class ColumnStream(ABC):
    """Computes each column once and keeps the newest `frames` in a ring.

    Column k covers samples `[k * hop, k * hop + window)` of all that was ever pushed, whatever the chunks.
    Where no column came yet the ring holds `silence`, the column of digital silence.
    """

    def __init__(self, sample_rate: int, window: int, hop: int, frames: int, silence: Columns) -> None:
        self.sample_rate = sample_rate
        self._window, self._hop, self._frames = window, hop, frames
        self._rest = np.zeros(0, np.float32)
        self._ring = np.repeat(np.asarray(silence, np.float32)[:, None], frames, axis=1)
        self._next = 0

    def push(self, samples: Floats) -> None:
        """Take the next mono samples `[n]`, any n: what is not finite counts as zero, the rest is clipped."""
        if not np.isfinite(samples).all():
            samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
        rest = np.concatenate((self._rest, samples.clip(-1.0, 1.0).astype(np.float32, copy=False)))
        count = max((len(rest) - self._window) // self._hop + 1, 0)
        self._rest = rest[count * self._hop :]
        if count:
            used = rest[: (count - 1) * self._hop + self._window]
            skipped = max(count - self._frames, 0)
            self._store(self.columns(used[skipped * self._hop :]))

    def _store(self, columns: Columns) -> None:
        places = (self._next + np.arange(len(columns))) % self._frames
        self._ring[:, places] = columns.T
        self._stored(places, columns)
        self._next = int(self._next + len(columns)) % self._frames

    def _stored(self, places: NDArray[np.intp], columns: Columns) -> None:  # noqa: B027 - most need nothing here
        """Told which columns of the ring are new."""

    def newest(self, count: int) -> tuple[Floats, Floats]:
        """The newest columns in two pieces of the ring, older first, `[bins, n]`; one may be empty.

        To be read before the next push."""
        begin = (self._next - count) % self._frames
        first = min(count, self._frames - begin)
        return self._ring[:, begin : begin + first], self._ring[:, : count - first]

    @abstractmethod
    def columns(self, samples: Floats) -> Columns:
        """All columns `[(n - window) // hop + 1, bins]` of `samples [n]`, the first beginning at sample 0."""

    def listen(self, controls: Mapping[str, float]) -> Floats | None:  # noqa: ARG002 - see FrontEnd
        """As `engines.base.FrontEnd`: one kind of window, whatever the controls."""
        return self.window()

    def begun(self) -> tuple[float, float]:
        """As `engines.base.FrontEnd`: only whole windows are heard."""
        return 0.0, 0.0

    def newest_alone(self, seconds: float) -> Floats:  # noqa: ARG002 - see FrontEnd
        """As `engines.base.FrontEnd`: there are none to ask for."""
        return self.window()

    @abstractmethod
    def window(self) -> Floats:
        """The newest window `[1, bins, frames]` as an audio encoder takes it."""
