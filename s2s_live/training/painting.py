"""The material of the generator stage: painted scenes with their fields, kept and painted anew bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from s2s_live.training.images import Bank
from s2s_live.world.channels import FieldConfig
from s2s_live.world.families import FAMILIES, flow_table
from s2s_live.world.fields import FieldBatch
from s2s_live.world.render import random_fields, render

SMALL = 64
"""Rows and columns of the small pictures."""
MOMENTS = 2
"""Successive paintings of a scene that are learnt from together."""
MOMENT_S = 1.0 / 30.0
SPEEDS = (0.3, 1.6)
"""How fast a scene moves meanwhile, in units of its family's velocities."""


@dataclass(frozen=True)
class Lot:
    """Some scenes and everything they depend on."""

    family: Tensor
    """`[B]` int64."""
    picture: Tensor
    """`[B, 3, S, S]`: levels 0..255, float16. Whole levels would add as much grain as a calm room has."""
    small: Tensor
    """The same, averaged to `[B, 3, SMALL, SMALL]`: levels 0..255, float16."""
    z: Tensor
    """`[B, Z]`."""
    condition: Tensor
    """`[B, D]`: unit embedding of another painting of the same family and intensity."""
    fields: list[Tensor]
    """`[B, C_i, r_i, r_i]` float16."""

    def __len__(self) -> int:
        return len(self.family)

    def rows(self, start: int, count: int) -> Lot:
        """Some of the scenes, as a lot that owns its memory."""
        cut = slice(start, start + count)
        return Lot(
            self.family[cut],
            self.picture[cut].clone(),
            self.small[cut].clone(),
            self.z[cut].clone(),
            self.condition[cut].clone(),
            [f[cut].clone() for f in self.fields],
        )


def join(lots: list[Lot]) -> Lot:
    """Several lots as one."""
    return Lot(
        torch.cat([lot.family for lot in lots]),
        torch.cat([lot.picture for lot in lots]),
        torch.cat([lot.small for lot in lots]),
        torch.cat([lot.z for lot in lots]),
        torch.cat([lot.condition for lot in lots]),
        [torch.cat(level) for level in zip(*(lot.fields for lot in lots), strict=True)],
    )


class Studio:
    """Paints lots of scenes."""

    def __init__(self, bank: Bank, config: FieldConfig, z_size: int, device: torch.device, seed: int) -> None:
        self._bank = bank
        self._config = config
        self._z_size = z_size
        self._device = device
        self._generator = torch.Generator().manual_seed(seed)
        self._intensity = torch.from_numpy(bank.intensity)
        self._family = torch.from_numpy(bank.family)
        self._embedding = torch.from_numpy(bank.embedding)
        self._of = [torch.from_numpy(np.flatnonzero(bank.family == f)) for f in range(len(FAMILIES))]

    def shuffled(self, more: Sequence[int] = ()) -> list[int]:
        """The families, and once more those in `more`, in a random order."""
        found = [*range(len(FAMILIES)), *more]
        return [found[k] for k in torch.randperm(len(found), generator=self._generator).tolist()]

    def paint(self, families: list[int], each: int, moments: int = 1) -> Lot:
        """`each` scenes of every one of these families, at the intensities of the bank; of each scene so many
        successive moments, side by side."""
        count = each * len(families)
        family = torch.tensor(families).repeat_interleave(each)
        entry = torch.stack([self._entry(f) for f in family.tolist()]).repeat_interleave(moments)
        z = torch.randn(count, self._z_size, generator=self._generator).repeat_interleave(moments, 0)
        fields = self._fields(family, moments)
        condition = self._condition(entry[::moments]).repeat_interleave(moments, 0)
        family = family.repeat_interleave(moments)
        levels = fields.levels(self._config)
        intensity = self._intensity[entry]
        size = self._config.resolutions[-1]
        picture = render(
            family.to(self._device), intensity.to(self._device), z.to(self._device), fields, size
        )
        small = functional.avg_pool2d(picture * 255.0, size // SMALL)
        return Lot(
            family,
            (picture * 255.0).to(torch.float16).cpu(),
            small.to(torch.float16).cpu(),
            z,
            condition,
            [level.to(torch.float16).cpu() for level in levels],
        )

    def _fields(self, family: Tensor, moments: int) -> FieldBatch:
        """Random fields of these scenes, moved on by a frame or so from moment to moment."""
        count = len(family)
        first = random_fields(count, self._generator, self._device)
        low, high = SPEEDS
        speed = low + (high - low) * torch.rand(count, generator=self._generator)
        velocity = torch.from_numpy(flow_table())[family] * speed[:, None, None]
        moved = (MOMENT_S * velocity)[:, None] * torch.arange(moments)[:, None, None]
        displacement = first.displacement[:, None] + moved.to(first.displacement)
        return FieldBatch(first.seeds.repeat_interleave(moments), displacement.flatten(0, 1))

    def _entry(self, family: int) -> Tensor:
        mine = self._of[family]
        return mine[torch.randint(len(mine), (1,), generator=self._generator)[0]]

    def _condition(self, entries: Tensor) -> Tensor:
        """Between the embedding of another painting and the mean of such, with a little noise.

        Sound, which does not know what was painted, finds the mean, and not exactly.
        """
        ids = [(int(self._family[entry]), float(self._intensity[entry])) for entry in entries]
        means = torch.from_numpy(np.stack([self._bank.around(*one) for one in ids]))
        share = torch.rand(len(entries), 1, generator=self._generator)
        noise = 0.015 * torch.randn(means.shape, generator=self._generator)
        mixed = torch.lerp(self._embedding[entries], means, share)
        return functional.normalize(functional.relu(mixed + noise), dim=1)


class Pool:
    """The newest scenes painted; training draws from it several times as often as it is painted to."""

    def __init__(self, capacity: int, seed: int, moments: int = 1) -> None:
        self._capacity = capacity // moments
        self._moments = moments
        self._lots: list[Lot] = []
        self._next = 0
        self._generator = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        return self._moments * len(self._lots)

    def add(self, lot: Lot) -> None:
        """Take in scenes, the oldest giving way; the moments of each stay together."""
        for start in range(0, len(lot), self._moments):
            scene = lot.rows(start, self._moments)
            if len(self._lots) < self._capacity:
                self._lots.append(scene)
            else:
                self._lots[self._next] = scene
                self._next = (self._next + 1) % self._capacity

    def draw(self, count: int, size: int) -> Lot:
        """So many paintings of scenes at random, all different, with fields up to that resolution."""
        order = torch.randperm(len(self._lots), generator=self._generator)[: count // self._moments]
        lots = [self._lots[i] for i in order.tolist()]
        return join([replace(t, fields=[f for f in t.fields if f.shape[-1] <= size]) for t in lots])
