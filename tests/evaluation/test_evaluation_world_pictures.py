"""The figures of pictures on cases whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from s2s_live.errors import ModelError
from s2s_live.evaluation.world.frechet import frechet_distance, frechet_ratio
from s2s_live.evaluation.world.material import Scenes, World, open_world
from s2s_live.evaluation.world.pictures import change, detail, spread, variation
from s2s_live.world.render import render


class Painter(World):
    """A model that paints exactly what the renderer paints, all of it at half its contrast if so told."""

    contrast = 1.0

    def generated(self, scenes, _condition):
        picture = self.rendered(scenes)
        return picture.mean() + self.contrast * (picture - picture.mean())


@pytest.fixture
def perfect(world):
    return Painter(world.generator, world.fields, world.families, world.embed, seed=3)


def test_change_and_spread_of_flat_pictures():
    flat = torch.tensor([0.0, 0.5, 0.25])[:, None, None, None].expand(3, 3, 64, 64)
    assert change(flat) == pytest.approx(0.375)
    assert spread(flat) == pytest.approx((0.5 + 0.25 + 0.25) / 3 * np.sqrt(3 * 32 * 32), rel=1e-5)


def test_a_perfect_painter_has_ratios_of_one(perfect):
    assert variation(perfect, 3) == pytest.approx((1.0, 1.0))
    assert detail(perfect, 1) == pytest.approx(dict.fromkeys(perfect.families, 1.0))


def test_a_pale_painter_has_half_the_effect_and_a_quarter_of_the_energy(perfect):
    perfect.contrast = 0.5
    assert variation(perfect, 3) == pytest.approx((0.5, 0.5), rel=0.02)
    assert detail(perfect, 1) == pytest.approx(dict.fromkeys(perfect.families, 0.25), rel=0.01)


def test_an_untrained_generator_is_told_from_the_renderer(world):
    effect, diversity = variation(world, 3)
    assert effect > 0
    assert diversity > 0
    assert all(ratio != pytest.approx(1.0, abs=0.05) for ratio in detail(world, 1).values())


def test_variation_changes_nothing_but_z(world, monkeypatch):
    seen = []
    monkeypatch.setattr(world, "rendered", lambda scenes: seen.append(scenes) or torch.rand(3, 3, 64, 64))
    variation(world, 3)
    for scenes in seen:
        for same in (scenes.family, scenes.intensity, scenes.fields.seeds, scenes.fields.displacement):
            assert (same == same[:1]).all()
        assert (scenes.z[0] != scenes.z[1]).all()


def test_the_generator_is_given_the_same_fields_as_the_renderer(world):
    scenes = world.draw(torch.tensor([world.indices[0]]), torch.tensor([0.5]))
    picture = world.rendered(scenes)
    assert picture.equal(render(scenes.family, scenes.intensity, scenes.z, scenes.fields, 64))
    condition = world.conditions(scenes.family, scenes.intensity)
    torch.testing.assert_close(condition.norm(dim=1), torch.ones(1))
    made = world.generated(scenes, condition)
    assert made.shape == picture.shape
    assert made.equal(
        world.generated(Scenes(scenes.family, scenes.intensity, scenes.z, scenes.fields), condition)
    )


def test_a_model_without_the_world_is_refused(small_model, image_encoder):
    config = replace(small_model.config, families=("a", "b", "c", "d"), silence="")
    with pytest.raises(ModelError, match="bundled world"):
        open_world(replace(small_model, config=config), image_encoder, seed=0)


def test_frechet_distance_of_gaussians():
    random = np.random.default_rng(0)
    whole = random.standard_normal((20_000, 8))
    assert frechet_distance(whole[:10_000], whole[10_000:]) < 0.01
    assert frechet_distance(whole, whole + 2.0) == pytest.approx(8 * 4.0, rel=1e-6)
    # Of standard deviations s and t in every one of n directions: n (s - t)^2.
    assert frechet_distance(whole, 3.0 * whole) == pytest.approx(8 * 4.0, rel=0.03)
    turned = whole @ np.linalg.qr(random.standard_normal((8, 8)))[0]
    assert frechet_distance(whole, turned) < 0.01


def test_renders_are_nearer_to_renders_than_what_an_untrained_generator_makes(world):
    assert frechet_ratio(world, 24) > 3.0
