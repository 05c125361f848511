"""Batch statistics for a generator whose norms only know stored ones.

While it trains, each norm gets the moving statistics in value and the batch's in gradient (batch
renormalisation): training sees exactly what painting will compute, and units cannot drift until their ReLU
never opens. At the start the batch's own values are used, for the moving ones lag behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from s2s_live.engines.sound2scene.generator import ConditionalNorm, OutputNorm

MOMENTUM = 0.03
SETTLED = (150, 600)
"""Steps between which batch values give way to moving ones."""


class BatchStatistics:
    """Hooks on every norm of a network; `step` says how far training is."""

    def __init__(self, network: nn.Module) -> None:
        self.step = 0
        self._known: set[nn.Module] = set()
        self._moving: dict[nn.Module, tuple[Tensor, Tensor]] = {}
        for module in network.modules():
            if isinstance(module, ConditionalNorm | OutputNorm) and module.statistics:
                module.register_forward_pre_hook(self._before)
                module.register_forward_hook(self._after)

    @property
    def share(self) -> float:
        """Of the moving statistics in the values used, 0..1."""
        first, last = SETTLED
        return min(max((self.step - first) / (last - first), 0.0), 1.0)

    def _before(self, module: Any, inputs: tuple[Any, ...]) -> None:
        if not module.training:
            return
        x: Tensor = inputs[0]
        var, mean = torch.var_mean(x, (0, 2, 3), correction=0)
        if module not in self._known:
            # A block that joins late, or a run that goes on: begin with what the batch says.
            self._known.add(module)
            module.stored_mean, module.stored_var = mean.detach(), var.detach()
        old_mean, old_var = module.stored_mean, module.stored_var
        self._moving[module] = (
            torch.lerp(old_mean, mean.detach(), MOMENTUM),
            torch.lerp(old_var, var.detach(), MOMENTUM),
        )
        module.stored_mean = mean + self.share * (old_mean - mean).detach()
        # In proportion, not in difference: the gradient of a variance must keep its scale.
        module.stored_var = var * (old_var / (var + 1e-5)).detach().clamp(0.1, 10.0) ** self.share

    def _after(self, module: Any, _inputs: tuple[Any, ...], _output: Tensor) -> None:
        if module in self._moving:
            module.stored_mean, module.stored_var = self._moving.pop(module)


@torch.no_grad()
def calibrate(network: nn.Module, batches: Iterable[Callable[[], object]]) -> None:
    """Set the stored statistics of a network to what it sees itself; each of `batches` runs it once.

    Averaged weights need this: the statistics of the weights they were averaged from are not theirs.
    """
    seen: dict[nn.Module, list[tuple[Tensor, Tensor]]] = {}

    def before(module: Any, inputs: tuple[Any, ...]) -> None:
        var, mean = torch.var_mean(inputs[0], (0, 2, 3), correction=0)
        seen.setdefault(module, []).append((mean, var))
        module.stored_mean, module.stored_var = mean, var

    norms = [m for m in network.modules() if isinstance(m, ConditionalNorm | OutputNorm) and m.statistics]
    hooks = [module.register_forward_pre_hook(before) for module in norms]
    try:
        for batch in batches:
            batch()
    finally:
        for hook in hooks:
            hook.remove()
    for module, found in seen.items():
        means, variances = (torch.stack(values) for values in zip(*found, strict=True))
        # The spread of the batches' means is part of the whole's variance.
        module.stored_mean = means.mean(0)
        module.stored_var = variances.mean(0) + means.var(0, correction=0)
