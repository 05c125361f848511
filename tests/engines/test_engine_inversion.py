"""Inversion comes closer to a picture step by step, and stays where painting can follow."""

from itertools import islice

import numpy as np
import pytest
import torch
from PIL import Image

from s2s_live.engines.base import Inverts
from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene import pictures
from s2s_live.engines.sound2scene.image_input import ImageError
from s2s_live.engines.sound2scene.inversion import DRAWS, Z_LIMIT, invert
from s2s_live.engines.sound2scene.model import load_generator, load_model
from s2s_live.engines.sound2scene.seeing import Sight
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder
from s2s_live.world.fields import sample_fields

SEED = 11


@pytest.fixture(scope="module")
def seeing(seeing_folder):
    """A tiny model that sees: its generator, its fields, its sight."""
    folder = ModelFolder.open(seeing_folder)
    model = load_model(folder)
    return model.generator, model.config.fields, Sight(folder, model.config)


@pytest.fixture
def engine(seeing_folder):
    opened = open_engine(seeing_folder)
    yield opened
    opened.close()


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
    errors = [one.error for one in found[DRAWS:]]
    assert len(found) == DRAWS + 61
    shares = [one.share for one in found]
    assert shares == sorted(set(shares))
    assert 0.0 < shares[0] < 0.02
    assert shares[-1] == pytest.approx(1.0)
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
        list(islice(invert(generator, sight, picture, fields=fields, seed=SEED), DRAWS + 4)) for _ in range(2)
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


def test_the_engine_inverts_what_it_would_paint(engine, picture):
    assert isinstance(engine, Inverts)
    square = engine.square(picture)
    assert (square == np.array(picture)).all()
    first, *_, last = islice(engine.invert(square, SEED), DRAWS + 30)
    assert last.error < first.error
    assert last.z.shape == (engine.spec.z_size,)
    assert last.latent.shape == (engine.spec.latent_size,)
    assert last.z.dtype == last.latent.dtype == np.float32


def test_a_wide_picture_gives_its_middle(engine):
    wide = np.zeros((60, 180, 3), np.uint8)
    wide[:, 60:120] = (10, 200, 90)
    square = engine.square(Image.fromarray(wide))
    assert square.shape == (*engine.spec.picture_sizes[0], 3)
    assert (square == (10, 200, 90)).all()


def test_it_stops_in_the_middle_of_a_draw_and_of_a_step(engine, picture):
    """Asked between layers, on the way forward and back: nothing more is yielded."""
    square, times, last = engine.square(picture), 0, None

    def stop():
        nonlocal times
        times += 1
        return times == last

    for _ in islice(engine.invert(square, SEED, stop), DRAWS):
        pass
    forward = times // DRAWS
    within_draw, within_step, on_the_way_back = 3, times + 3, times + forward + 3
    for last, yielded in ((within_draw, 0), (within_step, DRAWS), (on_the_way_back, DRAWS)):
        times = 0
        assert len(list(engine.invert(square, SEED, stop))) == yielded
        assert times == last, "asked no more"


def test_every_inversion_has_a_generator_of_its_own(engine, picture, monkeypatch):
    read = []

    def note(folder, config, label):
        read.append(load_generator(folder, config, label))
        return read[-1]

    monkeypatch.setattr(pictures, "load_generator", note)
    one, other = (engine.invert(engine.square(picture), SEED) for _ in range(2))
    assert next(one).share > 0.0
    assert next(other).share > 0.0
    assert len(set(map(id, read))) == 2
    one.close()
    other.close()


def test_an_engine_that_cannot_see_says_so_with_the_first_step(tiny_folder, picture):
    engine = open_engine(tiny_folder)
    with pytest.raises(ModelError, match="cannot look"):
        next(engine.invert(engine.square(picture), SEED))
    engine.close()
