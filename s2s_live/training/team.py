"""Several processes that train one model together, as `torchrun` starts them.

Each learns from material of its own; gradients are averaged after every step, so that all hold the same
weights. The first process keeps the time, writes and reports. A process alone is a team of one.
"""

from __future__ import annotations

import atexit
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

_SEEDS_APART = 1_000_003


@dataclass(frozen=True)
class Team:
    """One process' place among those that train together."""

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls, device: torch.device) -> Team:
        """Meet the others that torchrun started; alone where it did not start this process."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        if not distributed.is_initialized():
            distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
            atexit.register(_disband)
        return cls(distributed.get_rank(), size)

    @property
    def leads(self) -> bool:
        """Whether this process writes, reports and keeps the time."""
        return self.rank == 0

    def seed(self, seed: int) -> int:
        """A seed of this process' own."""
        return seed + _SEEDS_APART * self.rank

    def wait(self) -> None:
        """Until all have come here."""
        if self.size > 1:
            distributed.barrier()

    def agree(self, value: float) -> float:
        """The first process' value."""
        if self.size == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64, device=self._device())
        distributed.broadcast(shared, 0)
        return float(shared)

    def same(self, data: bytes) -> bool:
        """Whether all processes have the same bytes; every one of them is told."""
        if self.size == 1:
            return True
        digest = int.from_bytes(hashlib.sha256(data).digest()[:7], "big")
        ends = torch.tensor([digest, -digest], dtype=torch.int64, device=self._device())
        distributed.all_reduce(ends, distributed.ReduceOp.MAX)
        return int(ends[0]) == -int(ends[1])

    def share(self, data: bytes) -> bytes:
        """The first process' bytes."""
        if self.size == 1:
            return data
        length = int(self.agree(len(data)))
        # A tensor of no elements cannot be sent: one more is.
        mine = bytearray(data) + b"\0" if self.leads else bytearray(length + 1)
        shared = torch.frombuffer(mine, dtype=torch.uint8).to(self._device())
        distributed.broadcast(shared, 0)
        return bytes(shared[:length].cpu().numpy())

    def align(self, module: nn.Module) -> None:
        """Give every process the first one's weights and statistics."""
        if self.size > 1:
            for tensor in (*module.parameters(), *module.buffers()):
                distributed.broadcast(tensor.data, 0)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by the mean of all processes' (they must have gradients of the same ones)."""
        if self.size == 1:
            return
        grads: list[Tensor] = [p.grad for p in parameters if p.grad is not None]
        flat = torch.cat([grad.reshape(-1) for grad in grads])
        distributed.all_reduce(flat)
        parts = torch.split(flat.div_(self.size), [grad.numel() for grad in grads])
        for grad, part in zip(grads, parts, strict=True):
            grad.copy_(part.view_as(grad))

    def _device(self) -> torch.device:
        return torch.device("cuda" if distributed.get_backend() == "nccl" else "cpu")


def _disband() -> None:
    """End gloo's threads before the interpreter ends: letting go of a tensor later aborts the process."""
    if distributed.is_initialized():
        distributed.destroy_process_group()


def local_device(device: torch.device) -> torch.device:
    """This process' own CUDA device, where torchrun says which."""
    if device.type != "cuda" or "LOCAL_RANK" not in os.environ:
        return device
    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
