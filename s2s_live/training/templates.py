"""A generator of fewer templates: mixtures of those it had, so that what reads them loses least."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from s2s_live.engines.sound2scene.generator import GAIN, Generator

BLOCK = 2.0
"""What an error of what the last block reads counts, over one of what a matte does."""


@torch.no_grad()
def with_templates(wide: Generator, count: int, conditions: Tensor) -> Generator:
    """`wide` with `count` templates for its own.

    What mattes read under the `conditions [n, Q]` and what the last block reads is projected to as many
    dimensions (a singular value decomposition, weighed by how alike the templates are). Raises ValueError
    where there are not so many, or none is to be kept.
    """
    fields = wide.config.fields
    if fields is None or wide.templates is None or not 0 < count <= fields.templates:
        raise ValueError(f"the generator has no {count} templates to keep")
    last = wide.blocks[-1][0].conv_f  # type: ignore[index]
    read = [
        BLOCK * len(conditions) ** 0.5 * last.weight[:, -fields.templates :].transpose(1, -1).flatten(0, -2)
    ]
    if wide.detail is not None:
        tables = wide.detail.read_coarse(conditions).reshape(-1, wide.detail.coarse)
        read.append(tables[:, -fields.templates :])
    mix, back = _mixture(GAIN * wide.templates[0].flatten(1), torch.cat(read), count)
    found = Generator(replace(wide.config, fields=replace(fields, templates=count))).eval()
    theirs = wide.state_dict()
    theirs["templates"] = torch.einsum("kt,btyx->bkyx", mix, wide.templates)
    name = f"blocks.{wide.config.blocks - 1}.0.conv_f.weight"
    theirs[name] = _mixed(theirs[name], back)
    if wide.detail is not None:
        for name in ("detail.read_coarse.weight", "detail.read_coarse.bias"):
            rows = theirs[name].reshape(wide.detail.count, wide.detail.coarse, *theirs[name].shape[1:])
            theirs[name] = _mixed(rows, back).flatten(0, 1)
    found.load_state_dict(theirs)
    return found


def _mixture(templates: Tensor, read: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """What makes `count` templates of all, `[count, n]`, and what is read of those in the place of all,
    `[n, count]`: of `templates [n, places]`, of which `read [m, n]` is read."""
    alike = (templates @ templates.T).double() / templates.shape[1]
    values, axes = torch.linalg.eigh(alike)
    values = values.clamp(min=1e-9 * max(float(values[-1]), 1e-6))
    root, inverse = (axes @ torch.diag(part) @ axes.T for part in (values.sqrt(), values.rsqrt()))
    directions = torch.linalg.svd(read.double() @ root, full_matrices=True).Vh[:count]
    return (directions @ inverse).float(), (root @ directions.T).float()


def _mixed(weight: Tensor, back: Tensor) -> Tensor:
    """Weights `[m, planes, ...]` of which the last planes are templates, for the mixtures."""
    kept = weight.shape[1] - len(back)
    return torch.cat([weight[:, :kept], torch.einsum("mt...,tk->mk...", weight[:, kept:], back)], 1)
