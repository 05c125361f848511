"""Every kind of audio encoder that the paper's checkpoints come with hears in an engine as it does alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.engines.sound2scene.model import load_model, write_model
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.features.log_psd import FRAME, HOP, SAMPLE_RATE, LogPsdConfig, log_psd
from s2s_live.store.folder import ModelFolder

FRAMES = 98


@pytest.mark.parametrize(
    ("depth", "pool"),
    [
        (18, "vlad"),
        (34, "avg"),
        (34, "vlad"),
        *(pytest.param(depth, "avg", marks=pytest.mark.slow) for depth in (50, 101, 152)),
    ],
)
def test_an_encoder_hears_in_an_engine_as_alone(tiny_folder, tmp_path, depth, pool):
    model = load_model(ModelFolder.open(tiny_folder))
    size = model.config.generator.feature_size
    torch.manual_seed(depth)
    encoder = AudioEncoder(AudioEncoderConfig(depth, 4, size, pool)).eval()
    for module in encoder.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # as if it had been trained: not the identity
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.normal_(module.running_mean, 0.0, 0.1)
    config = replace(
        model.config,
        audio_encoder=encoder.config,
        families=(),
        silence="",
        front_end=LogPsdConfig(FRAMES),
    )
    written = write_model(
        tmp_path / "model",
        replace(model, config=config, audio_encoder=encoder, families=None),
        name="deep",
        licence="MIT",
        trained={},
    )
    sound = np.random.default_rng(0).normal(0, 0.1, (FRAMES - 1) * HOP + FRAME).astype(np.float32)
    engine = open_engine(written.path)
    front = engine.front_end()
    assert front.sample_rate == SAMPLE_RATE
    front.push(sound)
    heard = engine.hear(front.listen({}))
    engine.close()
    tone = np.sin(np.arange(len(sound)) * 0.2)
    with torch.no_grad():
        windows = np.stack([log_psd(sound), log_psd(tone)])
        alone, other = unit(encoder(torch.from_numpy(windows).float()[:, None])).numpy()
    assert np.linalg.norm(heard.latent - alone) < 0.25 * np.linalg.norm(other - alone)
