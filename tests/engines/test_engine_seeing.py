"""What a model sees in a picture goes where what it hears goes."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from s2s_live.engines.base import Sighted
from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene.image_input import ImageError
from s2s_live.errors import ModelError


@pytest.fixture
def engine(seeing_folder):
    opened = open_engine(seeing_folder)
    yield opened
    opened.close()


def _photograph(seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (90, 160, 3), np.uint8)
    return Image.fromarray(pixels).resize((640, 360), Image.Resampling.BICUBIC)


def test_a_picture_becomes_the_embedding_of_the_image_encoder(engine, seeing_network):
    picture = Image.fromarray(np.full((128, 128, 3), (200, 90, 20), np.uint8))
    plain = torch.tensor([200, 90, 20]).reshape(1, 3, 1, 1).expand(1, 3, 64, 64) / 255
    expected = seeing_network.image_encoder(plain)
    found = engine.see(picture).latent
    np.testing.assert_allclose(found, expected[0].detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("size", [(640, 360), (300, 800)])
def test_of_a_wide_or_tall_picture_its_middle_is_seen(engine, size):
    picture = _photograph().resize(size)
    left, top = (max(0, (a - b) // 2) for a, b in (size, size[::-1]))
    middle = picture.crop((left, top, left + min(size), top + min(size)))
    np.testing.assert_allclose(engine.see(picture).latent, engine.see(middle).latent, atol=1e-6)


def test_a_seen_picture_is_a_target_like_a_heard_sound(engine, tmp_path):
    path = tmp_path / "holiday.jpg"
    _photograph().save(path)
    target = engine.see(path)
    assert isinstance(engine, Sighted)
    assert engine.spec.sees
    assert target.latent.shape == (16,)
    assert target.latent.dtype == np.float32
    assert np.linalg.norm(target.latent) == pytest.approx(1.0, abs=1e-5)
    assert target.family in engine.spec.families
    assert sum(target.scores.values()) == pytest.approx(1.0)
    assert target.flow.shape == (engine.spec.layers, 2)


def test_what_is_no_picture_is_refused_and_the_next_one_seen(engine, tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("no picture")
    with pytest.raises(ImageError, match="cannot be read"):
        engine.see(path)
    assert engine.see(_photograph()).latent.any()


def test_a_model_without_an_image_encoder_says_so(tiny_folder):
    engine = open_engine(tiny_folder)
    assert not engine.spec.sees
    with pytest.raises(ModelError, match="cannot look at pictures"):
        engine.see(_photograph())
    engine.close()


@pytest.mark.parametrize("said", [None, {}, {"network": "vgg"}, "small"])
def test_a_manifest_that_names_another_network_is_refused(seeing_folder, tmp_path, said):
    folder = tmp_path / "model"
    folder.mkdir()
    for path in seeing_folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["image_encoder"] = said
    (folder / "manifest.json").write_text(json.dumps(manifest))
    engine = open_engine(folder)
    with pytest.raises(ModelError, match="image encoder is"):
        engine.see(_photograph())
    engine.close()
