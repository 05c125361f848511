"""Several processes train one model: started by torchrun, as a user would."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from s2s_live.training.loop import Budget, load_checkpoint
from s2s_live.training.team import Team, local_device

HERE = Path(__file__).parent


def torchrun(*arguments: str) -> subprocess.CompletedProcess[str]:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*launcher, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


def test_a_process_alone_is_a_team_of_one() -> None:
    team = Team.join(torch.device("cpu"))
    assert team == Team()
    assert team.leads
    assert team.agree(3.5) == 3.5
    assert team.seed(4) == 4
    layer = torch.nn.Linear(2, 1)
    layer(torch.ones(1, 2)).sum().backward()
    team.average_gradients(layer.parameters())
    assert layer.weight.grad.tolist() == [[1.0, 1.0]]
    assert local_device(torch.device("cpu")).type == "cpu"


def test_two_processes_hold_the_same_weights_and_the_mean_of_their_gradients(tmp_path: Path) -> None:
    done = torchrun(str(HERE / "team_member.py"), str(tmp_path))
    assert done.returncode == 0, done.stderr
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert [(tmp_path / f"{rank}.txt").read_text() for rank in (0, 1)] == ["parted"] * 2
    assert not torch.equal(first["inputs"], second["inputs"])
    assert torch.equal(first["weight"], second["weight"])
    assert torch.equal(first["gradient"], second["gradient"])
    assert first["agreed"] == second["agreed"] == 5.0
    weight = first["weight"].clone().requires_grad_()
    both = torch.cat([first["inputs"], second["inputs"]])
    (both @ weight.T + first["bias"]).square().mean().backward()
    assert first["gradient"].numpy() == pytest.approx(weight.grad.numpy(), rel=1e-5)


def test_two_processes_train_a_stage_together(tmp_path: Path) -> None:
    stage = ["train", "world", "--stage", "images", "--budget", "0.02", "--run-folder", str(tmp_path)]
    done = torchrun("-m", "s2s_live.cli", *stage)
    assert done.returncode == 0, done.stderr
    state = load_checkpoint(tmp_path / "image_encoder.pt")
    assert state is not None
    assert state["step"] > 0
    assert (tmp_path / "bank.npz").exists()
    assert done.stderr.count("prototype accuracy") == 1


def test_a_budget_keeps_the_leaders_time() -> None:
    class Led(Team):
        def agree(self, value: float) -> float:
            return max(value, 42.0)

    budget = Budget(1.0, team=Led(rank=1, size=2))
    budget.tick()
    assert budget.used_s == 42.0
