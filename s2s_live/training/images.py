"""The image encoder: learns the painted world without labels, from pairs of pictures of the same thing.

A pair is the same scene (family and intensity) painted twice with other z and other fields; every other
picture of the batch is something else. Features are non-negative (ReLU) and of unit length, as in the paper.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from s2s_live.engines.sound2scene.description import can_see
from s2s_live.engines.sound2scene.seeing import load_world_encoder
from s2s_live.engines.sound2scene.world_encoder import INPUT_SIZE, WorldEncoder
from s2s_live.errors import TrainingError
from s2s_live.store.folder import ModelFolder
from s2s_live.store.manifest import FILE_NAME
from s2s_live.training.loop import Budget, Due, load_checkpoint, save_checkpoint
from s2s_live.training.team import Team
from s2s_live.world.families import FAMILIES
from s2s_live.world.render import random_fields, render
from s2s_live.world.scenes import Z_USED

log = logging.getLogger(__name__)

CHECKPOINT = "image_encoder.pt"
BANK = "bank.npz"
TEMPERATURE = 0.08
BATCHES = 3 * ((21, 6), (4, 28))
"""(families, pairs of each): broad batches tell families apart, narrow ones intensities. Painting costs more
than learning, so every pair is learnt from several times."""
SHIFT = 4
"""Pictures are moved by up to so many pixels of INPUT_SIZE: what is learnt is not where a thing stands."""
NEAR = 0.06
"""Intensities about so far apart count as the same when embeddings are averaged."""
BANK_LEVELS = 17
"""Intensities at which the bank holds embeddings, 0 to 1 evenly."""


@dataclass(frozen=True)
class Bank:
    """Embeddings of the painted world, by what was painted."""

    family: NDArray[np.int64]
    """`[N]`, indices of FAMILIES."""
    intensity: NDArray[np.float32]
    """`[N]`, 0..1."""
    embedding: NDArray[np.float32]
    """`[N, 128]`, unit length."""

    def around(self, family: int, intensity: float, near: float = NEAR) -> NDArray[np.float32]:
        """The mean embedding `[128]`, unit, of the family's paintings around an intensity."""
        mine = self.family == family
        weight = np.exp(-0.5 * ((self.intensity[mine] - intensity) / near) ** 2)
        mean = weight @ self.embedding[mine]
        unit: NDArray[np.float32] = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit

    def save(self, path: Path) -> None:
        """Write it as one .npz."""
        np.savez(path, family=self.family, intensity=self.intensity, embedding=self.embedding)

    @classmethod
    def load(cls, path: Path) -> Bank:
        """Read what `save` wrote.

        Raises TrainingError where there is none.
        """
        if not path.exists():
            raise TrainingError(f"There is no bank of embeddings at {path}.", "Run the stage 'images' first.")
        with np.load(path, allow_pickle=False) as data:
            return cls(data["family"], data["intensity"], data["embedding"])


def paint_small(family: Tensor, intensity: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures `[B, 3, 64, 64]` of these scenes with random z and fields."""
    count, device = len(family), family.device
    z = torch.randn(count, Z_USED, generator=generator).to(device)
    pictures = render(family, intensity, z, random_fields(count, generator, device), 2 * INPUT_SIZE)
    return functional.avg_pool2d(pictures, 2)


class PairPool:
    """Painted pairs, kept as bytes and painted anew a few at a time: painting costs more than learning."""

    def __init__(self, generator: torch.Generator, device: torch.device, capacity: int = 4096) -> None:
        self._generator = generator
        self._device = device
        self._capacity = capacity
        self._pairs: list[list[Tensor]] = [[] for _ in FAMILIES]
        self._next = [0] * len(FAMILIES)

    def __len__(self) -> int:
        return sum(map(len, self._pairs))

    def grow(self, families: list[int], each: int) -> None:
        """Paint `each` pairs of every one of these families."""
        index = torch.tensor(families, device=self._device).repeat_interleave(each)
        intensity = torch.rand(len(index), generator=self._generator).to(self._device)
        twice = paint_small(index.repeat(2), intensity.repeat(2), self._generator)
        pairs = (twice * 255.0 + 0.5).to(torch.uint8)
        pairs = pairs.reshape(2, len(index), *pairs.shape[1:]).transpose(0, 1)
        for family, pair in zip(index.tolist(), pairs.cpu(), strict=True):
            mine = self._pairs[family]
            if len(mine) < self._capacity // len(FAMILIES):
                mine.append(pair)
            else:
                mine[self._next[family]] = pair
                self._next[family] = (self._next[family] + 1) % len(mine)

    def draw(self, families: int, each: int) -> Tensor:
        """`[2, families * each, 3, 64, 64]` in 0..1, all different: few families, so that a picture must be
        told from others of its family, by intensity, as well as from those of others."""
        chosen = []
        for family in self._order(len(FAMILIES))[:families]:
            mine = self._pairs[family]
            chosen += [mine[i] for i in self._order(len(mine))[:each]]
        pairs = torch.stack(chosen, 1).to(self._device).float() / 255.0
        return torch.stack([self._moved(side) for side in pairs])

    def _moved(self, pictures: Tensor) -> Tensor:
        """The pictures moved a little, mirrored or not, all alike: those of the other side differ."""
        if torch.rand((), generator=self._generator) < 0.5:
            pictures = pictures.flip(-1)
        edge = functional.pad(pictures, (SHIFT,) * 4, mode="replicate")
        down, across = torch.randint(0, 2 * SHIFT + 1, (2,), generator=self._generator).tolist()
        size = pictures.shape[-1]
        return edge[..., down : down + size, across : across + size]

    def _order(self, count: int) -> list[int]:
        order: list[int] = torch.randperm(count, generator=self._generator).tolist()
        return order


def pair_loss(a: Tensor, b: Tensor) -> Tensor:
    """Each embedding must be nearer to its partner than to any other of the batch, both ways."""
    scores = a @ b.T / TEMPERATURE
    truth = torch.arange(len(a), device=a.device)
    return 0.5 * (functional.cross_entropy(scores, truth) + functional.cross_entropy(scores.T, truth))


def train_images(
    run: Path, minutes: float, device: torch.device, seed: int = 1, team: Team | None = None
) -> WorldEncoder:
    """Train (or go on training) the image encoder; leaves `image_encoder.pt` and `bank.npz` in `run`."""
    team, path = team or Team(), run / CHECKPOINT
    model = WorldEncoder().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4)
    step, used = _restore(path, model, optimizer, device)
    team.align(model)
    budget = Budget(minutes, used, team)
    generator = torch.Generator().manual_seed(team.seed(seed + 1000 * step))
    pool = PairPool(generator, device)
    write, say = Due(120.0), Due(20.0)

    def save() -> None:
        weights = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        save_checkpoint(path, {**weights, "step": step, "used_s": budget.used_s})

    while not budget.over:
        budget.tick()
        pool.grow(list(range(len(FAMILIES))), 2 if len(pool) >= 8 * len(FAMILIES) else 8)
        model.train()
        for families, each in BATCHES:
            loss = _step(model, optimizer, pool.draw(families, each), budget.rate(1.5e-3, step), team)
            step += 1
        if say() and team.leads:
            log.info(
                "images: step %d, %d pairs, loss %.3f, %.0f %%", step, len(pool), loss, 100 * budget.progress
            )
        if write() and team.leads:
            save()
    model.eval()
    if team.leads:
        save()
        _write_bank(model, run, device)
    team.wait()
    return model


def _restore(
    path: Path, model: WorldEncoder, optimizer: torch.optim.Optimizer, device: torch.device
) -> tuple[int, float]:
    """Steps and seconds of earlier starts."""
    state = load_checkpoint(path, device)
    if state is None:
        return 0, 0.0
    model.load_state_dict(state["model"])
    if "optimizer" not in state:  # it began with a model's
        return 0, 0.0
    optimizer.load_state_dict(state["optimizer"])
    return int(state["step"]), float(state["used_s"])


def begin_with(run: Path, model: Path) -> None:
    """Where `run` has no pictures' embeddings, begin with the image encoder of a model folder, if it has one.

    Later stages can then be trained for that model without the first. Raises ModelError for a damaged folder.
    """
    if (run / BANK).exists() or not (model / FILE_NAME).exists():
        return
    folder = ModelFolder.open(model)
    if not can_see(folder):
        return
    log.info("images: %s begins with the image encoder of %s", run, model)
    encoder = load_world_encoder(folder)
    save_checkpoint(run / CHECKPOINT, {"model": encoder.state_dict()})
    _write_bank(encoder, run, torch.device("cpu"))


def _write_bank(model: WorldEncoder, run: Path, device: torch.device) -> None:
    bank = make_bank(model, device)
    bank.save(run / BANK)
    log.info("images: prototype accuracy %.3f, least rank correlation of intensity %.2f", *judge(bank))


def _step(
    model: WorldEncoder, optimizer: torch.optim.Optimizer, pairs: Tensor, rate: float, team: Team
) -> float:
    for group in optimizer.param_groups:
        group["lr"] = rate
    both = model(pairs.flatten(0, 1))
    loss = pair_loss(*both.chunk(2))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    team.average_gradients(model.parameters())
    optimizer.step()
    return float(loss.detach())


def load_image_encoder(run: Path, device: torch.device) -> WorldEncoder:
    """The encoder that the stage left in `run`.

    Raises TrainingError where there is none.
    """
    state = load_checkpoint(run / CHECKPOINT, device)
    if state is None:
        raise TrainingError(f"There is no image encoder in {run}.", "Run the stage 'images' first.")
    model = WorldEncoder().to(device).eval()
    model.load_state_dict(state["model"])
    return model


def make_bank(model: WorldEncoder, device: torch.device, each: int = 4, seed: int = 77) -> Bank:
    """Embed `each` paintings of every family at BANK_LEVELS intensities."""
    generator = torch.Generator().manual_seed(seed)
    levels = torch.linspace(0.0, 1.0, BANK_LEVELS).repeat(each)
    found = []
    with torch.no_grad():
        for family in range(len(FAMILIES)):
            index = torch.full((len(levels),), family, device=device)
            pictures = paint_small(index, levels.to(device), generator)
            found.append(model(pictures).cpu().numpy())
    families: NDArray[np.int64] = np.repeat(np.arange(len(FAMILIES), dtype=np.int64), len(levels))
    intensity: NDArray[np.float32] = np.tile(levels.numpy(), len(FAMILIES))
    return Bank(families, intensity, np.concatenate(found).astype(np.float32))


def judge(bank: Bank) -> tuple[float, float]:
    """How well a bank separates: accuracy of the nearest family mean (means from the other half of the bank),
    and the least over families of the rank correlation between intensity and the axis from quiet to loud."""
    first = np.arange(len(bank.family)) // BANK_LEVELS % 2 == 0
    count = len(FAMILIES)
    means = np.stack([bank.embedding[first & (bank.family == f)].mean(0) for f in range(count)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    near = (bank.embedding[~first] @ means.T).argmax(1)
    accuracy = float((near == bank.family[~first]).mean())
    return accuracy, min(_ordered(bank, first, family) for family in range(count))


def _ordered(bank: Bank, first: NDArray[np.bool_], family: int) -> float:
    mine = bank.family == family
    loud, quiet = bank.intensity > 0.7, bank.intensity < 0.3
    axis = bank.embedding[mine & first & loud].mean(0) - bank.embedding[mine & first & quiet].mean(0)
    other = mine & ~first
    along = np.argsort(np.argsort(bank.embedding[other] @ axis)).astype(np.float64)
    truth = np.argsort(np.argsort(bank.intensity[other])).astype(np.float64)
    return float(np.corrcoef(along, truth)[0, 1])
