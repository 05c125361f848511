"""The adversary: it learns to tell pieces apart, pushes the generator towards what is real, and goes on."""

import pytest
import torch

from s2s_live.training import adversary as module
from s2s_live.training.adversary import Adversary
from s2s_live.training.team import Team

CPU = torch.device("cpu")
CONDITION = torch.nn.functional.normalize(torch.ones(8, 16), dim=1)


@pytest.fixture
def judge() -> Adversary:
    torch.manual_seed(3)
    return Adversary(16, CPU, Team())


def grain(count: int) -> torch.Tensor:
    return 0.5 * torch.randn(count, 3, 32, 32)


def test_it_learns_to_tell_grain_from_blur(judge: Adversary) -> None:
    for _ in range(60):
        judge.term(torch.zeros(8, 3, 32, 32), grain(8), CONDITION)
    with torch.no_grad():
        real = judge.critic(grain(8), CONDITION).mean()
        flat = judge.critic(torch.zeros(8, 3, 32, 32), CONDITION).mean()
    assert real > flat + 1.0


def test_its_opinion_gives_the_picture_a_gradient_and_none_to_itself(judge, monkeypatch) -> None:
    monkeypatch.setattr(module, "RAMP", 1)
    made = torch.zeros(8, 3, 32, 32, requires_grad=True)
    term = judge.term(made, grain(8), CONDITION)
    judge.optimizer.zero_grad(set_to_none=True)
    term.backward()
    assert made.grad.abs().max() > 0
    assert all(parameter.grad is None for parameter in judge.critic.parameters())
    assert all(parameter.requires_grad for parameter in judge.critic.parameters())


def test_its_weight_grows(judge: Adversary) -> None:
    first = abs(float(judge.term(grain(8), grain(8), CONDITION).detach()))
    judge.steps = module.RAMP
    later = abs(float(judge.term(grain(8), grain(8), CONDITION).detach()))
    assert first < later / 10


def test_it_goes_on_where_it_stopped(judge: Adversary) -> None:
    judge.term(grain(8), grain(8), CONDITION)
    other = Adversary(16, CPU, Team())
    other.restore(judge.state())
    assert other.steps == 1
    judge.critic.eval()
    other.critic.eval()
    picture = grain(8)
    assert torch.equal(other.critic(picture, CONDITION), judge.critic(picture, CONDITION))
