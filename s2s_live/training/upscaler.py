"""The upscaler stage: learns, from scenes painted at both sizes, what lies between a picture's pixels."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from s2s_live.engines.sound2scene.presets import BUNDLED_UPSCALER
from s2s_live.engines.sound2scene.upscaler import Upscaler, to_pixels, upscaled
from s2s_live.engines.sound2scene.upscaler_config import REACH, SIDE, UpscalerConfig
from s2s_live.errors import TrainingError
from s2s_live.training.loop import Average, Budget, Due, load_checkpoint, save_checkpoint
from s2s_live.training.picture_loss import energy_error, fine_amplitude, psnr
from s2s_live.training.team import Team
from s2s_live.world.channels import WORLD_FIELDS
from s2s_live.world.families import FAMILIES
from s2s_live.world.render import random_fields, render
from s2s_live.world.scenes import Z_USED

log = logging.getLogger(__name__)

Piece = tuple[Tensor, Tensor, Tensor, Tensor]
CHECKPOINT = "upscaler.pt"
SIZE = 256
"""Of the pictures it is given."""
PIECE = 56
"""Pixels of those along the side of a piece to learn from."""
BATCH = 8
POOL = 210
"""Scenes kept at both sizes; one takes 6 MB."""
STEPS = 30
"""Steps for each scene painted."""
RATE = 1.5e-3
FINE = 5.0
"""Weight of the finest detail's energy, of which a squared error alone would have too little."""
LEAST_ERROR = 4e-6
"""Of plain interpolation: 54 dB. Bytes have a third of that, and nobody sees less."""


@dataclass(frozen=True)
class Pair:
    """The same scenes at two sizes."""

    small: Tensor
    """`[B, 3, S, S]` in 0..1."""
    planes: Tensor
    """`[B, P, 2S, 2S]`: the channels of their finest noise fields, at the larger size."""
    large: Tensor
    """`[B, 3, 2S, 2S]` in 0..1."""


def paint_both(family: Tensor, generator: torch.Generator, device: torch.device) -> Pair:
    """Scenes at SIZE and at twice that, intensity, z and fields at random."""
    count = len(family)
    intensity = torch.rand(count, generator=generator).to(device)
    z = torch.randn(count, Z_USED, generator=generator).to(device)
    fields = random_fields(count, generator, device)
    family = family.to(device)
    small = render(family, intensity, z, fields, SIZE)
    planes = torch.stack([fields.channel(channel, SIDE * SIZE) for channel in WORLD_FIELDS.channels[-1]], 1)
    return Pair(small, planes, render(family, intensity, z, fields, SIDE * SIZE))


class PairPool:
    """Scenes painted at both sizes, as bytes; the oldest give way."""

    def __init__(self, generator: torch.Generator, device: torch.device) -> None:
        self._generator = generator
        self._device = device
        self._pairs: list[Piece] = []
        self._next = 0
        self._painted = 0

    def grow(self) -> None:
        """Paint one scene more, family by family."""
        family = torch.tensor([self._painted % len(FAMILIES)])
        self._painted += 1
        both = paint_both(family, self._generator, self._device)
        plain = functional.interpolate(both.small, scale_factor=2.0, mode="bicubic")
        error = (plain - both.large).square().mean().clamp(min=LEAST_ERROR).cpu()
        pair = (_to_bytes(both.small[0]), both.planes[0].half().cpu(), _to_bytes(both.large[0]), error)
        if len(self._pairs) < POOL:
            self._pairs.append(pair)
        else:
            self._pairs[self._next] = pair
            self._next = (self._next + 1) % POOL

    def draw(self, count: int) -> Piece:
        """Pieces at random in -1..1: with their surroundings at the smaller size, fields that reach one pixel
        less far and the pieces alone at the larger; and the mean squared error, 0..1, of bicubic
        interpolation over their whole picture."""
        around, planes, truth, error = zip(*(self._piece() for _ in range(count)), strict=True)
        return torch.stack(around), torch.stack(planes), torch.stack(truth), torch.stack(error)

    def _piece(self) -> Piece:
        small, planes, large, error = self._pairs[self._number(len(self._pairs))]
        starts = [REACH + self._number(SIZE - PIECE - 2 * REACH + 1) for _ in range(2)]
        around = _part(small, starts, REACH, 1)
        noise = _part(planes, starts, REACH - 1, SIDE).float()
        return _to_signed(around), noise, _to_signed(_part(large, starts, 0, SIDE)), error

    def _number(self, below: int) -> int:
        return int(torch.randint(below, (1,), generator=self._generator))


def _part(planes: Tensor, starts: list[int], margin: int, scale: int) -> Tensor:
    """A piece with a margin, of planes `scale` times as fine as the smaller pictures."""
    rows, columns = (slice(scale * (k - margin), scale * (k + PIECE + margin)) for k in starts)
    return planes[:, rows, columns]


def _to_bytes(picture: Tensor) -> Tensor:
    return (picture * 255.0 + 0.5).to(torch.uint8).cpu()


def _to_signed(picture: Tensor) -> Tensor:
    return picture.float() / 127.5 - 1.0


def train_upscaler(
    run: Path, minutes: float, device: torch.device, seed: int = 5, team: Team | None = None,
    config: UpscalerConfig = BUNDLED_UPSCALER,
) -> Upscaler:  # fmt: skip
    """Train (or go on training) the upscaler; leaves `upscaler.pt` in `run`."""
    team, model = team or Team(), Upscaler(config).to(device)
    average: Average[Upscaler] = Average(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, betas=(0.9, 0.99), weight_decay=1e-5)
    step, used = _restore(run, model, average, optimizer, device)
    team.align(model)
    pool = PairPool(torch.Generator().manual_seed(team.seed(seed + step)), device)
    for _ in range(2 * len(FAMILIES)):
        pool.grow()
    write, say = Due(60.0), Due(20.0)
    budget = Budget(minutes, used, team)
    while not budget.over:
        pool.grow()
        for _ in range(STEPS):
            loss = _step(model, optimizer, pool.draw(BATCH), budget.rate(RATE, step), device, team)
            average.update(model, step)
            step += 1
            budget.tick()
        if say() and team.leads:
            log.info("upscaler: step %d, loss %.4f, %.0f %%", step, loss, 100 * budget.progress)
        if write() and team.leads:
            _save(run, model, average, optimizer, step, budget.used_s)
    if team.leads:
        _save(run, model, average, optimizer, step, budget.used_s)
        log.info("upscaler: %.2f dB above bicubic on unseen scenes", gain(average.model, device))
    team.wait()
    return average.model


def _step(
    model: Upscaler, optimizer: torch.optim.Optimizer, piece: Piece, rate: float,
    device: torch.device, team: Team,
) -> float:  # fmt: skip
    for group in optimizer.param_groups:
        group["lr"] = rate
    around, planes, truth, error = (part.to(device) for part in piece)
    made = to_pixels(model.inner(around, model.noise(functional.pixel_unshuffle(planes, SIDE))))
    fine, wanted = fine_amplitude(made), fine_amplitude(truth)
    loss = relative_error(made, truth, error) + FINE * energy_error(fine, wanted, 4.0 * error)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    team.average_gradients(model.parameters())
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    return float(loss.detach())


def relative_error(made: Tensor, truth: Tensor, plain: Tensor) -> Tensor:
    """Squared error of pieces in -1..1 over `plain [B]`, that of plain interpolation of their whole pictures
    in 0..1.

    A decibel then counts the same in a soft scene as in heavy rain, which would drown all others.
    """
    return (0.25 * (made - truth).square().mean((1, 2, 3)) / plain).mean()


def _restore(
    run: Path, model: Upscaler, average: Average[Upscaler], optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> tuple[int, float]:  # fmt: skip
    """Steps and seconds of earlier starts."""
    state = load_checkpoint(run / CHECKPOINT, device)
    if state is None:
        return 0, 0.0
    if state["config"] != model.config.to_json():
        hint = "Train in another run folder, or remove the old checkpoint."
        raise TrainingError("The checkpoint is of an upscaler of another shape.", hint)
    model.load_state_dict(state["model"])
    average.model.load_state_dict(state["average"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"]), float(state["used_s"])


def _save(
    run: Path, model: Upscaler, average: Average[Upscaler], optimizer: torch.optim.Optimizer, step: int,
    used_s: float,
) -> None:  # fmt: skip
    state: dict[str, Any] = {
        "model": model.state_dict(),
        "average": average.model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "config": model.config.to_json(),
        "step": step,
        "used_s": used_s,
    }
    save_checkpoint(run / CHECKPOINT, state)


@torch.no_grad()
def gain(model: Upscaler, device: torch.device, each: int = 1, seed: int = 424_242) -> float:
    """PSNR above that of bicubic interpolation in dB, mean over unseen scenes, `each` of every family."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for family in range(len(FAMILIES)):
        both = paint_both(torch.full((each,), family), generator, device)
        made = upscaled(model, both.small, both.planes) * 2.0 - 1.0
        plain = functional.interpolate(both.small * 2.0 - 1.0, scale_factor=2.0, mode="bicubic")
        truth = both.large * 2.0 - 1.0
        found.append((psnr(made, truth) - psnr(plain, truth)).mean())
    return float(torch.stack(found).mean())
