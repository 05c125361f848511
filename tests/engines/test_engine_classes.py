"""A generator of many classes: one is chosen while it paints."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from s2s_live.engines.base import PaintState
from s2s_live.engines.sound2scene.description import load_classes
from s2s_live.engines.sound2scene.engine import Sound2SceneEngine
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.loading import load_generator
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.engines.sound2scene.networks import Wish
from s2s_live.errors import ModelError
from s2s_live.features.log_psd import LogPsdConfig
from s2s_live.store.folder import ModelFolder

CLASSES = 7


@pytest.fixture(scope="module")
def folder(tiny_folder, tmp_path_factory):
    model = load_model(ModelFolder.open(tiny_folder))
    generator = replace(model.config.generator, fields=None, norm="bigbn", classes=CLASSES, class_size=5)
    config = replace(
        model.config, generator=generator, fields=None, families=(), silence="", front_end=LogPsdConfig(98)
    )
    torch.manual_seed(0)
    model = replace(model, config=config, generator=Generator(generator))
    where = tmp_path_factory.mktemp("classes") / "model"
    return write_model(where, model, name="classes", licence="MIT", trained={})


@pytest.mark.parametrize("prefer", ["torch", "openvino"])
def test_the_chosen_class_is_painted(folder, prefer):
    engine = Sound2SceneEngine(folder, Wish(prefer=prefer))
    spec, (low, high) = engine.spec, (0.0, CLASSES - 1.0)
    assert [(c.low, c.high, c.kind) for c in spec.controls if c.name == "class"] == [(low, high, "int")]
    latent, z = engine.silence().latent, np.full(spec.z_size, 0.5, np.float32)
    shown = PaintState(0, 0, latent, z, np.zeros((0, 2)), 0.0, 0.0, {})
    found = {
        k: engine.paint(replace(shown, controls={"class": float(k)})).astype(float)
        for k in (3, 4, CLASSES - 1, 99)
    }
    plain = engine.paint(shown)
    zero = engine.paint(replace(shown, controls={"class": 0.0}))
    engine.close()
    single = load_generator(folder, load_model(folder).config, 3)
    with torch.no_grad():
        exact = single(torch.from_numpy(z)[None], torch.from_numpy(latent)[None])
    wanted = (exact[0].permute(1, 2, 0).numpy() + 1.0) * 127.5
    assert np.abs(found[3] - wanted).mean() < 3.0 < np.abs(found[4] - wanted).mean()
    np.testing.assert_array_equal(found[99], found[CLASSES - 1])
    np.testing.assert_array_equal(plain, zero)


def test_a_table_of_another_size_is_refused(folder):
    config = load_model(folder).config
    wrong = replace(config, generator=replace(config.generator, classes=CLASSES + 1))
    with pytest.raises(ModelError, match="classes"):
        load_classes(folder, wrong)


def test_a_model_without_classes_has_none(tiny_folder):
    tiny = ModelFolder.open(tiny_folder)
    assert load_classes(tiny, load_model(tiny).config) is None
