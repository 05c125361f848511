"""What the audio encoder costs, counted without building it."""

from __future__ import annotations

from s2s_live.engines.sound2scene.config import ENCODER_STAGES, AudioEncoderConfig
from s2s_live.engines.sound2scene.netvlad import CLUSTERS


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
