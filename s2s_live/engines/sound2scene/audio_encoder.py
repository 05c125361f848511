"""The audio encoder: torchvision's ResNet over a spectrogram, with its width as a number."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

from s2s_live.engines.sound2scene.config import CLUSTERS, ENCODER_STAGES, AudioEncoderConfig
from s2s_live.engines.sound2scene.netvlad import NetVlad
from s2s_live.engines.sound2scene.unit import unit


class AudioEncoder(ResNet):  # type: ignore[misc]
    """`[B, 1, bins, frames]` spectrograms to `[B, embedding_size]` embeddings, none negative.

    With width 64 its state dict is that of torchvision's ResNet with a one-channel conv1; where NetVLAD
    pools, `avgpool` has that one's and the last layer is called `fc_`, as in the official checkpoints.
    """

    def __init__(self, config: AudioEncoderConfig) -> None:
        # torchvision's own __init__ has 64, 128, 256, 512 written into it; all else is inherited.
        nn.Module.__init__(self)
        bottleneck, stages = ENCODER_STAGES[config.depth]
        block = Bottleneck if bottleneck else BasicBlock
        width = config.width
        self.config = config
        self._norm_layer = nn.BatchNorm2d
        self.inplanes, self.dilation, self.groups, self.base_width = width, 1, 1, 64
        self.conv1 = nn.Conv2d(1, width, kernel_size=7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(kernel_size=3, stride=2, padding=1)
        self.layer1 = self._make_layer(block, width, stages[0])
        self.layer2 = self._make_layer(block, 2 * width, stages[1], stride=2)
        self.layer3 = self._make_layer(block, 4 * width, stages[2], stride=2)
        self.layer4 = self._make_layer(block, 8 * width, stages[3], stride=2)
        if config.pool == "vlad":
            self.avgpool: nn.Module = NetVlad(8 * width)
            self.fc_ = nn.Linear(CLUSTERS * 8 * width, config.embedding_size)
        else:
            self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
            self.fc = nn.Linear(8 * width * block.expansion, config.embedding_size)
        self._initialise()

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.weight, 1.0, 0.02)
                nn.init.zeros_(module.bias)
        if isinstance(self.avgpool, NetVlad):
            self.avgpool.reset_parameters()

    def pooled(self, spectrogram: Tensor) -> Tensor:
        """What the last layer takes, `[B, features]`: the mean of the last maps, or their NetVLAD."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(spectrogram))))
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        return self.avgpool(maps).flatten(1)  # type: ignore[no-any-return]

    def forward(self, spectrogram: Tensor) -> Tensor:
        """`[B, 1, bins, frames]` to `[B, embedding_size]`, each >= 0."""
        last = self.fc_ if self.config.pool == "vlad" else self.fc
        return torch.relu(last(self.pooled(spectrogram)))


class UnitEncoder(nn.Module):
    """An audio encoder with its embedding brought to unit length: what an engine hears with."""

    def __init__(self, encoder: AudioEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, spectrogram: Tensor) -> Tensor:
        """`[B, 1, bins, frames]` to `[B, D]`."""
        return unit(self.encoder(spectrogram))
