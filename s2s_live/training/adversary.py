"""An adversary for the generator's last sharpness: it learns to tell rendered pieces from generated ones.

Regression has the generator paint the mean of what it cannot know; a critic that sees only pieces asks for
any likely grain instead. It joins late, on top of the regression, where there is compute for it. Hinge loss
and spectral norm as in BigGAN (Brock et al. 2019), a projection of the condition (Miyato and Koyama 2018).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from s2s_live.training.team import Team

WIDTHS = (32, 64, 128, 128)
RATE = 4e-4
WEIGHT = 0.03
"""Of the critic's opinion in the generator's loss."""
RAMP = 500
"""Steps in which the weight grows to its full size."""


class Critic(nn.Module):
    """Pictures `[B, 3, S, S]` in -1..1 and their conditions `[B, D]` to opinions `[B, 1, S / 16, S / 16]`."""

    def __init__(self, feature_size: int) -> None:
        super().__init__()
        sizes = (3, *WIDTHS)
        layers: list[nn.Module] = []
        for wide, narrow in pairwise(sizes):
            layers += [spectral_norm(nn.Conv2d(wide, narrow, 4, 2, 1)), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers)
        self.head = spectral_norm(nn.Conv2d(sizes[-1], 1, 3, padding=1))
        self.project = spectral_norm(nn.Linear(feature_size, sizes[-1], bias=False))

    def forward(self, pictures: Tensor, condition: Tensor) -> Tensor:
        """See the class."""
        h = self.body(pictures)
        fits = (h * self.project(condition)[:, :, None, None]).sum(1, keepdim=True)
        opinion: Tensor = self.head(h) + fits
        return opinion


class Adversary:
    """A critic that learns beside the generator."""

    def __init__(self, feature_size: int, device: torch.device, team: Team) -> None:
        self.critic = Critic(feature_size).to(device)
        self.optimizer = torch.optim.Adam(self.critic.parameters(), lr=RATE, betas=(0.0, 0.99))
        self.steps = 0
        self._team = team
        team.align(self.critic)

    def term(self, made: Tensor, truth: Tensor, condition: Tensor) -> Tensor:
        """Let the critic learn a step from these pieces; what the generator's loss gets of its opinion."""
        self._learn(made.detach(), truth, condition)
        for parameter in self.critic.parameters():
            parameter.requires_grad_(False)
        opinion = self.critic(made, condition).mean()
        for parameter in self.critic.parameters():
            parameter.requires_grad_(True)
        weight = WEIGHT * min(1.0, self.steps / RAMP)
        wanted: Tensor = -weight * opinion
        return wanted

    def _learn(self, made: Tensor, truth: Tensor, condition: Tensor) -> None:
        both = self.critic(torch.cat([truth, made]), torch.cat([condition, condition]))
        real, fake = both.chunk(2)
        loss = functional.relu(1.0 - real).mean() + functional.relu(1.0 + fake).mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self._team.average_gradients(self.critic.parameters())
        self.optimizer.step()
        self.steps += 1

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        weights = {"critic": self.critic.state_dict(), "optimizer": self.optimizer.state_dict()}
        return {**weights, "steps": self.steps}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.critic.load_state_dict(state["critic"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.steps = int(state["steps"])
