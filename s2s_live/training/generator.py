"""The generator stage: the Sound2Scene generator learns to paint what the renderer paints, by regression.

It is given z, the fields, and the embedding of another painting of the same scene (instance conditioning),
and so has everything the picture depends on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.config import GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.presets import WIDE_GENERATOR
from s2s_live.errors import TrainingError
from s2s_live.opencv import cv2
from s2s_live.training.adversary import Adversary
from s2s_live.training.growing import Growing, fields_of
from s2s_live.training.images import Bank
from s2s_live.training.loop import Average, Budget, Due, load_checkpoint, save_checkpoint
from s2s_live.training.muon import Muon
from s2s_live.training.painting import MOMENTS, SMALL, Lot, Pool, Studio
from s2s_live.training.picture_loss import picture_loss, psnr, unsteadiness
from s2s_live.training.standardised import begin_with
from s2s_live.training.statistics import BatchStatistics, calibrate
from s2s_live.training.team import Team
from s2s_live.training.windows import Piece, paint_piece, part_of
from s2s_live.world.channels import WORLD_FIELDS, FieldConfig
from s2s_live.world.detail import detail_ratio
from s2s_live.world.families import FAMILIES, FAMILY_IDS
from s2s_live.world.render import tile

log = logging.getLogger(__name__)

NAME = "generator"
STEADY = 1.5
"""Weight of how wrongly pictures change from moment to moment, beside how wrong they are."""
DETAILED = (0.8, 1.3)
"""Between which ratios of fine detail to the rendered pictures' a family is not behind the others."""
HELD_OUT = 6
"""Scenes of each family that are looked at: how much detail is in two is chance."""
TIMES_MORE = 2
"""How many times families that are behind are painted beyond the once of the others."""


@dataclass(frozen=True)
class Phase:
    """A stretch of the time budget at one picture size: geometry is learnt where pixels are few."""

    until: float
    """Share of the budget, 0..1, at which it ends."""
    size: int
    batch: int
    reuse: int
    """How many times a painted scene is trained on, on average."""


@dataclass(frozen=True)
class Recipe:
    """The numbers of the stage."""

    phases: tuple[Phase, ...] = (Phase(0.15, 64, 8, 6), Phase(1.0, 256, 8, 6))
    rate: float = 1.5e-3
    adversary_from: float = 1.0
    """Share of the budget from which an adversary joins, at the full picture size; 1 for never."""
    pool: int = 480
    """Paintings kept; one takes 2 MB."""
    families_at_once: int = 4
    each: int = 2
    """Scenes painted together of one family, at MOMENTS each: they share the cost of a call."""
    calibration: int = 16
    """Scenes to a batch when the averaged network's statistics are taken."""
    write_s: float = 120.0
    say_s: float = 30.0
    sheet_s: float = 240.0


@dataclass(frozen=True)
class Origin:
    """Where a generator comes from."""

    name: str = NAME
    """Of its checkpoint and sheet."""
    weights: Callable[[], Generator] | None = None
    """Gives those of the first start, as `plain` does; by chance without."""
    wide_s: float = 0.0
    """Seconds for which the generator was trained that it was made of."""


def checkpoint(run: Path, name: str = NAME) -> Path:
    """Where a run folder has the stage's, or that of a stage like it."""
    return run / f"{name}.pt"


def _optimizers(model: Growing) -> list[torch.optim.Optimizer]:
    """Muon for the filters of the blocks, AdamW for everything else."""
    blocks = {id(p) for p in model.full.blocks.parameters()}
    filters: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for parameter in model.parameters():
        is_filter = id(parameter) in blocks and parameter.dim() == 4 and parameter[0].numel() > 1
        (filters if is_filter else others).append(parameter)
    rest = torch.optim.AdamW(others, lr=1e-3, betas=(0.9, 0.99), weight_decay=1e-5, fused=True)
    return [Muon(filters), rest]


def paint_lot(model: Growing, lot: Lot, size: int, device: torch.device) -> Tensor:
    """What the generator makes of a lot, `[B, 3, size, size]` in -1..1."""
    fields = [
        f.to(device).float().contiguous(memory_format=torch.channels_last)
        for f in lot.fields
        if f.shape[-1] <= size
    ]
    made: Tensor = model.at(size)(lot.z.to(device), lot.condition.to(device), fields)
    return made


def target(lot: Lot, size: int, device: torch.device, piece: Piece | None = None) -> Tensor:
    """What it should have made, in -1..1; of a `piece` what `paint_piece` gives."""
    if size == SMALL:
        return lot.small.to(device).float() / 127.5 - 1.0
    picture = lot.picture if piece is None else part_of(lot.picture, piece)
    levels = picture.to(device).float() / 127.5 - 1.0
    return functional.avg_pool2d(levels, lot.picture.shape[-1] // size)


def _moving_loss(made: Tensor, truth: Tensor) -> Tensor:
    return picture_loss(made, truth) + STEADY * unsteadiness(made, truth, MOMENTS)


class GeneratorStage:
    """Trains the generator in a run folder; may be stopped at any moment and started again."""

    def __init__(
        self, run: Path, minutes: float, device: torch.device, recipe: Recipe | None = None, seed: int = 3,
        config: GeneratorConfig = WIDE_GENERATOR, team: Team | None = None, origin: Origin | None = None,
        fields: FieldConfig = WORLD_FIELDS,
    ) -> None:  # fmt: skip
        """`fields` are those that a generator of `config` takes."""
        self.team = team or Team()
        self.device = device
        self.recipe = recipe or Recipe()
        self.config, self.fields = config, fields
        sizes = [phase.size for phase in self.recipe.phases]
        self.model = Growing(config, sizes).to(device)
        self.model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average: Average[Growing] = Average(self.model)
        self.statistics = BatchStatistics(self.model)
        self.optimizers = _optimizers(self.model)
        self.adversary: Adversary | None = None
        self.step = 0
        self.figures: dict[str, float] = {}
        """What the newest look at held-out scenes found."""
        self.behind: list[int] = []
        """Families that it found to have too little or too much fine detail."""
        self.origin = origin or Origin()
        self.run_folder = run
        self.budget = Budget(minutes, self._start(), self.team)
        bank = Bank.load(run / "bank.npz")
        seed = self.team.seed(seed + self.step)
        self._chance = torch.Generator().manual_seed(seed)
        self.studio = Studio(bank, fields, config.z_size, device, seed)
        self.pool = Pool(self.recipe.pool, seed, MOMENTS)
        held_out = Studio(bank, fields, config.z_size, device, 987_654)
        self._held_out = [held_out.paint([family], HELD_OUT) for family in range(len(FAMILIES))]

    def _start(self) -> float:
        """Go on from the checkpoint, or begin; returns the seconds trained so far."""
        state = load_checkpoint(checkpoint(self.run_folder, self.origin.name), self.device)
        used_s = self._restore(state) if state else 0.0
        if state is None and self.origin.weights is not None:
            begin_with(self.model.full, self.origin.weights())
        self.team.align(self.model)
        self.average = self.average if state else Average(self.model)
        return used_s

    def _restore(self, state: dict[str, Any]) -> float:
        told = GeneratorConfig.from_json(state["config"]), fields_of(state)
        if told != (self.config, self.fields):
            hint = "Train in another run folder, or remove the old checkpoint."
            raise TrainingError("The checkpoint is of a generator of another shape or other fields.", hint)
        if state.get("wide_s", 0.0) != self.origin.wide_s:
            hint = f"Remove {self.origin.name}.pt to narrow it anew."
            raise TrainingError("The wide generator has learnt since it was narrowed.", hint)
        self.model.load_state_dict(state["model"])
        self.average.model.load_state_dict(state["average"])
        for optimizer, kept in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.step = self.statistics.step = state["step"]
        if state.get("adversary"):
            self.adversary = Adversary(self.config.feature_size, self.device, self.team)
            self.adversary.restore(state["adversary"])
        self.figures, self.behind = dict(state.get("figures", {})), list(state.get("behind", []))
        return float(state["used_s"])

    def save(self) -> None:
        """Write the checkpoint: the first process does."""
        if not self.team.leads:
            return
        save_checkpoint(
            checkpoint(self.run_folder, self.origin.name),
            {
                "model": self.model.state_dict(),
                "average": self.average.model.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
                "config": self.config.to_json(),
                "fields": self.fields.to_dict(),
                "step": self.step,
                "used_s": self.budget.used_s,
                "figures": self.figures,
                "behind": self.behind,
                "size": self.phase.size,
                "adversary": self.adversary.state() if self.adversary else None,
                "wide_s": self.origin.wide_s,
            },
        )

    @property
    def phase(self) -> Phase:
        """Where the budget stands."""
        return next(p for p in self.recipe.phases if self.budget.progress < p.until or p.until >= 1.0)

    def train(self) -> None:
        """Train until the time is spent; interrupted, write what has been learnt."""
        try:
            self._train()
        finally:
            self.save()

    def _train(self) -> None:
        write, say, look = Due(self.recipe.write_s), Due(self.recipe.say_s), Due(self.recipe.sheet_s)
        queue: list[int] = []
        loss = 0.0
        while not self.budget.over:
            phase = self.phase
            self.behind = self._agreed(self.behind)
            queue = queue or self.studio.shuffled(TIMES_MORE * self.behind)
            now, queue = queue[: self.recipe.families_at_once], queue[self.recipe.families_at_once :]
            lot = self.studio.paint(now, self.recipe.each, MOMENTS)
            self.pool.add(lot)
            for _ in range(max(1, len(lot) * phase.reuse // phase.batch)):
                fresh = self._learn(phase)
                loss = fresh if loss == 0.0 else 0.98 * loss + 0.02 * fresh
                self.budget.tick()
            if say() and self.team.leads:
                text = "%s: step %d, %d px, loss %.4f, %.1f %%"
                log.info(text, self.origin.name, self.step, phase.size, loss, 100 * self.budget.progress)
            if write():
                self.save()
            if look():
                self.look()
        self.look()
        self.team.wait()

    def _agreed(self, families: list[int]) -> list[int]:
        """The first process' list: it alone looks."""
        marks = int(self.team.agree(float(sum(1 << family for family in families))))
        return [family for family in range(len(FAMILIES)) if marks >> family & 1]

    def _learn(self, phase: Phase) -> float:
        lot = self.pool.draw(phase.batch, phase.size)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self.budget.rate(self.recipe.rate, self.step, warm=150)
            optimizer.zero_grad(set_to_none=True)
        loss = self._loss(lot, phase.size)
        loss.backward()  # type: ignore[no-untyped-call]
        self.team.average_gradients(self.model.parameters())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.average.update(self.model, self.step)
        self.step += 1
        self.statistics.step = self.step
        return float(loss.detach())

    def _loss(self, lot: Lot, size: int) -> Tensor:
        if size < self.config.resolution:
            made = paint_lot(self.model, lot, size, self.device)
            return _moving_loss(made, target(lot, size, self.device))
        of = self.config.block_resolution(self.config.blocks - 2)
        piece = Piece.random(of, self._chance)
        fields = [field.to(self.device) for field in lot.fields]
        whole, made = paint_piece(
            self.model.full, lot.z.to(self.device), lot.condition.to(self.device), fields, piece
        )
        truth_piece = target(lot, size, self.device, piece)
        loss = _moving_loss(made, truth_piece)
        if self.budget.progress >= self.recipe.adversary_from:
            self.adversary = self.adversary or Adversary(self.config.feature_size, self.device, self.team)
            loss = loss + self.adversary.term(made, truth_piece, lot.condition.to(self.device))
        small = self.model.part(of)
        if small is not None:
            loss = loss + _moving_loss(small.finish(whole), target(lot, of, self.device))
        return loss

    def _calibrate(self, size: int) -> None:
        def run_once() -> None:
            paint_lot(self.average.model, self.pool.draw(self.recipe.calibration, size), size, self.device)

        calibrate(self.average.model, [run_once] * 6)

    @torch.no_grad()
    def look(self) -> dict[str, float]:
        """Write the sheet of held-out scenes (painted beside generated); returns PSNR by family.

        The first process does; the others go on, and wait at their next step.
        """
        if not self.team.leads:
            return {}
        size = self.phase.size
        if len(self.pool) >= self.recipe.calibration:
            self._calibrate(size)
        found: dict[str, float] = {}
        shown, self.behind = [], []
        for index, (name, lot) in enumerate(zip(FAMILY_IDS, self._held_out, strict=True)):
            made = paint_lot(self.average.model, lot, size, self.device)
            truth = target(lot, size, self.device)
            found[name] = float(psnr(made, truth).mean())
            if not DETAILED[0] <= detail_ratio(made, truth) <= DETAILED[1]:
                self.behind.append(index)
            shown += [picture for pair in zip(truth, made, strict=True) for picture in pair]
        text = " ".join(f"{name} {value:.1f}" for name, value in found.items())
        mean, least = sum(found.values()) / len(found), min(found.values())
        self.figures = {f"psnr_{size}px_mean": mean, f"psnr_{size}px_least": least}
        log.info("%s: step %d, held-out PSNR mean %.2f: %s", self.origin.name, self.step, mean, text)
        small = functional.avg_pool2d(torch.stack(shown) * 0.5 + 0.5, max(1, size // 128))
        sheet = tile(small, 12)
        cv2.imwrite(str(self.run_folder / f"{self.origin.name}.png"), sheet[:, :, ::-1])
        return found
