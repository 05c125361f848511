"""Figures of twice the lines: zero for bicubic interpolation, better for what knows the answer."""

import pytest
import torch

from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.tiny import tiny_config
from s2s_live.engines.sound2scene.upscaler import Upscaler, upscaled
from s2s_live.engines.sound2scene.upscaler_config import UpscalerConfig
from s2s_live.evaluation.world.material import World
from s2s_live.evaluation.world.upscaling import bicubic, upscaling


@pytest.fixture
def world() -> World:
    config = tiny_config()
    generator = Generator(config.generator).eval()
    return World(generator, config.fields, ("rain", "dog"), lambda p: torch.ones(len(p), 16) / 4.0, seed=1)


def test_an_untrained_upscaler_gains_nothing(world: World) -> None:
    found = upscaling(world, Upscaler(UpscalerConfig(4, planes=3)), 2)
    assert found["psnr_gain"] == pytest.approx(0.0, abs=1e-3)
    assert found["generated_psnr_gain"] == pytest.approx(0.0, abs=1e-3)
    assert set(found["detail_ratio"]["families"]) == {"rain", "dog"}
    assert found["detail_ratio"]["least"] <= found["detail_ratio"]["greatest"]


def test_pictures_come_out_twice_as_large(world: World) -> None:
    pictures = torch.rand(2, 3, 16, 16)
    made = upscaled(Upscaler(UpscalerConfig(4, planes=2)), pictures, torch.rand(2, 2, 32, 32))
    assert made.shape == bicubic(pictures).shape == (2, 3, 32, 32)
