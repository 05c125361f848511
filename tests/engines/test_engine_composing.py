"""Composing finds the z in whose picture the model sees most of a scene, and never does worse than before."""

import numpy as np
import pytest

from s2s_live.engines.base import Composes
from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene.composing import compose
from s2s_live.engines.sound2scene.inversion import Z_LIMIT
from s2s_live.engines.sound2scene.model import load_model
from s2s_live.engines.sound2scene.seeing import Sight
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder

SEED = 11


@pytest.fixture
def engine(seeing_folder):
    opened = open_engine(seeing_folder)
    yield opened
    opened.close()


def test_it_comes_nearer_and_says_how_near(engine):
    assert isinstance(engine, Composes)
    latent = engine.silence().latent
    found = list(engine.compose(latent, None, SEED))
    distances = [one.distance for one in found]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < distances[0]
    assert found[-1].share == 1.0
    best = found[-1]
    assert np.abs(best.z).max() <= Z_LIMIT
    assert best.picture.shape == (*engine.spec.picture_sizes[0], 3)
    seen = engine.see(_image(best.picture)).latent
    assert float(np.linalg.norm(seen - latent)) == pytest.approx(best.distance, abs=0.05)


def test_once_more_it_draws_others_and_is_never_worse(engine):
    latent = engine.silence().latent
    *_, first = engine.compose(latent, None, SEED)
    again = list(engine.compose(latent, first.z, SEED))
    assert (again[0].z == first.z).all()
    assert again[0].distance == pytest.approx(first.distance, abs=1e-4)
    assert again[-1].distance <= first.distance + 1e-4
    alone = list(engine.compose(latent, first.z, SEED, chance=1))
    assert [one.distance for one in alone] != [one.distance for one in again]
    *_, same = engine.compose(latent, None, SEED)
    assert (same.z == first.z).all()


def test_what_is_ranked_is_what_would_be_painted(engine):
    far = np.full(engine.spec.z_size, 1.5 * Z_LIMIT, np.float32)
    far.setflags(write=False)
    first = next(engine.compose(engine.silence().latent, far, SEED))
    assert np.abs(first.z).max() == Z_LIMIT


def test_it_stops_within_a_picture(engine):
    times = 0

    def stop():
        nonlocal times
        times += 1
        return times == 3

    assert list(engine.compose(engine.silence().latent, None, SEED, stop)) == []
    assert times == 3


def test_a_model_that_cannot_see_cannot_compose(tiny_folder):
    folder = ModelFolder.open(tiny_folder)
    model = load_model(folder)
    latent = np.eye(1, model.config.generator.feature_size, dtype=np.float32)[0]
    with pytest.raises(ModelError, match="cannot look"):
        next(compose(model.generator, Sight(folder, model.config), latent, fields=model.config.fields))


def _image(picture):
    from PIL import Image

    return Image.fromarray(picture)
