"""Splits and orders."""

import numpy as np
import pytest

from s2s_live.errors import TrainingError
from s2s_live.training.sound2scene.loading import batches, epoch_order, split
from s2s_live.training.sound2scene.pairing import Pair
from s2s_live.training.team import Team


def pairs_of(names, each=1):
    return [Pair(name, f"{name}.{k}.jpg", f"{name}.wav") for name in names for k in range(each)]


def test_a_share_of_the_recordings_is_held_out_whole():
    pairs = pairs_of([f"video{v}_{s}000_{s + 10}000" for v in range(300) for s in (0, 10)])
    training, held = split(pairs, 0.1)
    assert len(training) + len(held) == 600
    assert 30 <= len(held) <= 100
    videos = [{pair.name.rsplit("_", 2)[0] for pair in part} for part in (training, held)]
    assert not videos[0] & videos[1]


def test_more_recordings_move_none_across():
    names = [f"v{k}" for k in range(200)]
    _, few = split(pairs_of(names[:100]), 0.2)
    _, many = split(pairs_of(names), 0.2)
    assert {p.name for p in few} == {p.name for p in many} & set(names[:100])


def test_one_is_held_out_at_least_and_one_left():
    training, held = split(pairs_of(["a", "b", "c"]), 1e-9)
    assert (len(training), len(held)) == (2, 1)
    with pytest.raises(TrainingError, match="Nothing is left"):
        split(pairs_of(["a"]), 0.1)


def test_an_order_is_fixed_by_seed_and_epoch():
    pairs = pairs_of([f"n{k}" for k in range(50)])
    order = epoch_order(pairs, 5, 2)
    assert sorted(order) == list(range(50))
    assert np.array_equal(order, epoch_order(pairs, 5, 2))
    assert not np.array_equal(order, epoch_order(pairs, 5, 3))
    assert not np.array_equal(order, epoch_order(pairs, 6, 2))


def test_all_names_come_before_a_second_picture_of_any():
    pairs = pairs_of([f"n{k}" for k in range(20)], each=3)
    order = epoch_order(pairs, 1, 0)
    assert sorted(order) == list(range(60))
    for turn in range(3):
        assert len({pairs[index].name for index in order[20 * turn : 20 * turn + 20]}) == 20
    chosen = [pairs[index].image.split(".")[1] for index in order[:20]]
    assert len(set(chosen)) > 1


def test_the_parts_of_a_team_make_up_the_batches_of_one():
    order = epoch_order(pairs_of([f"n{k}" for k in range(11)]), 1, 0)
    alone = batches(order, 4, Team())
    assert [len(batch) for batch in alone] == [4, 4, 3]
    parts = [batches(order, 4, Team(rank, 3)) for rank in range(3)]
    assert [[*a, *b, *c] for a, b, c in zip(*parts, strict=True)] == alone
    assert batches(order, 4, Team(), first=2) == alone[2:]
