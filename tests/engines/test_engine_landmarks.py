"""What is heard is drawn to where pictures lie."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene.description import Sound2SceneConfig
from s2s_live.engines.sound2scene.landmarks import Landmarks, load_landmarks
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder, write_model_folder

SIZE = 16


def directions(count, seed=0):
    rows = np.random.default_rng(seed).random((count, SIZE)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def folder(tiny_folder, tmp_path_factory):
    """The tiny model with landmarks."""
    model = load_model(ModelFolder.open(tiny_folder))
    config = replace(model.config, landmark_sharpness=30.0)
    place = tmp_path_factory.mktemp("models") / "marked"
    write_model(
        place,
        replace(model, config=config, landmarks=Landmarks(directions(40), 30.0)),
        name="marked",
        licence="MIT",
        trained={},
    )
    return place


def test_a_sharp_draw_ends_at_the_nearest():
    landmarks = Landmarks(directions(40), 5000.0)
    near = directions(40) + 0.01 * np.random.default_rng(1).random((40, SIZE)).astype(np.float32)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    np.testing.assert_allclose(landmarks.draw(near), landmarks.embedding, atol=1e-3)


def test_between_two_that_are_as_near_it_stays_between_them():
    ends = np.eye(2, SIZE, dtype=np.float32)
    middle = (ends.sum(axis=0) / np.sqrt(2)).astype(np.float32)
    np.testing.assert_allclose(Landmarks(ends, 20.0).draw(middle), middle, atol=1e-6)


def test_what_is_drawn_is_a_direction_nearer_to_the_landmarks():
    landmarks, latents = Landmarks(directions(40), 30.0), directions(12, seed=5)
    drawn = landmarks.draw(latents)
    assert drawn.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1.0, atol=1e-5)
    nearest = [(rows @ landmarks.embedding.T).max(axis=1) for rows in (latents, drawn)]
    assert (nearest[1] > nearest[0]).all()
    np.testing.assert_allclose(landmarks.draw(latents[3]), drawn[3], atol=1e-6)


def test_the_engine_draws_what_it_hears_and_names_it_as_before(folder, tiny_folder):
    window = 0.1 * np.random.default_rng(2).standard_normal((1, 64, 100)).astype(np.float32)
    plain, marked = open_engine(tiny_folder), open_engine(folder)
    try:
        heard, drawn = plain.hear(window), marked.hear(window)
    finally:
        plain.close()
        marked.close()
    expected = load_model(ModelFolder.open(folder)).landmarks.draw(heard.latent)
    np.testing.assert_allclose(drawn.latent, expected, atol=1e-3)
    assert not np.allclose(drawn.latent, heard.latent, atol=1e-2)
    assert drawn.family == heard.family
    assert drawn.confidence == pytest.approx(heard.confidence, abs=1e-3)
    np.testing.assert_allclose(drawn.flow, heard.flow, atol=1e-3)


def test_silence_is_drawn_as_well(folder):
    engine = open_engine(folder)
    silence = engine.silence()
    engine.close()
    model = load_model(ModelFolder.open(folder))
    prototype = model.families.prototypes[model.config.families.index("silence")]
    np.testing.assert_allclose(silence.latent, model.landmarks.draw(prototype), atol=1e-5)


def test_a_model_folder_keeps_them(folder):
    found = load_model(ModelFolder.open(folder)).landmarks
    assert found.sharpness == 30.0
    np.testing.assert_allclose(found.embedding, directions(40), atol=1e-3)


def rewritten(folder, place, rows, sharpness=30.0):
    """The model folder with other landmarks, or none."""
    opened = ModelFolder.open(folder)
    names = ["audio_encoder", "generator", "families"]
    weights = {name: opened.load(name) for name in names}
    if rows is not None:
        weights["landmarks"] = {"embedding": rows}
    data = {key: opened.data[key] for key in Sound2SceneConfig.from_json(opened.data).to_json()}
    about = {"name": "other", "engine": "sound2scene", "licence": "MIT", "trained": {}}
    return write_model_folder(place, {**about, **data, "landmark_sharpness": sharpness}, weights)


@pytest.mark.parametrize(
    "rows",
    [torch.ones(3, SIZE + 1), torch.ones(SIZE), torch.ones(0, SIZE), torch.zeros(3, SIZE),
     torch.full((3, SIZE), float("nan")), None],
    ids=["long", "flat", "none", "zero", "nan", "missing"],
)  # fmt: skip
def test_landmarks_that_do_not_fit_are_named(folder, tmp_path, rows):
    other = rewritten(folder, tmp_path / "other", rows)
    with pytest.raises(ModelError, match="landmarks"):
        load_landmarks(other, Sound2SceneConfig.from_json(other.data))


@pytest.mark.parametrize("sharpness", [0.0, -3.0, True, "sharp"])
def test_an_impossible_sharpness_is_named(folder, tmp_path, sharpness):
    other = rewritten(folder, tmp_path / "other", torch.ones(3, SIZE), sharpness)
    with pytest.raises(ModelError, match="landmark_sharpness"):
        Sound2SceneConfig.from_json(other.data)
