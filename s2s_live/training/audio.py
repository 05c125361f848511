"""The audio stage: train the audio encoder to place a sound where its picture lies.

Stopped at any moment it resumes from its last checkpoint. The pace is set by a budget of seconds of work,
counted over all runs: the learning rate comes to rest when the budget does, however fast the machine is. When
the pictures' embeddings have changed since, the run goes back a stretch on that schedule and fits itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.engines.sound2scene.presets import BUNDLED_AUDIO_ENCODER
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.errors import TrainingError
from s2s_live.training.audio_augment import Augment, Batch
from s2s_live.training.audio_bank import Bank
from s2s_live.training.audio_eval import calibrate, hear_clips, score
from s2s_live.training.audio_features import encoder_input
from s2s_live.training.audio_loss import family_loss, info_nce, pull
from s2s_live.training.audio_pool import Pool, cached
from s2s_live.training.audio_state import Average, load, save
from s2s_live.training.held_out import FOLDS, HeldOut, load_fold, mean_temperature, save_fold, trained_folds
from s2s_live.training.loop import LONGEST_STEP_S
from s2s_live.training.muon import Muon
from s2s_live.training.recordings import Clip, folds
from s2s_live.training.team import Team
from s2s_live.world.families import FAMILY_IDS

logger = logging.getLogger(__name__)

_DEFAULT_TEMPERATURE = 0.1
_LEAK = 0.1
_SHORTEST = 0.05


@dataclass(frozen=True)
class AudioSettings:
    """Numbers of the audio stage."""

    budget_s: float = 1500.0
    """Seconds of training, over all runs; making the sounds comes on top."""
    batch: int = 32
    made: int = 400
    """Synthesised clips per family."""
    versions: int = 7
    """Other rooms and speeds of each real clip."""
    rate: float = 2e-3
    decay: float = 2e-2
    smoothing: float = 0.05
    seed: int = 0
    encoder: AudioEncoderConfig = BUNDLED_AUDIO_ENCODER
    fold: int | None = None
    """Hold these sources out, or none."""
    prototype_batches: int = 4
    save_every_s: float = 90.0
    refit_s: float = 420.0
    """How far to go back on the schedule when the pictures' embeddings are new."""


@dataclass(frozen=True)
class Progress:
    """Where a run is."""

    step: int
    seconds: float
    budget_s: float
    losses: dict[str, float]
    text: str = ""


Report = Callable[[Progress], None]


class Learner(nn.Module):
    """The encoder with what only training needs: a linear family head on its pooled features, a sharpness."""

    def __init__(self, encoder: AudioEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.fc.in_features, len(FAMILY_IDS))
        self.log_scale = nn.Parameter(torch.tensor(2.5))

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """`[B, 1, bins, WINDOW]` to unit embeddings `[B, D]` and family logits `[B, F]`."""
        pooled = self.pooled(windows)
        raw = self.encoder.fc(pooled)
        # Pictures use few of the dimensions. One that fell silent for every sound would never learn again
        # behind a ReLU: a tenth of the gradient passes below zero, while the value is the ReLU's.
        under = _LEAK * raw.clamp_max(0.0)
        found = torch.relu(raw) + under - under.detach()
        length = torch.linalg.vector_norm(found, dim=1, keepdim=True).clamp_min(_SHORTEST)
        return found / length, self.head(functional.dropout(pooled, 0.2, self.training))

    def pooled(self, windows: Tensor) -> Tensor:
        """What the encoder's last layer takes, `[B, 8 * width]`."""
        e = self.encoder
        x = e.maxpool(e.relu(e.bn1(e.conv1(windows))))
        return torch.flatten(e.avgpool(e.layer4(e.layer3(e.layer2(e.layer1(x))))), 1)


class Sampler:
    """Training batches: families evenly (silence less), windows from the pool, augmented."""

    def __init__(self, pool: Pool, batch: int, seed: int) -> None:
        self._pool = pool
        self._batch = batch
        self._augment = Augment(seed + 1)
        self._rng = np.random.default_rng(seed)
        weight = np.array([0.5 if name == "silence" else 1.0 for name in FAMILY_IDS])
        self._share = weight / weight.sum()

    def next(self, done: float = 1.0) -> Batch:
        """A fresh batch; `done` 0..1 of the training."""
        return self._of(self._rng.choice(len(FAMILY_IDS), self._batch, p=self._share), done)

    def only(self, family: int) -> Batch:
        """A fresh batch of one family."""
        return self._of(np.full(self._batch, family), 1.0)

    def _of(self, family: NDArray[np.int64], done: float) -> Batch:
        windows = torch.stack([self._pool.draw(int(index), self._rng)[0] for index in family])
        return self._augment(windows, torch.from_numpy(family), done)


def losses_of(
    learner: Learner, batch: Batch, bank: Bank, smoothing: float, generator: torch.Generator
) -> dict[str, Tensor]:
    """The terms of `audio_loss` for one batch."""
    device = learner.log_scale.device
    audio, logits = learner(encoder_input(batch.power).to(device))
    image = bank.draw(batch.family, batch.intensity, generator).to(device)
    count = batch.target.shape[1]
    target = (batch.target * (1 - smoothing) + smoothing / count).to(device)
    scale = learner.log_scale.exp().clamp(2.0, 80.0)
    return {
        "contrast": info_nce(audio, image, batch.family.to(device)),
        "family": family_loss(audio, bank.centres.to(device), target, scale),
        "pull": 2.0 * pull(audio, bank.mean(batch.family, batch.intensity).to(device)),
        "head": 0.5 * functional.cross_entropy(logits, target),
    }


class AudioRun:
    """One resumable training run in a folder."""

    def __init__(
        self, folder: Path, bank: Bank, settings: AudioSettings, team: Team | None = None,
        device: torch.device | str = "cpu",
    ) -> None:  # fmt: skip
        torch.manual_seed(settings.seed)
        self.team = team or Team()
        self.folder = folder
        self.bank = bank
        self.settings = settings
        self.learner = Learner(AudioEncoder(settings.encoder)).to(device)
        self.learner.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = Average(self.learner)
        plain = [p for p in self.learner.parameters() if p.ndim < 2]
        heavy = [p for p in self.learner.parameters() if p.ndim == 2]
        filters = [p for p in self.learner.parameters() if p.ndim > 2]
        groups: list[dict[str, Any]] = [{"params": heavy}, {"params": plain, "weight_decay": 0.0}]
        rest = torch.optim.AdamW(groups, lr=settings.rate, weight_decay=settings.decay)
        self.optimisers: list[torch.optim.Optimizer] = [rest, Muon(filters, settings.rate)]
        """Muon for the filters, AdamW for everything else."""
        self.step = 0
        self.seconds = 0.0
        self.stale = False
        """The last layer was learnt for other pictures."""
        self.generator = torch.Generator().manual_seed(settings.seed)

    @property
    def name(self) -> str:
        """Stem of the run's files."""
        return "audio" if self.settings.fold is None else f"audio_fold{self.settings.fold}"

    @property
    def state_path(self) -> Path:
        """Its checkpoint."""
        return self.folder / f"{self.name}_state.pt"

    def resume(self) -> bool:
        """Go on from the checkpoint, if there is one.

        Raises TrainingError for a damaged or foreign checkpoint.
        """
        state = load(self.state_path)
        if state is None:
            return False
        if "optimisers" not in state:
            hint = "Delete it to train this encoder anew."
            raise TrainingError(f"{self.state_path} was written by another version.", hint)
        self.learner.load_state_dict(state["learner"])
        device = self.learner.log_scale.device
        self.average.state = {name: value.to(device) for name, value in state["average"].items()}
        self.average.steps = self.step = int(state["step"])
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
        self.seconds = float(state["seconds"])
        if not torch.equal(state["centres"], self.bank.centres):
            logger.info("The pictures' embeddings are new: fitting to them for %.0f s", self.settings.refit_s)
            self.seconds = max(0.0, min(self.seconds, self.settings.budget_s - self.settings.refit_s))
            self.stale = True
        return True

    def refit(self, sampler: Sampler, batches: int = 40) -> None:
        """Solve the last layer anew for the pictures of today, by ridge regression on training windows."""
        features, targets = [], []
        self.learner.train()
        with torch.no_grad():
            for _ in range(batches):
                batch = sampler.next()
                windows = encoder_input(batch.power).to(self.learner.log_scale.device)
                features.append(self.learner.pooled(windows).cpu())
                targets.append(self.bank.mean(batch.family, batch.intensity))
            x, y = torch.cat(features).double(), torch.cat(targets).double()
            x = torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype)], dim=1)
            weight = 0.02 * x.square().mean() * len(x)
            solved = torch.linalg.solve(x.T @ x + weight * torch.eye(x.shape[1], dtype=x.dtype), x.T @ y)
            self.learner.encoder.fc.weight.copy_(solved[:-1].T)
            self.learner.encoder.fc.bias.copy_(solved[-1])
        self.average = Average(self.learner)
        self.stale = False

    def save(self) -> None:
        """Write the checkpoint: the first process does."""
        if not self.team.leads:
            return
        save(
            self.state_path,
            {
                "learner": self.learner.state_dict(),
                "average": self.average.state,
                "optimisers": [optimiser.state_dict() for optimiser in self.optimisers],
                "step": self.step,
                "seconds": self.seconds,
                "centres": self.bank.centres,
            },
        )

    def train(self, sampler: Sampler, report: Report | None = None) -> None:
        """Work until the budget is spent."""
        if self.stale:
            self.refit(sampler)
        self.team.align(self.learner)
        saved = self.seconds
        sums: dict[str, float] = {}
        while self.seconds < self.settings.budget_s:
            begun = time.monotonic()
            done = self.seconds / self.settings.budget_s
            for name, value in self._one(sampler.next(done), done).items():
                sums[name] = sums.get(name, 0.0) + value / 50
            self.seconds = self.team.agree(self.seconds + min(time.monotonic() - begun, LONGEST_STEP_S))
            if self.step % 50 == 0:
                if report is not None:
                    report(Progress(self.step, self.seconds, self.settings.budget_s, sums))
                self._say(sums)
                sums = {}
            if self.seconds - saved > self.settings.save_every_s:
                self.save()
                saved = self.seconds
        self.save()

    def _say(self, sums: dict[str, float]) -> None:
        if self.team.leads:
            terms = " ".join(f"{name} {value:.3f}" for name, value in sums.items())
            share = 100.0 * self.seconds / self.settings.budget_s
            logger.info("audio: step %d, %.0f %%: %s", self.step, min(share, 100.0), terms)

    def _one(self, batch: Batch, done: float) -> dict[str, float]:
        self.learner.train()
        warm = min(1.0, (self.step + 1) / 150)
        rate = self.settings.rate * warm * (0.01 + 0.99 * 0.5 * (1 + cos(pi * done)))
        for group in (group for optimiser in self.optimisers for group in optimiser.param_groups):
            group["lr"] = rate
        terms = losses_of(self.learner, batch, self.bank, self.settings.smoothing, self.generator)
        self.learner.zero_grad(set_to_none=True)
        torch.stack(list(terms.values())).sum().backward()  # type: ignore[no-untyped-call]
        self.team.average_gradients(self.learner.parameters())
        nn.utils.clip_grad_norm_(self.learner.parameters(), 5.0)
        for optimiser in self.optimisers:
            optimiser.step()
        self.average.update(self.learner)
        self.step += 1
        return {name: float(value.detach()) for name, value in terms.items()}

    def averaged(self) -> AudioEncoder:
        """The encoder of the running average, in evaluation mode."""
        twin = Learner(AudioEncoder(self.settings.encoder))
        twin.load_state_dict(self.average.state)
        twin.eval()
        return twin.encoder


def prototypes(encoder: AudioEncoder, sampler: Sampler, batches: int) -> Tensor:
    """Mean unit embedding of each family's training windows, `[F, D]` unit."""
    total = torch.zeros(len(FAMILY_IDS), encoder.config.embedding_size)
    with torch.inference_mode():
        for family in range(len(FAMILY_IDS)):
            for _ in range(batches):
                total[family] += unit(encoder(encoder_input(sampler.only(family).power))).sum(dim=0)
    return unit(total)


def train_audio(
    folder: Path, bank: Bank, clips: Sequence[Clip], settings: AudioSettings, report: Report | None = None,
    team: Team | None = None, device: torch.device | str = "cpu",
) -> dict[str, Any]:  # fmt: skip
    """Run the stage: fill the pool, train, calibrate, write `audio_encoder.pt` or the file of the fold.

    Returns the held-out scores as JSON takes them, nothing without a fold. Raises TrainingError for a full
    disk or a damaged checkpoint.
    """
    team = team or Team()
    run = AudioRun(folder, bank, settings, team, device)
    if run.resume():
        logger.info("Going on from step %d, %.0f s", run.step, run.seconds)
    held = folds(clips, FOLDS)
    out = [settings.fold is not None and fold == settings.fold for fold in held]
    path = folder / "audio_pool.pt"
    if not team.leads:
        team.wait()  # the first process makes the sounds, the others find them made
    pool = cached(path, clips, settings.made, settings.versions, settings.seed)
    if team.leads:
        team.wait()
    pool = pool.without({clip.source for clip, away in zip(clips, out, strict=True) if away})
    sampler = Sampler(pool, settings.batch, team.seed(settings.seed + 7919 * (run.step + 1)))
    run.train(sampler, report)
    if not team.leads:
        return {}
    return finish(run, sampler, [clip for clip, away in zip(clips, out, strict=True) if away])


def finish(run: AudioRun, sampler: Sampler, held_out: Sequence[Clip]) -> dict[str, Any]:
    """Prototypes, temperature and scores of a trained run; writes what the export reads."""
    encoder = run.averaged()
    centres = prototypes(encoder, sampler, run.settings.prototype_batches)
    if run.settings.fold is None:
        _write(run, encoder, centres)
        return {}
    heard = hear_clips(encoder, held_out)
    temperature = calibrate(heard, centres) if held_out else _DEFAULT_TEMPERATURE
    found = score(heard, centres, temperature)
    scores = (found.real_window_top1, found.real_clip_top1, found.ece)
    save_fold(run.folder, run.settings.fold, HeldOut(encoder, centres, temperature, scores))
    return found.to_json()


def _write(run: AudioRun, encoder: AudioEncoder, centres: Tensor) -> None:
    """The encoder that heard all recordings, with what those say that kept some back."""
    found = [load_fold(run.folder, fold, run.settings.encoder) for fold in trained_folds(run.folder)]
    save(
        run.folder / f"{run.name}_encoder.pt",
        {
            "state_dict": {k: v.contiguous() for k, v in encoder.state_dict().items()},
            "prototypes": centres,
            "temperature": mean_temperature(found, _DEFAULT_TEMPERATURE),
            "folds": torch.tensor([fold.scores for fold in found]),
        },
    )
