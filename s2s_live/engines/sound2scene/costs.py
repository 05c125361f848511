"""What the networks cost, counted without building them."""

from __future__ import annotations

from itertools import pairwise

from s2s_live.engines.sound2scene.config import (
    CLUSTERS,
    ENCODER_STAGES,
    AudioEncoderConfig,
    GeneratorConfig,
)


def encoder_macs(config: AudioEncoderConfig, window: tuple[int, int]) -> int:
    """Multiplications for one window of (bins, frames): convolutions, NetVLAD, the last layer."""
    bottleneck, stages = ENCODER_STAGES[config.depth]
    expansion = 4 if bottleneck else 1
    size = _halved(window)
    total = 49 * config.width * size[0] * size[1]
    size = _halved(size)
    wide = config.width
    for stage, blocks in enumerate(stages):
        narrow = config.width << stage
        for block in range(blocks):
            before, first = size, block == 0
            if first and stage:
                size = _halved(size)
            pixels = size[0] * size[1]
            if bottleneck:
                total += before[0] * before[1] * wide * narrow + 9 * pixels * narrow * narrow
                total += pixels * narrow * narrow * expansion
            else:
                total += 9 * pixels * (wide * narrow + narrow * narrow)
            if first and (stage or wide != narrow * expansion):
                total += pixels * wide * narrow * expansion
            wide = narrow * expansion
    if config.pool == "vlad":
        # Once to share places out among clusters, once to add them up.
        total += 2 * CLUSTERS * wide * size[0] * size[1]
        wide *= CLUSTERS
    return total + wide * config.embedding_size


def _halved(size: tuple[int, int]) -> tuple[int, int]:
    """What a padded convolution of stride 2 leaves."""
    return (size[0] + 1) // 2, (size[1] + 1) // 2


def count_macs(config: GeneratorConfig) -> int:
    """Multiplications of one picture, convolutions and linear layers, as the blocks are written."""
    condition = config.condition_size
    widths = (config.in_channels[0], *config.out_channels)
    total = config.feature_size * config.shared_size
    total += (config.mapping or config.z_chunk) * widths[0] * config.bottom**2
    total += 2 * config.mapping * (config.shared_size + config.z_chunk + config.mapping)
    for index, (wide, narrow) in enumerate(pairwise(widths)):
        pixels = config.block_resolution(index) ** 2
        total += 2 * condition * (wide + narrow) + pixels * wide * narrow // 4
        total += 9 * pixels * narrow * (wide + narrow)
        if config.fields is not None:
            total += config.fields.kernels[index] ** 2 * pixels * narrow * config.extra_planes(index)
    if config.fields is not None and config.fields.mattes:
        pixels, mattes = config.resolution**2, config.fields.mattes
        coarse = config.extra_planes(config.blocks - 1) + 2 * widths[-1]
        total += pixels * mattes * (config.fields.fine + 2 + 3) + pixels // 4 * mattes * coarse
    if config.attention_after is not None:
        c, pixels = widths[config.attention_after + 1], config.block_resolution(config.attention_after) ** 2
        total += pixels * c * (c // 8 * 2 + c) + pixels * pixels // 4 * (c // 8 + c // 2)
    # As many with a shuffle as without.
    return total + 3 * config.final_kernel**2 * config.resolution**2 * widths[-1]
