"""What the networks cost, counted without running them."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor, nn

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig


def encoder_macs(config: AudioEncoderConfig, window: tuple[int, int]) -> int:
    """Multiplications for one window of (bins, frames): convolutions and linear layers."""
    counted = 0

    def count(module: nn.Module, _inputs: Any, output: Tensor) -> None:
        nonlocal counted
        if isinstance(module, nn.Conv2d):
            counted += output.numel() * module.in_channels * prod(module.kernel_size) // module.groups
        elif isinstance(module, nn.Linear):
            counted += output.numel() * module.in_features

    with torch.device("meta"), torch.no_grad():
        encoder = AudioEncoder(config).eval()
        for module in encoder.modules():
            module.register_forward_hook(count)
        encoder(torch.empty(1, 1, *window))
    return counted
