import threading

import numpy as np
import pytest

from s2s_live.audio.ring import SampleRing, SamplesLost


def ramp(start, count, channels=2):
    return np.repeat(np.arange(start, start + count, dtype=np.float32)[:, None], channels, axis=1)


def test_any_block_sizes_read_back_in_order():
    ring = SampleRing(100, 2, 48_000)
    at = 0
    for size in (1, 7, 33, 100, 64, 99, 3):
        ring.write(ramp(at, size))
        at += size
        assert ring.written == at
        start = max(ring.oldest(), at - 40)
        assert np.array_equal(ring.read(start, at), ramp(start, at - start))


def test_a_block_longer_than_the_ring_leaves_its_end():
    ring = SampleRing(10, 1, 8_000)
    ring.write(ramp(0, 37, 1))
    assert ring.oldest() == 27
    assert np.array_equal(ring.read(27, 37), ramp(27, 10, 1))


def test_overwritten_samples_are_refused_with_their_number():
    ring = SampleRing(10, 1, 8_000)
    ring.write(ramp(0, 15, 1))
    with pytest.raises(SamplesLost) as lost:
        ring.read(2, 12)
    assert lost.value.lost == 3
    with pytest.raises(SamplesLost) as lost:
        ring.read(0, 4)
    assert lost.value.lost == 4


def test_the_future_cannot_be_read():
    ring = SampleRing(10, 1, 8_000)
    ring.write(ramp(0, 5, 1))
    with pytest.raises(ValueError, match="5 written"):
        ring.read(3, 6)
    with pytest.raises(ValueError, match="asked for"):
        ring.read(-1, 3)


def test_reads_are_copies():
    ring = SampleRing(10, 1, 8_000)
    ring.write(ramp(0, 5, 1))
    taken = ring.read(0, 5)
    ring.write(np.full((10, 1), -1.0, np.float32))
    assert np.array_equal(taken, ramp(0, 5, 1))


def test_nonsense_sizes_are_refused():
    with pytest.raises(ValueError, match="positive"):
        SampleRing(0, 1, 48_000)


def test_readers_beside_a_writer_never_see_torn_samples():
    ring = SampleRing(4_096, 2, 48_000)
    done = threading.Event()
    errors = []

    def read():
        while not done.is_set():
            stop = ring.written
            start = max(0, stop - 3_000)
            try:
                if not np.array_equal(ring.read(start, stop), ramp(start, stop - start)):
                    errors.append((start, stop))
            except SamplesLost:
                pass

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for at in range(0, 2_000_000, 1_000):  # float32 counts exactly to 16 million
        ring.write(ramp(at, 1_000))
    done.set()
    for reader in readers:
        reader.join()
    assert not errors
