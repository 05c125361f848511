"""Inversion comes closer to a picture step by step, and stays where painting can follow."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from s2s_live.engines.sound2scene.image_input import ImageError
from s2s_live.engines.sound2scene.inversion import Z_LIMIT, invert
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.engines.sound2scene.seeing import Sight
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.engines.sound2scene.world_encoder import WorldEncoder
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder
from s2s_live.world.fields import sample_fields

SEED = 11


@pytest.fixture(scope="module")
def seeing(tiny_folder, tmp_path_factory):
    """A tiny model that sees: its generator, its fields, its sight."""
    model = load_model(ModelFolder.open(tiny_folder))
    torch.manual_seed(6)
    encoder = WorldEncoder(model.config.generator.feature_size).eval()
    folder = tmp_path_factory.mktemp("inversion") / "model"
    write_model(folder, replace(model, image_encoder=encoder), name="seeing", licence="MIT", trained={})
    return model.generator, model.config.fields, Sight(ModelFolder.open(folder), model.config)


@pytest.fixture(scope="module")
def picture(seeing):
    """One that the generator can paint: of z and an embedding that inversion does not know."""
    generator, fields, _ = seeing
    torch.manual_seed(7)
    z, latent = torch.randn(1, generator.config.z_size), unit(torch.rand(1, generator.config.feature_size))
    at_rest = torch.zeros(1, fields.layers, 2, dtype=torch.float64)
    with torch.no_grad():
        made = generator(z, latent, sample_fields(torch.tensor([SEED]), at_rest, fields))[0]
    levels = ((made * 127.5 + 127.5).clamp(0, 255) + 0.5).to(torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).numpy())


def test_it_comes_closer_and_never_goes_back(seeing, picture):
    generator, fields, sight = seeing
    found = list(invert(generator, sight, picture, fields=fields, seed=SEED, steps=60))
    errors = [one.error for one in found]
    assert len(found) == 61
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.6 * errors[0]


def test_what_it_finds_can_be_painted(seeing, picture):
    generator, fields, sight = seeing
    *_, last = invert(generator, sight, picture, fields=fields, seed=SEED, steps=10)
    assert last.z.shape == (generator.config.z_size,)
    assert np.abs(last.z).max() <= Z_LIMIT
    assert last.latent.min() >= 0.0
    assert np.linalg.norm(last.latent) == pytest.approx(1.0, abs=1e-5)
    at_rest = torch.zeros(1, fields.layers, 2, dtype=torch.float64)
    planes = sample_fields(torch.tensor([SEED]), at_rest, fields)
    with torch.no_grad():
        made = generator(torch.from_numpy(last.z)[None], torch.from_numpy(last.latent)[None], planes)[0]
    target = torch.from_numpy(np.array(picture, np.float32)).permute(2, 0, 1) / 127.5 - 1.0
    assert 127.5 * float((made - target).abs().mean()) == pytest.approx(last.error, rel=1e-3)


def test_the_same_seed_finds_the_same(seeing, picture):
    generator, fields, sight = seeing
    first, second = (
        list(islice(invert(generator, sight, picture, fields=fields, seed=SEED), 4)) for _ in range(2)
    )
    assert first[-1].error == second[-1].error
    np.testing.assert_array_equal(first[-1].z, second[-1].z)


def test_what_is_no_picture_is_refused_before_any_work(seeing, tmp_path):
    generator, fields, sight = seeing
    with pytest.raises(ImageError):
        next(invert(generator, sight, tmp_path / "missing.jpg", fields=fields))


def test_a_model_that_cannot_see_cannot_invert(tiny_folder, picture):
    folder = ModelFolder.open(tiny_folder)
    model = load_model(folder)
    with pytest.raises(ModelError, match="cannot look"):
        next(invert(model.generator, Sight(folder, model.config), picture, fields=model.config.fields))
