"""A small world: its model paints 64x64 with random weights, its image encoder is as wide as the real one."""

from dataclasses import replace

import pytest
import torch
from torch.nn import functional

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.model import Families, Sound2SceneModel, write_model
from s2s_live.engines.sound2scene.tiny import tiny_config
from s2s_live.engines.sound2scene.world_encoder import EMBEDDING_SIZE, WorldEncoder
from s2s_live.evaluation.world.material import open_world


@pytest.fixture(scope="session")
def small_model(image_encoder):
    plain = tiny_config()
    config = replace(
        plain,
        audio_encoder=replace(plain.audio_encoder, embedding_size=EMBEDDING_SIZE),
        generator=replace(plain.generator, feature_size=EMBEDDING_SIZE),
    )
    torch.manual_seed(0)
    encoder, generator = AudioEncoder(config.audio_encoder).eval(), Generator(config.generator).eval()
    prototypes = functional.normalize(torch.rand(len(config.families), EMBEDDING_SIZE), dim=1)
    flow = 0.1 * torch.rand(len(config.families), config.layers, 2)
    return Sound2SceneModel(
        config, encoder, generator, Families(prototypes.numpy(), flow.numpy()), None, image_encoder
    )


@pytest.fixture(scope="session")
def image_encoder():
    torch.manual_seed(1)
    return WorldEncoder().eval()


@pytest.fixture
def world(small_model, image_encoder):
    return open_world(small_model, image_encoder, seed=3)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory, small_model):
    folder = tmp_path_factory.mktemp("models") / "small"
    write_model(folder, small_model, name="small", licence="MIT", trained={"how": "not at all"})
    return folder
