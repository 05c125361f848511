from __future__ import annotations

import random

import pytest

from s2s_live.record.slots import SlotQueue


@pytest.mark.parametrize("fps", [24, 25, 30, 50, 60])
def test_a_slot_shows_the_newest_frame_not_later_than_its_middle(frame, fps):
    chance = random.Random(fps)
    start = 12_345
    queue = SlotQueue(start, fps, 10_000)
    positions = sorted(chance.sample(range(start - 2_000, start + 96_000), 150))
    for position in positions:
        queue.offer(frame(position))
    shown = None
    for slot in range(2 * fps):
        taken = queue.take(slot)
        shown = taken.position if taken else shown
        fitting = [p for p in positions if (p - start) * fps <= (slot + 0.5) * 48_000]
        assert shown == (fitting[-1] if fitting else None)
    assert queue.dropped == 0


def test_a_frame_overtaken_before_its_slot_is_replaced_and_is_no_loss(frame):
    queue = SlotQueue(0, 30, 4)
    for position in range(801, 2401, 100):
        queue.offer(frame(position))
    assert queue.take(0) is None
    assert queue.take(1).position == 2301
    assert queue.dropped == 0


def test_a_full_queue_drops_the_oldest_and_counts(frame):
    queue = SlotQueue(0, 30, 3)
    for slot in range(5):
        queue.offer(frame(slot * 1600))
    assert queue.dropped == 2
    assert queue.take(2).position == 3200


def test_a_slot_is_decided_once_a_later_frame_is_here(frame):
    queue = SlotQueue(0, 30, 8)
    queue.offer(frame(2400))
    assert not queue.decided(1)
    queue.offer(frame(2401))
    assert queue.decided(1)
    assert not queue.decided(2)
