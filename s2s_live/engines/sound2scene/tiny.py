"""A very small model with random weights: opens and runs in moments. For tests and for trying things out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from s2s_live.engines.base import Floats
from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig, FieldsConfig, GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.model import Families, Sound2SceneConfig, Sound2SceneModel, write_model
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.features.log_mel import LogMel, LogMelConfig
from s2s_live.world.channels import DRIFT, FLOW, LAYERS, STILL, Channel, FieldConfig

TINY_FAMILIES = ("rain", "fire", "dog", "silence")
_FIELDS = FieldConfig(
    resolutions=(8, 16, 32, 64),
    channels=tuple(
        tuple(Channel(layer, cells, cells) for layer in (STILL, DRIFT, FLOW)) for cells in (8, 16, 32, 64)
    ),
)


def tiny_config() -> Sound2SceneConfig:
    """64x64 pixels, four families."""
    return Sound2SceneConfig(
        front_end=LogMelConfig(),
        audio_encoder=AudioEncoderConfig(depth=18, width=8, embedding_size=16),
        generator=GeneratorConfig(
            feature_size=16,
            in_channels=(16, 16, 16, 16),
            out_channels=(16, 16, 16, 8),
            z_chunk=4,
            shared_size=16,
            norm="none",
            fields=FieldsConfig(planes=_FIELDS.counts, kernels=(3, 3, 3, 1)),
        ),
        families=TINY_FAMILIES,
        fields=_FIELDS,
        silence="silence",
        temperature=0.2,
    )


def _sounds() -> list[Floats]:
    """One second of each family, 16 kHz."""
    time = np.arange(16_000) / 16_000
    hiss = 0.1 * np.random.default_rng(0).standard_normal(16_000)
    clicks = np.where(np.arange(16_000) % 1600 < 8, 0.8, 0.0)
    tone = 0.3 * np.sin(2 * np.pi * 600 * time)
    return [sound.astype(np.float32) for sound in (hiss, clicks, tone, np.zeros(16_000))]


def _window(sound: Floats) -> torch.Tensor:
    stream = LogMel(LogMelConfig())
    stream.push(sound)
    return torch.from_numpy(stream.window())


@torch.no_grad()
def _spread(encoder: AudioEncoder, windows: torch.Tensor) -> torch.Tensor:
    """Scale the last layer so that these windows, near each other in a random encoder, lie far apart."""
    encoder.fc.bias.add_(1000.0)  # so far up that ReLU cuts nothing
    deviation, mean = torch.std_mean(encoder(windows), dim=0)
    encoder.fc.weight.div_(deviation[:, None])
    encoder.fc.bias.sub_(mean).div_(deviation)
    found: torch.Tensor = encoder(windows)
    return found


def write_tiny_model(folder: Path, seed: int = 0) -> Path:
    """Write the model into `folder` and return it. The same seed gives the same model.

    It knows four sounds by their random embeddings: hiss is "rain", clicks "fire", a tone "dog", and silence.
    """
    config = tiny_config()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = AudioEncoder(config.audio_encoder).eval()
        generator = Generator(config.generator).eval()
        flow = torch.rand(len(TINY_FAMILIES), LAYERS, 2) - 0.5
        prototypes = _spread(encoder, torch.stack([_window(sound) for sound in _sounds()]))
    flow[:, STILL] = 0.0
    flow[-1] = 0.01
    families = Families(unit(prototypes).detach().numpy(), flow.numpy())
    model = Sound2SceneModel(config, encoder, generator, families)
    write_model(
        folder, model, name="tiny", licence="MIT", trained={"how": f"not at all: random, seed {seed}"}
    )
    return folder
