"""Finding a sound's picture among renders."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from s2s_live.evaluation.world import retrieval as module
from s2s_live.evaluation.world.material import CONDITION_SIZE, World
from s2s_live.evaluation.world.retrieval import (
    Gallery,
    Query,
    follows_loudness,
    make_gallery,
    retrieval,
    spearman,
)
from s2s_live.world.sounds import intensity_of, loudness


class Obedient(World):
    """A model whose pictures are embedded exactly where its condition lies."""

    def imagined(self, condition):
        return condition

    def embed(self, pictures):
        return pictures


@pytest.fixture
def obedient(world):
    return Obedient(world.generator, world.fields, world.families, world.embed, seed=0)


def along(angles):
    """Points on a quarter of a circle."""
    angles = torch.as_tensor(angles, dtype=torch.float32)
    return torch.stack([torch.cos(angles), torch.sin(angles)], 1)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([1, 2, 3, 4], [10, 20, 30, 1000], 1.0),
        ([1, 2, 3, 4], [4, 3, 2, 1], -1.0),
        ([1, 2, 3], [1, 3, 2], 0.5),
        ([1, 2, 3, 4], [1, 2, 2, 3], 0.9486833),
        ([1, 2, 3], [5, 5, 5], 0.0),
    ],
)
def test_spearman_is_that_of_the_books(a, b, expected):
    assert spearman(a, b) == pytest.approx(expected)


def test_the_gallery_holds_every_family_from_soft_to_loud(world):
    gallery = make_gallery(world, 3)
    assert gallery.embedding.shape == (12, 128)
    assert gallery.family.tolist() == [index for index in world.indices for _ in range(3)]
    assert gallery.intensity.tolist() == [0.0, 0.5, 1.0] * 4


def test_nearest_and_five_nearest_are_told_apart(obedient):
    rain, fire = obedient.indices[:2]
    gallery = Gallery(along(np.linspace(0, 1.5, 8)), np.array([rain] * 4 + [fire] * 4), np.zeros(8))
    queries = [
        Query(("rain",), along([0.0])[0], real=True),
        Query(("rain",), along([0.9])[0], real=True),  # nearest to fire, rain among the five
        Query(("fire",), along([0.0])[0], real=False),
        Query(("dog", "fire"), along([1.5])[0], real=False),  # fire is right too
    ]
    found = retrieval(obedient, gallery, queries)
    assert found["rain"] == {"r1": 0.5, "r5": 1.0, "queries": 2, "real": True}
    assert found["fire"] == {"r1": 0.0, "r5": 1.0, "queries": 1, "real": False}
    assert found["dog"]["r1"] == 1.0


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_louder_rain_finds_heavier_rain(obedient, sign):
    levels = np.linspace(0.0, 1.0, 20)
    gallery = Gallery(along(levels), np.zeros(20, np.int64), levels)

    def hear(sound):
        return along([0.5 + sign * (intensity_of("rain", loudness(sound)) - 0.5)])[0]

    found = follows_loudness(obedient, gallery, hear, 6)
    assert set(found) == {"rain", "fire"}
    assert all(sign * value > 0.95 for value in found.values())


def test_pictures_of_embeddings_come_from_the_generator(world):
    condition = functional.normalize(torch.rand(3, 128), dim=1)
    made = module.pictures_of(world, condition)
    torch.testing.assert_close(made.norm(dim=1), torch.ones(3))
    assert CONDITION_SIZE % 64 == 0
