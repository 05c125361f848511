"""The IC-GAN BigGAN generator, its numbers in a config, with noise fields as an optional input.

Parameter names are those of the official checkpoints, whose spectral norm is folded into the weights when
they are read. Batch statistics are stored ones, never those of the batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.bounded import BoundedReLU
from s2s_live.engines.sound2scene.config import GeneratorConfig
from s2s_live.engines.sound2scene.detail import Detail, doubled, repeated

Window = tuple[slice, slice]
"""Rows and columns, from where to where."""

EPS = 1e-5
SLOPE = 0.2
"""Of the mapping's activations below zero."""
GAIN = 8.0
"""Of the templates over their weights, which then move as fast as what reads them."""


class ConditionalNorm(nn.Module):
    """`(x - stored_mean) / sqrt(stored_var + eps) * (1 + gain(q)) + bias(q)`.

    Without statistics the affine alone.
    """

    stored_mean: Tensor
    stored_var: Tensor

    def __init__(self, channels: int, condition: int, *, statistics: bool) -> None:
        super().__init__()
        self.statistics = statistics
        self.gain = nn.Linear(condition, channels, bias=False)
        self.bias = nn.Linear(condition, channels, bias=False)
        if statistics:
            self.register_buffer("stored_mean", torch.zeros(channels))
            self.register_buffer("stored_var", torch.ones(channels))

    def forward(self, x: Tensor, q: Tensor) -> Tensor:
        """`[B, C, H, W]` and the condition `[B, Q]` to `[B, C, H, W]`."""
        scale, shift = 1 + self.gain(q), self.bias(q)
        if self.statistics:
            scale = scale * torch.rsqrt(self.stored_var + EPS)
            shift = shift - self.stored_mean * scale
        return torch.addcmul(shift[..., None, None], x, scale[..., None, None])


class OutputNorm(nn.Module):
    """The unconditional norm before the last convolution."""

    stored_mean: Tensor
    stored_var: Tensor

    def __init__(self, channels: int, *, statistics: bool) -> None:
        super().__init__()
        self.statistics = statistics
        self.gain = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        if statistics:
            self.register_buffer("stored_mean", torch.zeros(channels))
            self.register_buffer("stored_var", torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, H, W]` to the same."""
        scale: Tensor = self.gain
        shift: Tensor = self.bias
        if self.statistics:
            scale = scale * torch.rsqrt(self.stored_var + EPS)
            shift = shift - self.stored_mean * scale
        return torch.addcmul(shift[:, None, None], x, scale[:, None, None])


class Attention(nn.Module):
    """Non-local self-attention over pooled keys, weighed by the scalar `gamma`."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.theta = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.phi = nn.Conv2d(channels, channels // 8, 1, bias=False)
        self.g = nn.Conv2d(channels, channels // 2, 1, bias=False)
        self.o = nn.Conv2d(channels // 2, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: Tensor) -> Tensor:
        """`[B, C, H, W]` to the same."""
        query = self.theta(x).flatten(2)
        key = functional.max_pool2d(self.phi(x), 2).flatten(2)
        value = functional.max_pool2d(self.g(x), 2).flatten(2)
        weights = torch.softmax(query.transpose(1, 2) @ key, dim=-1)
        found = (value @ weights.transpose(1, 2)).reshape(x.shape[0], -1, x.shape[2], x.shape[3])
        return torch.addcmul(x, self.gamma, self.o(found))


class Block(nn.Module):
    """Residual block that doubles the resolution."""

    def __init__(self, config: GeneratorConfig, index: int) -> None:
        super().__init__()
        wide, narrow = config.in_channels[index], config.out_channels[index]
        condition = config.condition_size
        statistics = config.norm == "bigbn"
        self.smooth = config.smooth
        self.conv1 = nn.Conv2d(wide, narrow, 3, padding=1)
        self.conv2 = nn.Conv2d(narrow, narrow, 3, padding=1)
        self.conv_sc = nn.Conv2d(wide, narrow, 1)
        self.bn1 = ConditionalNorm(wide, condition, statistics=statistics)
        self.bn2 = ConditionalNorm(narrow, condition, statistics=statistics)
        self.bend1, self.bend2 = (BoundedReLU() if config.bounded else nn.ReLU() for _ in range(2))
        self.conv_f: nn.Conv2d | None = None
        if config.fields is not None and (planes := config.extra_planes(index)):
            kernel = config.fields.kernels[index]
            self.conv_f = nn.Conv2d(planes, narrow, kernel, padding=kernel // 2, bias=False)

    def forward(self, h: Tensor, q: Tensor, extra: Tensor | None) -> Tensor:
        """`[B, in, r, r]`, condition `[B, Q]` and planes `[B, extra, 2r, 2r]` to `[B, out, 2r, 2r]`."""
        a = self.bend1(self.bn1(h, q))
        a = functional.conv_transpose2d(a, doubling(self.conv1.weight), self.conv1.bias, stride=2, padding=1)
        if self.conv_f is not None and extra is not None:
            # The planes join the input of conv1: as a sum of two convolutions, so that nothing is copied.
            a = a + self.conv_f(extra)
        a = self.conv2(self.bend2(self.bn2(a, q)))
        # A 1x1 convolution and upsampling commute: the cheaper order.
        return torch.add(a, upsample(self.conv_sc(h), smooth=self.smooth))


class Mapping(nn.Module):
    """Two layers from (projected feature, z) to what conditions a scene."""

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.first = nn.Linear(config.shared_size + config.z_chunk, 2 * config.mapping)
        self.second = nn.Linear(2 * config.mapping, config.mapping)

    def forward(self, condition: Tensor) -> Tensor:
        """`[B, shared_size + z_chunk]` to `[B, mapping]`."""
        h = functional.leaky_relu(self.first(condition), SLOPE)
        return functional.leaky_relu(self.second(h), SLOPE)


class Generator(nn.Module):
    """Pictures from noise, a unit feature and, where the config has them, noise fields."""

    fine_grid: Tensor

    def __init__(self, config: GeneratorConfig) -> None:
        super().__init__()
        self.config = config
        if config.classes:
            self.shared = nn.Embedding(config.classes, config.class_size)
        self.shared_feat = nn.Linear(config.feature_size, config.shared_size)
        self.mapping = Mapping(config) if config.mapping else None
        self.linear = nn.Linear(config.mapping or config.z_chunk, config.in_channels[0] * config.bottom**2)
        self.blocks = nn.ModuleList(self._stage(index) for index in range(config.blocks))
        last = config.out_channels[-1]
        self.output_layer = nn.Sequential(
            OutputNorm(last, statistics=config.norm == "bigbn"),
            nn.ReLU(),
            nn.Conv2d(last, 3 * config.shuffle**2, config.final_kernel, padding=config.final_kernel // 2),
        )
        self.templates: nn.Parameter | None = None
        if config.fields is not None and config.fields.templates:
            size = config.block_resolution(config.blocks - 1)
            self.templates = nn.Parameter(0.1 / GAIN * torch.randn(1, config.fields.templates, size, size))
        self.detail: Detail | None = None
        if config.fields is not None and config.fields.mattes:
            planes = config.extra_planes(config.blocks - 1)
            self.detail = Detail(config.fields, planes, config.condition_size, last)
            self.register_buffer("fine_grid", coordinates(config.resolution)[:, :2], persistent=False)
        for index in range(config.blocks):
            # Constants of the shape, not weights: they are in no checkpoint.
            planes = config.fields.coordinate_planes if config.fields else 0
            grid = coordinates(config.block_resolution(index))[:, :planes]
            self.register_buffer(f"grid{index}", grid, persistent=False)
        self._initialise()

    def _stage(self, index: int) -> nn.ModuleList:
        stage: list[nn.Module] = [Block(self.config, index)]
        if self.config.attention_after == index:
            stage.append(Attention(self.config.out_channels[index]))
        return nn.ModuleList(stage)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        if self.mapping is not None:
            for layer in (self.mapping.first, self.mapping.second):
                nn.init.kaiming_normal_(layer.weight, a=SLOPE, nonlinearity="leaky_relu")
        # A unit feature has small entries: without this the condition would start out almost constant.
        nn.init.normal_(self.shared_feat.weight)
        nn.init.zeros_(self.shared_feat.bias)
        if self.detail is not None:
            self.detail.reset()
        for index in range(self.config.blocks):
            # The residual sum would otherwise double its variance at every block.
            block = self._block(index)
            for conv in (block.conv2, block.conv_sc):
                nn.init.kaiming_normal_(conv.weight, nonlinearity="linear")
                with torch.no_grad():
                    conv.weight.mul_(0.7)
            if block.conv_f is not None:
                with torch.no_grad():
                    block.conv_f.weight.mul_(0.7)
                    block.conv1.weight.mul_(0.7)

    def _block(self, index: int) -> Block:
        stage = self.blocks[index]
        if not isinstance(stage, nn.ModuleList) or not isinstance(stage[0], Block):
            raise TypeError("a stage begins with its block")
        return stage[0]

    def forward(
        self, z: Tensor, feature: Tensor, fields: Sequence[Tensor] | None = None, label: Tensor | None = None
    ) -> Tensor:
        """One picture per row, `[B, 3, R, R]` in -1..1.

        `z` is `[B, >= z_size]` (a longer tail is ignored), `feature` `[B, feature_size]` of unit length,
        `fields[i]` `[B, planes[i], r_i, r_i]` for the blocks that take any (others are not
        looked at) and after them `[B, fine, R, R]` where there are fine ones, `label` `[B]` where there are
        classes.
        """
        h, conditions = self.begin(z, feature, label)
        planes = None
        for index, condition in enumerate(conditions):
            planes = self.planes(index, fields, z.shape[0])
            h = self.stage(index, h, condition, planes)
        return self.finish(h, conditions[-1], planes, self.fine_planes(fields, z.shape[0]))

    def begin(self, z: Tensor, feature: Tensor, label: Tensor | None = None) -> tuple[Tensor, list[Tensor]]:
        """The smallest map and what conditions each block; see `forward`."""
        config = self.config
        y = self.shared_feat(feature)
        if self.mapping is not None:
            condition = self.mapping(torch.cat([y, z[:, : config.z_size]], dim=1))
            first, conditions = condition, [condition] * config.blocks
        else:
            if config.classes:
                y = torch.cat([self.shared(label), y], dim=1)
            chunks = torch.split(z[:, : config.z_size], config.z_chunk, dim=1)
            if not config.hierarchical:
                chunks = chunks * (config.blocks + 1)
            first, *rest = chunks
            conditions = [torch.cat([y, chunk], dim=1) for chunk in rest]
        return self.linear(first).reshape(z.shape[0], -1, config.bottom, config.bottom), conditions

    def stage(self, index: int, h: Tensor, condition: Tensor, planes: Tensor | None) -> Tensor:
        """One block and the attention after it; `planes` are those of `planes`, or the same part of both."""
        block, *after = self._stage_modules(index)
        h = block(h, condition, planes)
        for module in after:
            h = module(h)
        return h

    def finish(
        self, h: Tensor, condition: Tensor | None = None, planes: Tensor | None = None,
        fine: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """What the last block gave as a picture, -1..1.

        Mattes take the last block's condition and planes and the `fine_planes`, or the same part of them as
        of `h`.
        """
        picture = functional.pixel_shuffle(self.output_layer(h), self.config.shuffle)
        if self.detail is not None and condition is not None and planes is not None and fine is not None:
            norm, bend, _ = self.output_layer.children()
            picture = picture + self.detail(bend(norm(h)), condition, planes, fine)
        return torch.tanh(picture)

    def _stage_modules(self, index: int) -> list[nn.Module]:
        return list(self.blocks[index].children())

    def planes(
        self, index: int, fields: Sequence[Tensor] | None, batch: int, window: Window | None = None
    ) -> Tensor | None:
        """All planes that a block takes beside what the one before gives, None where it takes none.

        With a `window` (rows and columns of the planes) only what lies in it.
        """
        config = self.config.fields
        if config is None or not config.planes[index]:
            return None
        if fields is None:
            raise ValueError("this generator takes noise fields")
        found = [_part(fields[index], window, 1)]
        if config.fine_in_block and index == self.config.blocks - 1:
            shuffle = self.config.shuffle
            found.append(functional.pixel_unshuffle(_part(fields[index + 1], window, shuffle), shuffle))
        if config.coordinates:
            grid: Tensor = getattr(self, f"grid{index}")
            found.append(_part(grid, window, 1).expand(batch, -1, -1, -1))
        if self.templates is not None and index == self.config.blocks - 1:
            found.append(_part(GAIN * self.templates, window, 1).expand(batch, -1, -1, -1))
        return torch.cat(found, dim=1) if len(found) > 1 else found[0]

    def fine_planes(
        self, fields: Sequence[Tensor] | None, batch: int, window: Window | None = None
    ) -> Tensor | None:
        """What the mattes read, `[B, fine + 2, R, R]`, None where there are none; `window` counts cells of
        the last block."""
        if self.detail is None:
            return None
        if fields is None:
            raise ValueError("this generator takes noise fields")
        parts = [_part(planes, window, self.config.shuffle) for planes in (fields[-1], self.fine_grid)]
        return torch.cat([parts[0], parts[1].expand(batch, -1, -1, -1)], dim=1)


def _part(planes: Tensor, window: Window | None, scale: int) -> Tensor:
    if window is None:
        return planes
    rows, columns = (slice(side.start * scale, side.stop * scale) for side in window)
    return planes[..., rows, columns]


def upsample(x: Tensor, *, smooth: bool = False) -> Tensor:
    """Twice the rows and columns, each pixel repeated or (`smooth`) bilinear between pixel centres."""
    return doubled(x) if smooth else repeated(x)


def doubling(weight: Tensor) -> Tensor:
    """The transposed 4x4 convolution of stride 2 that is nearest upsampling and a 3x3 convolution in one.

    `weight [out, in, 3, 3]` becomes `[in, out, 4, 4]`. Of the nine products for a pixel, those that fall on
    the same pixel of the smaller picture are added up beforehand: four remain.
    """
    taps = weight.new_tensor([[0, 0, 1], [0, 1, 1], [1, 1, 0], [1, 0, 0]])
    return torch.einsum("yi,oaij,xj->aoyx", taps, weight, taps)


def coordinates(size: int) -> Tensor:
    """x, y and their squares at each pixel, `[1, 4, size, size]`; -1..1 from the first to the last pixel's
    centre."""
    line = torch.linspace(-1.0, 1.0, size)
    place = torch.stack([line.expand(size, size), line[:, None].expand(size, size)])
    return torch.cat([place, place.square()])[None]
