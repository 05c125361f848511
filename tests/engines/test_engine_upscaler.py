"""Twice the lines: the network, the engine that paints with it, and when it does."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from s2s_live.engines.base import PaintState
from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene import networks
from s2s_live.engines.sound2scene.engine import Sound2SceneEngine
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.engines.sound2scene.upscaler import Upscaler, to_pixels, upscaled
from s2s_live.engines.sound2scene.upscaler_config import REACH, UpscalerConfig
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder
from s2s_live.world.fields import sample_fields


def bicubic(picture: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(picture, scale_factor=2.0, mode="bicubic")


@pytest.fixture(scope="module")
def fine_folder(tiny_folder, tmp_path_factory):
    """The tiny model with an upscaler that sharpens a little."""
    model = load_model(ModelFolder.open(tiny_folder))
    config = UpscalerConfig(channels=8, planes=3)
    upscaler = Upscaler(config)
    with torch.no_grad():
        upscaler.leave.weight.normal_(0.0, 0.03)
    folder = tmp_path_factory.mktemp("fine") / "model"
    model = replace(model, config=replace(model.config, upscaler=config), upscaler=upscaler)
    write_model(folder, model, name="fine", licence="MIT", trained={})
    return folder


def state(engine) -> PaintState:
    spec = engine.spec
    z = np.linspace(-1, 1, spec.z_size, dtype=np.float32)
    moved = np.full((spec.layers, 2), 0.3)
    moved[0] = 0.0  # the still layer rests
    return PaintState(0, 1, engine.silence().latent, z, moved, 0.0, 0.5, {})


def test_four_pixels_of_each_pixel_make_a_picture() -> None:
    cells = torch.rand(1, 12, 4, 6)
    picture = to_pixels(cells)
    assert picture.shape == (1, 3, 8, 12)
    assert torch.equal(picture[0, 2, 7, 10], cells[0, (2 * 1 + 0) * 3 + 2, 3, 5])


def test_untrained_it_is_bicubic_interpolation() -> None:
    upscaler = Upscaler(UpscalerConfig(8, planes=3))
    picture = torch.rand(1, 3, 32, 32) * 2 - 1
    made = to_pixels(upscaler(picture, torch.randn(1, 3, 64, 64)))
    assert made.detach().numpy() == pytest.approx(bicubic(picture).numpy(), abs=1e-5)


def trained(planes: int = 0) -> Upscaler:
    upscaler = Upscaler(UpscalerConfig(8, planes))
    torch.nn.init.normal_(upscaler.leave.weight, std=0.1)
    return upscaler


def test_an_even_picture_stays_even_whatever_was_learnt() -> None:
    made = to_pixels(trained()(torch.full((1, 3, 16, 16), 0.5)))
    assert made.detach().numpy() == pytest.approx(0.5, abs=1e-5)


def test_fields_tell_what_lies_between_pixels() -> None:
    picture, planes = torch.rand(1, 3, 16, 16), torch.randn(1, 2, 32, 32)
    upscaler = trained(2)
    moved = planes.clone()
    moved[0, 1, 16, 16] += 3.0
    changed = (upscaler(picture, moved) - upscaler(picture, planes)).abs().amax(1)[0] > 1e-6
    assert changed[8, 8]
    assert not changed[:5].any()


def test_a_piece_is_as_in_the_whole_picture() -> None:
    upscaler = trained()
    picture = torch.rand(1, 3, 32, 32)
    whole = upscaler(picture)[..., REACH:-REACH, REACH:-REACH]
    assert torch.allclose(upscaler.inner(picture), whole, atol=1e-5)


def test_an_engine_opened_fine_paints_the_same_scene_at_twice_the_size(fine_folder) -> None:
    plain, fine = open_engine(fine_folder), open_engine(fine_folder, fine=True)
    try:
        assert plain.spec.picture_size == (64, 64)
        assert fine.spec.picture_size == (128, 128)
        assert plain.spec.picture_sizes == fine.spec.picture_sizes == ((64, 64), (128, 128))
        assert fine.spec.gmacs_paint > plain.spec.gmacs_paint
        small = torch.from_numpy(plain.paint(state(plain))).permute(2, 0, 1)[None].float()
        large = torch.from_numpy(fine.paint(state(fine))).permute(2, 0, 1)[None].float()
    finally:
        plain.close()
        fine.close()
    assert large.shape == (1, 3, 128, 128)
    error = (large - bicubic(small).clamp(0, 255)).square().mean().sqrt()
    assert error < 32
    assert error > 0.5  # what the trained part adds


def test_the_engine_paints_what_the_networks_do_one_after_the_other(fine_folder) -> None:
    model = load_model(ModelFolder.open(fine_folder))
    engine = Sound2SceneEngine(ModelFolder.open(fine_folder), networks.Wish(prefer="torch", fine=True))
    shown = state(engine)
    painted = engine.paint(shown)
    engine.close()
    fields = model.config.fields.doubled()
    levels = sample_fields(torch.tensor([shown.seed]), torch.from_numpy(shown.displacement)[None], fields)
    with torch.no_grad():
        z, latent = torch.from_numpy(shown.z)[None], torch.from_numpy(shown.latent)[None]
        small = model.generator(z, latent, levels[:-1]) * 0.5 + 0.5
    large = upscaled(model.upscaler, small, levels[-1])[0].permute(1, 2, 0) * 255.0
    assert np.abs(painted - large.numpy()).max() < 1.0


@pytest.mark.parametrize(("frame_s", "size"), [(10.0, 128), (0.0, 64)])
def test_left_to_itself_it_paints_fine_where_there_is_time(fine_folder, monkeypatch, frame_s, size) -> None:
    monkeypatch.setattr(networks, "FRAME_S", frame_s)
    engine = open_engine(fine_folder, fine=None)
    try:
        assert engine.spec.picture_size == (size, size)
        assert engine.paint(state(engine)).shape == (size, size, 3)
    finally:
        engine.close()


def test_a_model_without_an_upscaler_stays_plain(tiny_folder) -> None:
    engine = open_engine(tiny_folder, fine=True)
    try:
        assert engine.spec.picture_size == (64, 64)
        assert engine.spec.picture_sizes == ((64, 64),)
    finally:
        engine.close()


@pytest.mark.parametrize(
    "numbers",
    [
        3,
        {"channels": 8},
        {"channels": 0, "planes": 0},
        {"channels": True, "planes": 0},
        {"channels": 8, "planes": -1},
    ],
)
def test_numbers_that_make_no_sense_are_refused(numbers) -> None:
    with pytest.raises(ModelError):
        UpscalerConfig.from_json(numbers)


def test_an_upscaler_of_other_fields_is_refused(fine_folder) -> None:
    model = load_model(ModelFolder.open(fine_folder))
    with pytest.raises(ModelError, match="upscaler"):
        replace(model.config, upscaler=UpscalerConfig(8, planes=4))


def test_a_folder_that_lost_its_upscaler_is_refused(fine_folder, tmp_path) -> None:
    shutil.copytree(fine_folder, tmp_path / "lost")
    (tmp_path / "lost" / "upscaler.safetensors").unlink()
    with pytest.raises(ModelError):
        open_engine(tmp_path / "lost", fine=True)
