"""The generator rewritten for painting: the same pictures, everything constant worked out beforehand.

Gains, biases and stored statistics of all norms become one matrix; upsampling, biases and the last norm go
into the convolutions; what the fields that stand still and the coordinates add is worked out once for a seed;
the last convolution gives two rows and two columns at a time; the tone curve and the scale of bytes are part
of the graph. Exact but for rounding, and for the tangent at the end (`rational`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.bounded import BoundedReLU
from s2s_live.engines.sound2scene.config import GeneratorConfig
from s2s_live.engines.sound2scene.generator import (
    EPS,
    Attention,
    Block,
    ConditionalNorm,
    Generator,
    OutputNorm,
    doubling,
    upsample,
)
from s2s_live.engines.sound2scene.live_detail import LiveDetail, Resting, constant
from s2s_live.engines.sound2scene.planes import FinePlanes, fine_moving, moving_planes
from s2s_live.engines.sound2scene.rational import tanh
from s2s_live.engines.sound2scene.upscaler import Upscaler, extended, to_pixels
from s2s_live.engines.sound2scene.upscaler_config import REACH, SIDE
from s2s_live.world.channels import FieldConfig


class LiveBlock(nn.Module):
    """A `Block` with its norms given from outside and its constants folded.

    `moving` are the indices of the planes (as the block counts them) that change from frame to frame.
    """

    def __init__(self, block: Block, moving: Sequence[int], scale: Tensor, shift: Tensor) -> None:
        super().__init__()
        self.width = block.conv2.out_channels
        self.between = constant(_bilinear(self.width)) if block.smooth else None
        self.up = constant(doubling(block.conv1.weight))
        bias = block.conv1.bias
        self.offset = constant(torch.zeros_like(block.conv1.weight[:, 0, 0, 0]) if bias is None else bias)
        self.planes_weight: nn.Parameter | None = None
        if block.conv_f is not None and moving:
            self.planes_weight = constant(block.conv_f.weight[:, list(moving)])
        # conv2 and the shortcut end in the same sum: one bias for both, and what follows scales both.
        self.conv2_weight = constant(block.conv2.weight * scale[:, None, None, None])
        self.short_weight = constant(block.conv_sc.weight * scale[:, None, None, None])
        ends = [conv.bias for conv in (block.conv2, block.conv_sc) if conv.bias is not None]
        self.end_bias = constant(sum(ends, torch.zeros_like(scale)) * scale + shift)
        self.bounds = [_bound(bend) for bend in (block.bend1, block.bend2)]

    def forward(
        self,
        h: Tensor,
        norms: tuple[Tensor, Tensor, Tensor, Tensor],
        planes: Tensor | None,
        still: Tensor | None,
    ) -> Tensor:
        """As `Block`; `norms` are scale and shift of bn1 and bn2, `[B, C, 1, 1]`; `still` `[B, C, 2r, 2r]` is
        what the planes that stand still add, conv1's bias included."""
        scale1, shift1, scale2, shift2 = norms
        a = _bent(h * scale1 + shift1, self.bounds[0])
        bias = self.offset if still is None else None
        a = functional.conv_transpose2d(a, self.up, bias, stride=2, padding=1)
        if still is not None:
            if self.planes_weight is not None and planes is not None:
                padding = self.planes_weight.shape[-1] // 2
                # Summed with the convolution first: runtimes then do it in the convolution's own layout.
                still = functional.conv2d(planes, self.planes_weight, padding=padding) + still
            a = a + still
        a = _bent(a * scale2 + shift2, self.bounds[1])
        a = functional.conv2d(a, self.conv2_weight, self.end_bias, padding=1)
        short = functional.conv2d(h, self.short_weight)
        if self.between is None:
            return a + upsample(short, smooth=False)
        short = functional.pad(short, (1, 1, 1, 1), mode="replicate")
        return a + functional.conv_transpose2d(short, self.between, stride=2, padding=3, groups=self.width)


def _bilinear(channels: int) -> Tensor:
    """What gives every channel twice its rows and columns, `[channels, 1, 4, 4]`.

    OpenVINO convolves with it in less than half of the time that it interpolates in.
    """
    share = torch.tensor([0.25, 0.75, 0.75, 0.25])
    return (share[:, None] * share).repeat(channels, 1, 1, 1)


def _bound(bend: nn.Module) -> float | None:
    """How far it lets values reach, if that is bounded."""
    reach = float(bend.bound) if isinstance(bend, BoundedReLU) else math.inf
    return reach if math.isfinite(reach) else None


def _bent(x: Tensor, bound: float | None) -> Tensor:
    return functional.relu(x) if bound is None else functional.hardtanh(x, 0.0, bound)


class LiveUpscaler(nn.Module):
    """An `Upscaler` of cells, with what the still fields add given from outside."""

    def __init__(self, upscaler: Upscaler, fields: FieldConfig | None) -> None:
        super().__init__()
        self.upscaler = upscaler
        self.weight: nn.Parameter | None = None
        if upscaler.enter_planes is not None and fields is not None:
            chosen = [k * SIDE**2 + pixel for k in fine_moving(fields) for pixel in range(SIDE**2)]
            self.weight = constant(upscaler.enter_planes.weight[:, chosen])

    def forward(self, cells: Tensor, planes: Tensor | None, still: Tensor | None) -> Tensor:
        """From `[B, 12, R/2, R/2]` to `[B, 12, R, R]`; `planes` are the moving fields at twice the size,
        `by_phase`, `still [B, C, R + 4, R + 4]` what the others add."""
        noise = still
        if self.weight is not None and planes is not None and still is not None:
            batch, count, rows, columns = planes.shape
            apart = planes.reshape(batch, count, SIDE, rows // SIDE, SIDE, columns // SIDE)
            apart = apart.permute(0, 1, 2, 4, 3, 5).reshape(batch, -1, rows // SIDE, columns // SIDE)
            noise = extended(functional.conv2d(apart, self.weight), REACH - 1) + still
        return self.upscaler.inner(extended(to_pixels(cells), REACH), noise)


class LiveGenerator(nn.Module):
    """`forward(z, feature, tone, planes, still)` gives levels `[B, R/2, R/2, 12]`, see `to_picture`; with an
    upscaler `[B, R, R, 12]`, of twice the lines. A generator of classes takes the embedding of one before the
    feature.

    `tone [B, 3]` are the coefficients of the curve `level = tone[0] + tone[1] * x + tone[2] * x * x` over the
    generator's x in -1..1; adding a half to tone[0] makes cutting off decimals round. `planes` are the moving
    fields of every resolution (of `fields`, where the generator takes any), with mattes the finest
    `by_phase`; `still` what those of the still layer add in every block that takes fields, and in an upscaler
    that does; `resting` is what mattes read of that layer, `large` what an upscaler takes of the moving ones.
    """

    def __init__(
        self, generator: Generator, fields: FieldConfig | None = None, upscaler: Upscaler | None = None
    ) -> None:
        super().__init__()
        self.upscaler = LiveUpscaler(upscaler, fields) if upscaler is not None else None
        config = generator.config
        self.config = config
        self.label_size = config.class_size if config.classes else 0
        self.shared_feat, self.linear = generator.shared_feat, generator.linear
        self.mapping = generator.mapping
        self.detail: LiveDetail | None = None
        if generator.detail is not None and fields is not None:
            coarse = moving_planes(config, fields, config.blocks - 1)
            self.detail = LiveDetail(generator.detail, coarse, FinePlanes.of(fields))
        scale, shift = _last_norm(generator)
        folded = len(generator.blocks[-1]) == 1  # type: ignore[arg-type]
        self.last = None if folded else (constant(scale[:, None, None]), constant(shift[:, None, None]))
        one, zero = torch.ones_like(scale), torch.zeros_like(scale)
        self.stages = nn.ModuleList()
        for index, (block, attention) in enumerate(stages(generator)):
            ends = (scale, shift) if folded and index == config.blocks - 1 else None
            width = config.out_channels[index]
            ones = ends or (one.new_ones(width), zero.new_zeros(width))
            moving = moving_planes(config, fields, index)
            self.stages.append(nn.ModuleList([LiveBlock(block, moving, *ones), *attention]))
        self.norms = _all_norms(generator)
        self.sizes = [
            size
            for wide, narrow in zip(config.in_channels, config.out_channels, strict=True)
            for size in (wide, wide, narrow, narrow)
        ]
        _, final = _output(generator)
        weight, bias = _cells(final, config.shuffle)
        self.final_weight, self.final_bias = constant(weight), constant(bias)

    def forward(
        self,
        z: Tensor,
        feature: Tensor,
        tone: Tensor,
        planes: Sequence[Tensor],
        still: Sequence[Tensor],
        resting: Resting | None = None,
        large: Tensor | None = None,
    ) -> Tensor:
        """See the class."""
        config = self.config
        first, q = self._condition(z, feature)
        h = self.linear(first).reshape(z.shape[0], -1, config.bottom, config.bottom)
        norms = torch.split(self.norms(q)[..., None, None], self.sizes, dim=1)
        standing = iter(still)
        for index, stage in enumerate(self.stages):
            block, *after = stage.children()
            takes = config.extra_planes(index) > 0
            h = block(
                h,
                norms[4 * index : 4 * index + 4],
                self._planes(index, planes) if takes else None,
                next(standing) if takes else None,
            )
            for module in after:
                h = module(h)
        h = functional.relu(h if self.last is None else h * self.last[0] + self.last[1])
        padding = config.final_kernel // 2
        x = functional.conv2d(h, self.final_weight, self.final_bias, 2 // config.shuffle, padding)
        if self.detail is not None and resting is not None:
            x = x + self.detail(h, q, (planes[-2], planes[-1]), resting)
        x = tanh(x)
        if self.upscaler is not None:
            x = self.upscaler(x, large, next(standing, None))
        low, slope, bend = (part[..., None, None] for part in torch.split(tone, 1, dim=1))
        return ((x * bend + slope) * x + low).clamp(0.5, 255.49).permute(0, 2, 3, 1)

    def _condition(self, z: Tensor, feature: Tensor) -> tuple[Tensor, Tensor]:
        """What the smallest map is made of, and what conditions the norms."""
        config = self.config
        shared = self.shared_feat(feature[:, self.label_size :])
        later = z[:, config.first_norm_z : config.z_size]
        q = torch.cat([feature[:, : self.label_size], shared, later], dim=1)
        if self.mapping is None:
            return z[:, : config.z_chunk], q
        found = self.mapping(q)
        return found, found

    def _planes(self, index: int, planes: Sequence[Tensor]) -> Tensor:
        config = self.config
        if index < config.blocks - 1 or config.fields is None or not config.fields.fine_in_block:
            return planes[index]
        fine = functional.pixel_unshuffle(planes[index + 1], config.shuffle)
        return torch.cat([planes[index], fine], dim=1)


def stages(generator: Generator) -> Iterator[tuple[Block, list[Attention]]]:
    """Every block and the attention that follows it, if any."""
    for stage in generator.blocks:
        modules = list(stage.children())
        blocks = [module for module in modules if isinstance(module, Block)]
        yield blocks[0], [module for module in modules if isinstance(module, Attention)]


def _affine(norm: ConditionalNorm | OutputNorm, gain: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and shift with stored statistics worked in; `gain` and `bias` have the channels first."""
    if not norm.statistics:
        return gain, bias
    spread = torch.rsqrt(norm.stored_var + EPS)
    column = (-1, *[1] * (gain.ndim - 1))
    scale = gain * spread.reshape(column)
    return scale, bias - scale * norm.stored_mean.reshape(column)


def _output(generator: Generator) -> tuple[OutputNorm, nn.Conv2d]:
    norm, _, final = generator.output_layer.children()
    if not isinstance(norm, OutputNorm) or not isinstance(final, nn.Conv2d):
        raise TypeError("the output layer is a norm, ReLU and a convolution")
    return norm, final


def _last_norm(generator: Generator) -> tuple[Tensor, Tensor]:
    norm, _ = _output(generator)
    return _affine(norm, norm.gain, norm.bias)


def _all_norms(generator: Generator) -> nn.Linear:
    """From (shared feature, z beside its first chunk or all of it) to scale and shift of every norm, in
    order."""
    config = generator.config
    rows: list[Tensor] = []
    constants: list[Tensor] = []
    for index, (block, _) in enumerate(stages(generator)):
        for norm in (block.bn1, block.bn2):
            one = torch.ones_like(norm.gain.weight[:, 0])
            scale, shift = _affine(norm, norm.gain.weight, norm.bias.weight)
            constants += _affine(norm, one, torch.zeros_like(one))
            rows += [_widen(part, config, index) for part in (scale, shift)]
    weight = torch.cat(rows)
    linear = nn.Linear(weight.shape[1], weight.shape[0])
    linear.weight, linear.bias = constant(weight), constant(torch.cat(constants))
    return linear


def _widen(weight: Tensor, config: GeneratorConfig, index: int) -> Tensor:
    """Rows over (y, z chunk of one block) as rows over (y, z chunks of all blocks)."""
    if not config.hierarchical:
        return weight
    shared, chunk = config.condition_size - config.z_chunk, config.z_chunk
    wide = weight.new_zeros(weight.shape[0], shared + chunk * config.blocks)
    wide[:, :shared] = weight[:, :shared]
    wide[:, shared + index * chunk : shared + (index + 1) * chunk] = weight[:, shared:]
    return wide


def _cells(conv: nn.Conv2d, shuffle: int) -> tuple[Tensor, Tensor]:
    """The last convolution as one that gives two rows and columns at a time: weight and bias.

    Output channel `(2 * row + column) * 3 + colour`.
    """
    bias = conv.weight.new_zeros(conv.out_channels) if conv.bias is None else conv.bias
    if shuffle == 1:
        return _two_by_two(conv.weight), bias.repeat(4)
    # Sub-pixel convolutions count colours first.
    order = torch.arange(12).reshape(3, 4).T.reshape(-1)
    return conv.weight[order], bias[order]


def _two_by_two(weight: Tensor) -> Tensor:
    """A 3x3 convolution `[3, C, 3, 3]` as one of 4x4 and stride 2 for two rows and columns, `[12, C, 4, 4]`.

    Output channel `(2 * row + column) * 3 + colour`.
    """
    out, channels = weight.shape[:2]
    wide = weight.new_zeros(2, 2, out, channels, 4, 4)
    for row in (0, 1):
        for column in (0, 1):
            wide[row, column, :, :, row : row + 3, column : column + 3] = weight
    return wide.reshape(4 * out, channels, 4, 4)
