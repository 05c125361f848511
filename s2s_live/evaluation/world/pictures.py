"""Generated pictures beside rendered ones: what z does to them, how they differ, how fine they are."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from s2s_live.evaluation.world.material import Scenes, World
from s2s_live.world.detail import detail_ratio
from s2s_live.world.fields import FieldBatch

COARSE = 32
"""Rows and columns to which pictures are averaged before they are compared."""


def variation(world: World, count: int) -> tuple[float, float]:
    """(`z_effect`, `diversity`) over `count` pictures of each family, which differ in z alone.

    Either is a ratio, generated over rendered: of the mean change of a pixel from one z to another, and of
    the mean distance between two pictures.
    """
    found = []
    for index in world.indices:
        scenes = _same_but_z(world, index, count)
        condition = world.conditions(scenes.family[:1], scenes.intensity[:1]).expand(count, -1)
        pair = (world.generated(scenes, condition), world.rendered(scenes))
        found.append([[change(pictures), spread(pictures)] for pictures in pair])
    generated, rendered = torch.tensor(found).mean(0)
    effect, diversity = (generated / rendered).tolist()
    return effect, diversity


def _same_but_z(world: World, family: int, count: int) -> Scenes:
    one = world.draw(torch.tensor([family]), world.uniform(1))
    fields = FieldBatch(one.fields.seeds.expand(count), one.fields.displacement.expand(count, -1, -1))
    return Scenes(one.family.expand(count), one.intensity.expand(count), world.draw_z(count), fields)


def change(pictures: Tensor) -> float:
    """Mean absolute change of a pixel from each picture to the next."""
    return float((pictures[1:] - pictures[:-1]).abs().mean())


def spread(pictures: Tensor) -> float:
    """Mean distance between two of the pictures, averaged to 32x32."""
    coarse = functional.adaptive_avg_pool2d(pictures, COARSE).flatten(1)
    return float(functional.pdist(coarse).mean())


def detail(world: World, count: int) -> dict[str, float]:
    """Energy above half the Nyquist frequency, generated over rendered, of `count` scenes of each family."""
    found = {}
    for name, index in zip(world.families, world.indices, strict=True):
        family = torch.full((count,), index)
        scenes = world.draw(family, world.uniform(count))
        condition = world.conditions(family, scenes.intensity)
        found[name] = detail_ratio(world.generated(scenes, condition), world.rendered(scenes))
    return found
