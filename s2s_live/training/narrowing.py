"""A narrower generator made of a trained one, so near to it that little training mends the rest.

Of every layer's channels those are kept that explain all others best, of the noise planes those that are
asked for, and every convolution of channels is fitted anew by least squares, one after the other, to give
from what is left what the wide one gives there (He et al. 2017, "Channel pruning for accelerating very deep
neural networks", section 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.config import GeneratorConfig
from s2s_live.engines.sound2scene.detail import Detail, repeated
from s2s_live.engines.sound2scene.folding import stages
from s2s_live.engines.sound2scene.generator import Block, ConditionalNorm, Generator, OutputNorm, upsample
from s2s_live.training.templates import with_templates

PLACES = 4096
"""Of each picture's maps that a fit looks at, at most."""
RIDGE = 1e-4
"""Over the mean square of what a convolution is given."""


@dataclass(frozen=True)
class Batch:
    """What a generator takes for some pictures, see `Generator.forward`."""

    z: Tensor
    feature: Tensor
    fields: list[Tensor]


@torch.no_grad()
def narrowed(
    wide: Generator, config: GeneratorConfig, batches: Sequence[Batch],
    taken: Sequence[Sequence[int]] | None = None,
) -> Generator:  # fmt: skip
    """A generator of `config` that paints nearly as `wide` does, of which it differs in its channels, the
    size of its last convolution and the field planes and templates that its blocks take, and how.

    `batches` are pictures of all kinds, with the fields of the wide one; `taken` says of each block which of
    those the narrow one takes: all without. Raises ValueError for a generator whose norms hold statistics or
    that has no mapping, of which nothing is known here.
    """
    if wide.config.norm != "none" or not wide.config.mapping:
        raise ValueError("only generators with a mapping and without statistics are narrowed")
    count = config.fields.templates if config.fields else 0
    if wide.config.fields is not None and count != wide.config.fields.templates:
        conditions = [wide.begin(batch.z, batch.feature)[1][0] for batch in batches]
        wide = with_templates(wide, count, torch.cat(conditions))
    return _Narrowing(wide, Generator(config).eval(), batches, taken).run()


class LeastSquares:
    """The matrix that gives goals from inputs best, over all that was added."""

    def __init__(self) -> None:
        self._gram: Tensor | None = None
        self._right: Tensor | None = None

    def add(self, inputs: Tensor, goals: Tensor) -> None:
        """Take in columns: `[n, places]` and `[m, places]`."""
        gram, right = (inputs @ inputs.T).double(), (inputs @ goals.T).double()
        self._gram = gram if self._gram is None else self._gram + gram
        self._right = right if self._right is None else self._right + right

    def solve(self) -> Tensor:
        """`[m, n]`. Raises ValueError where nothing was added."""
        if self._gram is None or self._right is None:
            raise ValueError("there is nothing to fit")
        ridge = RIDGE * self._gram.diagonal().mean() * torch.eye(len(self._gram), dtype=torch.float64)
        found: Tensor = torch.linalg.solve(self._gram + ridge, self._right)
        return found.float().T


def spanning(maps: Sequence[Tensor], count: int) -> Tensor:
    """Which `count` channels of maps `[B, C, H, W]` leave least of the others' variance unexplained.

    One after the other (a Cholesky decomposition with pivots); in order of their index.
    """
    rows = [batch.transpose(0, 1).flatten(1) for batch in maps]
    mean = torch.cat(rows, 1).mean(1, keepdim=True)
    left = torch.stack([((row - mean) @ (row - mean).T).double() for row in rows]).sum(0)
    least = 1e-12 * left.diagonal().max()
    chosen: list[int] = []
    for _ in range(count):
        own = left.diagonal().clamp(min=least)
        explained = left.square().sum(0) / own
        explained[chosen] = -1.0
        best = int(explained.argmax())
        chosen.append(best)
        left = left - torch.outer(left[:, best], left[best]) / own[best]
    return torch.tensor(sorted(chosen))


class _Narrowing:
    """From the first layer to the last; holds what both generators give so far of every batch."""

    def __init__(
        self, wide: Generator, narrow: Generator, batches: Sequence[Batch],
        taken: Sequence[Sequence[int]] | None,
    ) -> None:  # fmt: skip
        self._wide, self._narrow, self._batches = wide, narrow, batches
        self._taken = [_planes(wide.config, index, taken) for index in range(wide.config.blocks)]
        self._chance = torch.Generator().manual_seed(1)
        begun = [wide.begin(batch.z, batch.feature) for batch in batches]
        self._conditions = [conditions[0] for _, conditions in begun]
        self._theirs = [h for h, _ in begun]
        self._kept = spanning(self._theirs, narrow.config.in_channels[0])
        self._mine = [h[:, self._kept] for h in self._theirs]

    def run(self) -> Generator:
        """The narrow generator, its weights set."""
        wide, narrow = self._wide, self._narrow
        own, theirs = narrow.state_dict(), wide.state_dict()
        narrow.load_state_dict({name: theirs[name] if theirs[name].shape == own[name].shape else own[name]
                                for name in own})  # fmt: skip
        cells = wide.config.bottom**2
        rows = (cells * self._kept[:, None] + torch.arange(cells)).flatten()
        narrow.linear.weight.copy_(wide.linear.weight[rows])
        narrow.linear.bias.copy_(wide.linear.bias[rows])
        for index, ((old, _), (new, _)) in enumerate(zip(stages(wide), stages(narrow), strict=True)):
            planes = [wide.planes(index, batch.fields, len(batch.z)) for batch in self._batches]
            self._end_block(old, new, *self._begin_block(old, new, planes, self._taken[index]))
        self._end()
        return narrow

    def _begin_block(
        self, old: Block, new: Block, planes: Sequence[Tensor | None], taken: Sequence[int]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """A block up to its second convolution: what that is given, of the wide one and of the narrow one."""
        _take_rows(new.bn1, old.bn1, self._kept)
        bent = [repeated(old.bend1(old.bn1(h, q))) for h, q in self._pairs(self._theirs)]
        goals = [old.conv1(x) for x in bent]
        sums = [_joined(old, goal, plane) for goal, plane in zip(goals, planes, strict=True)]
        theirs = [old.bend2(old.bn2(x, q)) for x, q in self._pairs(sums)]
        middle = spanning(theirs, new.conv2.in_channels)
        _take_rows(new.bn2, old.bn2, middle)
        read = [None if plane is None else plane[:, taken] for plane in planes]
        self._read_planes(old, new, planes, taken, middle)
        bent = [repeated(new.bend1(new.bn1(h, q))) for h, q in self._pairs(self._mine)]
        added = [
            _joined(new, torch.zeros_like(goal[:, middle]), plane)
            for goal, plane in zip(goals, read, strict=True)
        ]
        left = [x[:, middle] - more for x, more in zip(sums, added, strict=True)]
        self._fit(new.conv1, bent, left, centred=True)
        mine = [new.conv1(x) + more for x, more in zip(bent, added, strict=True)]
        return theirs, [new.bend2(new.bn2(x, q)) for x, q in self._pairs(mine)]

    def _read_planes(
        self, old: Block, new: Block, planes: Sequence[Tensor | None], taken: Sequence[int], middle: Tensor
    ) -> None:
        """What a block reads of its planes: as before, or fitted anew where its filters have another size.

        A constant that is missing then is left to what the block upsamples.
        """
        if new.conv_f is None or old.conv_f is None:
            return
        if new.conv_f.kernel_size == old.conv_f.kernel_size:
            new.conv_f.weight.copy_(old.conv_f.weight[middle][:, taken])
            return
        there = [plane for plane in planes if plane is not None]
        goals = [old.conv_f(plane)[:, middle] for plane in there]
        self._fit(new.conv_f, [plane[:, taken] for plane in there], goals)

    def _end_block(self, old: Block, new: Block, theirs: Sequence[Tensor], mine: Sequence[Tensor]) -> None:
        """The second convolution and the shortcut, which end in one sum, are fitted together."""
        short = [upsample(h, smooth=new.smooth) for h in self._mine]
        pairs = zip(theirs, self._theirs, strict=True)
        self._theirs = [old.conv2(x) + upsample(old.conv_sc(h), smooth=old.smooth) for x, h in pairs]
        self._kept = spanning(self._theirs, new.conv2.out_channels)
        goals = [h[:, self._kept] for h in self._theirs]
        self._fit(new.conv2, mine, goals, centred=True, shortcut=(new.conv_sc, short))
        self._mine = [new.conv2(x) + new.conv_sc(h) for x, h in zip(mine, short, strict=True)]

    def _end(self) -> None:
        """The output layer, and what mattes read of the last maps."""
        wide, narrow = self._wide, self._narrow
        (old_norm, bend, old_last), (norm, _, last) = _output(wide), _output(narrow)
        norm.gain.copy_(old_norm.gain[self._kept])
        norm.bias.copy_(old_norm.bias[self._kept])
        theirs = [bend(old_norm(h)) for h in self._theirs]
        mine = [bend(norm(h)) for h in self._mine]
        pairs = [(last, old_last)]
        if narrow.detail is not None and wide.detail is not None:
            self._take_coarse(narrow.detail, wide.detail)
            pairs += [(narrow.detail.start, wide.detail.start), (narrow.detail.amount, wide.detail.amount)]
        for new, old in pairs:
            self._fit(new, mine, [old(h) for h in theirs])

    def _take_coarse(self, narrow: Detail, wide: Detail) -> None:
        """What mattes read of the last block's planes."""
        for name, values in narrow.read_coarse.named_parameters():
            theirs = wide.read_coarse.get_parameter(name)
            rows = theirs.reshape(wide.count, wide.coarse, *theirs.shape[1:])
            values.copy_(rows[:, self._taken[-1]].flatten(0, 1))

    def _pairs(self, maps: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
        return list(zip(maps, self._conditions, strict=True))

    def _fit(
        self, conv: nn.Conv2d, inputs: Sequence[Tensor], goals: Sequence[Tensor], *, centred: bool = False,
        shortcut: tuple[nn.Conv2d, Sequence[Tensor]] | None = None,
    ) -> None:  # fmt: skip
        """Set weights and bias of a convolution, and of a 1x1 one that is added to it; with `centred` filters
        sum to nothing, as standardised ones do."""
        fit, size = LeastSquares(), conv.kernel_size[0]
        beside = shortcut[1] if shortcut else [x[:, :0] for x in goals]
        for x, goal, short in zip(inputs, goals, beside, strict=True):
            for k in range(len(x)):
                columns = functional.unfold(x[k : k + 1], size, padding=size // 2)[0]
                columns = columns - columns.mean(0) if centred else columns
                count = columns.shape[1]
                places = torch.randperm(count, generator=self._chance)[:PLACES]
                given = torch.cat([columns, short[k].flatten(1), columns.new_ones(1, count)])
                fit.add(given[:, places], goal[k].flatten(1)[:, places])
        found = fit.solve()
        own = conv.weight[0].numel()
        weight = found[:, :own] - (found[:, :own].mean(1, keepdim=True) if centred else 0.0)
        conv.weight.copy_(weight.reshape(conv.weight.shape))
        if conv.bias is not None:
            conv.bias.copy_(found[:, -1])
        if shortcut:
            shortcut[0].weight.copy_(found[:, own:-1, None, None])
            if shortcut[0].bias is not None:
                shortcut[0].bias.zero_()


def _planes(config: GeneratorConfig, block: int, taken: Sequence[Sequence[int]] | None) -> list[int]:
    """Which of all planes of a block are kept: of the fields those in `taken`, and all that is no field."""
    every = range(config.extra_planes(block))
    if taken is None or config.fields is None:
        return [*every]
    return [*taken[block], *every[config.fields.planes[block] :]]


def _take_rows(norm: ConditionalNorm, wide: ConditionalNorm, kept: Tensor) -> None:
    for mine, theirs in ((norm.gain, wide.gain), (norm.bias, wide.bias)):
        mine.weight.copy_(theirs.weight[kept])


def _joined(block: Block, x: Tensor, planes: Tensor | None) -> Tensor:
    """With what a block's planes add."""
    if block.conv_f is None or planes is None:
        return x
    return torch.add(x, block.conv_f(planes))


def _output(generator: Generator) -> tuple[OutputNorm, nn.Module, nn.Conv2d]:
    norm, bend, last = generator.output_layer.children()
    if not isinstance(norm, OutputNorm) or not isinstance(last, nn.Conv2d):
        raise TypeError("the output layer is a norm, ReLU and a convolution")
    return norm, bend, last
