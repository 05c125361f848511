"""One of the processes of the test of teams: learns one step, writes what it holds."""

import atexit
import sys
from pathlib import Path

import torch
from torch import distributed

from s2s_live.training.team import Team


@atexit.register  # before the team's own: it is called after that
def tell() -> None:
    (Path(sys.argv[1]) / f"{team.rank}.txt").write_text(
        "together" if distributed.is_initialized() else "parted"
    )


team = Team.join(torch.device("cpu"))
torch.manual_seed(team.seed(1))
model = torch.nn.Linear(3, 2)
team.align(model)
inputs = torch.randn(4, 3)
model(inputs).square().mean().backward()
team.average_gradients(model.parameters())
torch.save(
    {
        "weight": model.weight.data,
        "gradient": model.weight.grad,
        "inputs": inputs,
        "bias": model.bias.data,
        "agreed": team.agree(float(team.rank + 5)),
    },
    Path(sys.argv[1]) / f"{team.rank}.pt",
)
team.wait()
