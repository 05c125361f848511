"""A ring of samples: one thread writes, any number of threads read, nobody waits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class SamplesLost(LookupError):  # noqa: N818 - an event of the stream more than an error
    """The samples asked for have been overwritten; `lost` of them are gone."""

    def __init__(self, lost: int) -> None:
        super().__init__(f"{lost} samples have left the ring")
        self.lost = lost


class SampleRing:
    """The newest `capacity` samples of a stream, `[capacity, channels]` float32, preallocated.

    Positions count samples since the start and never wrap. There is no lock: the writer first announces how
    far it is about to write, then copies, then publishes. A reader copies first and afterwards looks at the
    announcement, so a slice that was overwritten under its hands is refused rather than returned torn.
    """

    def __init__(self, capacity: int, channels: int, sample_rate: int) -> None:
        if min(capacity, channels, sample_rate) < 1:
            raise ValueError("capacity, channels and sample_rate must be positive")
        self.capacity = capacity
        self.channels = channels
        self.sample_rate = sample_rate
        self._data: Floats = np.zeros((capacity, channels), np.float32)
        self._announced = 0
        self._written = 0

    @property
    def written(self) -> int:
        """Samples written since the start."""
        return self._written

    def oldest(self) -> int:
        """Position of the oldest sample that can still be read."""
        return max(0, self._announced - self.capacity)

    def write(self, block: Floats) -> None:
        """Append `[n, channels]`. Only the one writing thread may call this; it does not allocate memory."""
        count = len(block)
        end = self._written + count
        self._announced = end
        if count > self.capacity:
            block = block[-self.capacity :]
        at = (end - len(block)) % self.capacity
        first = min(len(block), self.capacity - at)
        self._data[at : at + first] = block[:first]
        if first < len(block):
            self._data[: len(block) - first] = block[first:]
        self._written = end

    def read(self, start: int, stop: int) -> Floats:
        """A copy of `[stop - start, channels]`.

        Raises SamplesLost if the slice is no longer whole, ValueError if it has not been written yet.
        """
        out: Floats = np.empty((max(0, stop - start), self.channels), np.float32)
        self.read_into(start, out)
        return out

    def read_into(self, start: int, out: Floats) -> None:
        """Fill `out` `[n, channels]` with the samples from `start`; errors as for `read`. Does not
        allocate.
        """
        count = len(out)
        if start < 0 or start + count > self._written:
            raise ValueError(f"samples {start}..{start + count} asked for, {self._written} written")
        lost = min(count, self.oldest() - start)
        if lost <= 0:
            at = start % self.capacity
            first = min(count, self.capacity - at)
            out[:first] = self._data[at : at + first]
            if first < count:
                out[first:] = self._data[: count - first]
            lost = min(count, self.oldest() - start)
        if lost > 0:
            raise SamplesLost(lost)
