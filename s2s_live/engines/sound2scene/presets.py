"""The numbers of the bundled model's networks: what they cost was measured on one CPU thread.

The generator spends its time where the pixels are. The last block stands at half the picture's resolution,
and its convolutions give and take the four pixels of a cell at once: on a vector processor 32 channels there
cost less than 8 at the full resolution.
"""

from __future__ import annotations

from dataclasses import replace

from s2s_live.engines.sound2scene.config import AudioEncoderConfig, FieldsConfig, GeneratorConfig
from s2s_live.engines.sound2scene.upscaler_config import UpscalerConfig
from s2s_live.world.channels import DRIFT, FLOW, WORLD_FIELDS, Channel

EMBEDDING_SIZE = 128

BUNDLED_AUDIO_ENCODER = AudioEncoderConfig(depth=18, width=32, embedding_size=EMBEDDING_SIZE)
"""2.9 million parameters over `[1, 64, 100]` log-mel windows."""

_SIZES = WORLD_FIELDS.counts

_WIDE_FIELDS = FieldsConfig(
    planes=_SIZES[:-1],
    kernels=(3, 3, 3, 3, 1),
    squares=True,
    fine=_SIZES[-1],
    mattes=5,
    templates=24,
)

WIDE_GENERATOR = GeneratorConfig(
    feature_size=EMBEDDING_SIZE,
    in_channels=(192, 192, 128, 64, 32),
    out_channels=(192, 128, 64, 32, 16),
    z_chunk=8,
    shared_size=64,
    norm="none",
    fields=_WIDE_FIELDS,
    hierarchical=False,
    mapping=128,
    shuffle=2,
    smooth=True,
    bounded=True,
)
"""256x256 from the world's fields; every block knows the eight numbers of z that a scene depends on."""

_UNREAD = {
    64: (Channel(FLOW, 24, 0),),
    128: (
        *(Channel(layer, cells, cells) for cells in (16, 128) for layer in (DRIFT, FLOW)),
        Channel(DRIFT, 32, 32),
        Channel(FLOW, 8, 8),
        Channel(DRIFT, 16, 64),
        Channel(FLOW, 12, 96),
        Channel(FLOW, 24, 0),
    ),
}
"""What moves, takes time to sample, and is hardly read: without any one of these a trained generator loses
more than 0.1 dB in no family."""

BUNDLED_FIELDS = WORLD_FIELDS.without(_UNREAD)
"""The noise that the bundled generator takes."""

BUNDLED_GENERATOR = replace(
    WIDE_GENERATOR,
    in_channels=(128, 128, 80, 40, 16),
    out_channels=(128, 80, 40, 16, 16),
    final_kernel=1,
    fields=replace(
        _WIDE_FIELDS,
        planes=BUNDLED_FIELDS.counts[:-1],
        kernels=(3, 3, 3, 1, 1),
        fine=BUNDLED_FIELDS.counts[-1],
        templates=12,
    ),
)
"""What the stage `narrow` makes of it: 0.43 of the multiplications, those of the last convolution among them,
half of the templates, and 24 planes of noise that are sampled for each frame instead of 34."""

BUNDLED_UPSCALER = UpscalerConfig(channels=32, planes=_SIZES[-1])
"""To 512x512, for some four times the generator's multiplications."""
