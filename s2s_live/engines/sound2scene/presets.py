"""The numbers of the bundled model's networks: what they cost was measured on one CPU thread.

The generator spends its time where the pixels are. The last block stands at half the picture's resolution,
and its convolutions give and take the four pixels of a cell at once: on a vector processor 32 channels there
cost less than 8 at the full resolution.
"""

from __future__ import annotations

from dataclasses import replace

from s2s_live.engines.sound2scene.config import AudioEncoderConfig, FieldsConfig, GeneratorConfig
from s2s_live.engines.sound2scene.upscaler_config import UpscalerConfig
from s2s_live.world.channels import WORLD_FIELDS

EMBEDDING_SIZE = 128

BUNDLED_AUDIO_ENCODER = AudioEncoderConfig(depth=18, width=32, embedding_size=EMBEDDING_SIZE)
"""2.9 million parameters over `[1, 64, 100]` log-mel windows."""

_SIZES = WORLD_FIELDS.counts

WIDE_GENERATOR = GeneratorConfig(
    feature_size=EMBEDDING_SIZE,
    in_channels=(192, 192, 128, 64, 32),
    out_channels=(192, 128, 64, 32, 16),
    z_chunk=8,
    shared_size=64,
    norm="none",
    fields=FieldsConfig(
        planes=_SIZES[:-1],
        kernels=(3, 3, 3, 3, 1),
        squares=True,
        fine=_SIZES[-1],
        mattes=5,
        templates=24,
    ),
    hierarchical=False,
    mapping=128,
    shuffle=2,
    smooth=True,
    bounded=True,
)
"""256x256 from the world's fields; every block knows the eight numbers of z that a scene depends on."""

BUNDLED_GENERATOR = replace(
    WIDE_GENERATOR, in_channels=(128, 128, 80, 40, 24), out_channels=(128, 80, 40, 24, 16)
)
"""What the stage `narrow` makes of it: 0.58 of the multiplications."""

BUNDLED_UPSCALER = UpscalerConfig(channels=32, planes=_SIZES[-1])
"""To 512x512, for somewhat more multiplications than the generator's."""
