"""The numbers of the bundled model's networks: what they cost was measured on one CPU thread.

The generator spends its time where the pixels are: half of it in the last block. Widths are multiples of
the 16 lanes of a vector register, but for the last; where the fields are largest, a 1x1 convolution reads
them.
"""

from __future__ import annotations

from s2s_live.engines.sound2scene.config import AudioEncoderConfig, FieldsConfig, GeneratorConfig
from s2s_live.world.fields import WORLD_FIELDS

EMBEDDING_SIZE = 128

BUNDLED_AUDIO_ENCODER = AudioEncoderConfig(depth=18, width=32, embedding_size=EMBEDDING_SIZE)
"""2.9 million parameters over `[1, 64, 100]` log-mel windows."""

BUNDLED_GENERATOR = GeneratorConfig(
    feature_size=EMBEDDING_SIZE,
    in_channels=(96, 96, 64, 32, 16, 16),
    out_channels=(96, 64, 32, 16, 16, 8),
    z_chunk=8,
    shared_size=64,
    norm="none",
    fields=FieldsConfig(planes=WORLD_FIELDS.counts, kernels=(3, 3, 3, 3, 1, 1)),
)
"""256x256 from the world's fields."""
