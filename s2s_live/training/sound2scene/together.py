"""One batch over several processes: the loss sees all its pairs, batch norm all its sounds.

A contrastive loss is not the mean of its parts' losses, and batch norm's statistics are not those of a part.
So embeddings and statistics are gathered, and their gradients sent back. As every process computes the whole
loss, its gradients are `team.size` times its part of the whole's: `Team.average_gradients` makes them right.
Unlike `torch.nn.SyncBatchNorm` this works on processors too, and with parts of different size.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd import Function

from s2s_live.training.team import Team


class _Gather(Function):
    """`[...]` of every process, stacked `[size, ...]`; to each goes the sum of all gradients of its own."""

    @staticmethod
    def forward(context: Any, mine: Tensor, rank: int, size: int) -> Tensor:
        context.rank = rank
        rows = [torch.empty_like(mine) for _ in range(size)]
        distributed.all_gather(rows, mine.contiguous())
        return torch.stack(rows)

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        total = gradients[0].contiguous().clone()
        distributed.all_reduce(total)
        return total[context.rank], None, None


def counts(team: Team, mine: int, device: torch.device) -> list[int]:
    """How many pairs each process has."""
    if team.size == 1:
        return [mine]
    found = _Gather.apply(torch.tensor([mine], device=device), team.rank, team.size)  # type: ignore[no-untyped-call]
    return [int(count) for count in found]


def gather(team: Team, rows: Tensor, parts: list[int]) -> Tensor:
    """`[sum(parts), D]` of every process' `[parts[rank], D]`, in their order."""
    if team.size == 1:
        return rows
    padding = rows.new_zeros(max(parts) - len(rows), *rows.shape[1:])
    stacked: Tensor = _Gather.apply(torch.cat([rows, padding]), team.rank, team.size)  # type: ignore[no-untyped-call]
    return torch.cat([stacked[rank, :count] for rank, count in enumerate(parts)])


class TeamBatchNorm2d(nn.BatchNorm2d):
    """Batch norm over the parts of all processes; in evaluation mode what it is elsewhere."""

    team = Team()

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """`[B, C, H, W]`; B may differ between processes, and be 0."""
        if not self.training:
            return super().forward(input)
        mean, var, number = self._statistics(input.float())
        self._remember(mean.detach(), var.detach(), number)
        scale = self.weight * torch.rsqrt(var + self.eps)
        shift = self.bias - mean * scale
        return (input * scale[:, None, None] + shift[:, None, None]).to(input.dtype)

    def _statistics(self, part: Tensor) -> tuple[Tensor, Tensor, float]:
        """Mean and population variance `[C]` of the whole batch, and over how many numbers of a channel."""
        if len(part):
            var, mean = torch.var_mean(part, (0, 2, 3), correction=0)
        else:
            var = mean = part.sum((0, 2, 3))
        number = part.new_tensor([part.numel() // self.num_features])
        rows = _Gather.apply(torch.cat([number, mean, var]), self.team.rank, self.team.size)  # type: ignore[no-untyped-call]
        weights = rows[:, :1] / rows[:, :1].sum()
        means, variances = rows[:, 1:].chunk(2, dim=1)
        whole = (weights * means).sum(0)
        return whole, (weights * (variances + (means - whole).square())).sum(0), float(rows[:, 0].sum())

    @torch.no_grad()
    def _remember(self, mean: Tensor, var: Tensor, number: float) -> None:
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        momentum = 0.1 if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, momentum)
        self.running_var.lerp_(var * (number / max(number - 1.0, 1.0)), momentum)
        self.num_batches_tracked += 1


def share_statistics(network: nn.Module, team: Team) -> None:
    """Let every batch norm of a network see the whole batch. Names of the weights stay as they are."""
    if team.size == 1:
        return
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child) is nn.BatchNorm2d:
                twin = TeamBatchNorm2d(child.num_features, child.eps, child.momentum)
                twin.team = team
                twin.load_state_dict(child.state_dict())
                setattr(module, name, twin.to(child.weight.device))
