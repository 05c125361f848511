"""The training run: batches, steps, validation, checkpoints; alone or in a team."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn
from tqdm import tqdm

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.errors import TrainingError
from s2s_live.training.loop import load_checkpoint, read_checkpoint, save_checkpoint
from s2s_live.training.sound2scene.items import Batch, Pairs
from s2s_live.training.sound2scene.journal import Journal
from s2s_live.training.sound2scene.ledger import Ledger
from s2s_live.training.sound2scene.loading import batches, epoch_order, open_loader
from s2s_live.training.sound2scene.losses import LOSSES
from s2s_live.training.sound2scene.pictures import FeatureInput
from s2s_live.training.sound2scene.source import fingerprint
from s2s_live.training.sound2scene.together import counts, gather, share_statistics
from s2s_live.training.team import Team

Precision = Literal["fp32", "bf16", "fp16"]
OFFICIAL_ENCODER = AudioEncoderConfig(depth=18, width=64, embedding_size=2048)
CHECKPOINT, BEST, JOURNAL, LEDGER = "checkpoint.pt", "sound2scene.pth", "journal.jsonl", "problems.json"


@dataclass(frozen=True)
class Recipe:
    """How to train; the defaults are the published ones."""

    epochs: int = 100
    batch: int = 64
    """Pairs of a step, of all processes together."""
    rate: float = 1e-3
    """Adam's, constant."""
    weight_decay: float = 1e-5
    seed: int = 1234
    loss: str = "InfoNCE_with_L2"
    """One of `LOSSES`."""
    encoder: AudioEncoderConfig = OFFICIAL_ENCODER
    precision: Precision = "fp32"
    """Of the networks; the loss is always float32."""
    checkpoint_steps: int = 500
    """Steps between checkpoints; the end of each epoch is one too."""

    def settled(self) -> dict[str, Any]:
        """What a run cannot change half-way: all but how long it goes and how often it saves."""
        return asdict(replace(self, epochs=0, checkpoint_steps=0))


@dataclass(frozen=True)
class Material:
    """What a run learns from and is judged by."""

    training: Pairs
    validation: Pairs
    workers: int = 0
    """Processes that read, each with one thread; 0: none but this."""


class Trainer:
    """One run in its folder; made again there, it goes on where its last checkpoint was.

    Args:
        folder: for `checkpoint.pt`, `sound2scene.pth` (the best encoder so far, as the official code
            saves it), `journal.jsonl` and `problems.json`.
        material: pairs.
        image_encoder: `[B, 3, 224, 224]` to `[B, D]`; it is left as it is.
        recipe: how.
        device: where the networks are.
        team: the processes that train together.

    Raises TrainingError for a checkpoint that is damaged or of another run.
    """

    def __init__(
        self,
        folder: Path,
        material: Material,
        image_encoder: nn.Module,
        recipe: Recipe,
        device: torch.device | str = "cpu",
        team: Team | None = None,
    ) -> None:
        self.folder, self.material, self.recipe = folder, material, recipe
        self.device, self.team = torch.device(device), team or Team()
        self._check_team()
        torch.manual_seed(recipe.seed)
        self.encoder = AudioEncoder(recipe.encoder).to(self.device)
        self.team.align(self.encoder)
        share_statistics(self.encoder, self.team)
        self._images = image_encoder.to(self.device).eval().requires_grad_(False)
        self._prepare = FeatureInput().to(self.device)
        self._loss = LOSSES[recipe.loss]
        self._optimiser = torch.optim.Adam(
            self.encoder.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
        )
        self._scaler = torch.amp.grad_scaler.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
        self.step = self.epoch = self.batch = 0
        """Steps taken, epochs finished, batches of the present one done."""
        self.best = math.inf
        """Least mean validation loss so far."""
        name = LEDGER if self.team.leads else f"problems.{self.team.rank}.json"
        self.ledger = Ledger(folder / name)
        self._resume()

    # --- checkpoints ----------------------------------------------------------------------------------------

    def _about(self) -> dict[str, Any]:
        return {"recipe": self.recipe.settled(), "pairs": fingerprint(self.material.training.pairs)}

    def _checkpoint(self) -> dict[str, Any] | None:
        """The first process' checkpoint: the others may be on machines that do not have it."""
        path = self.folder / CHECKPOINT
        if self.team.size == 1:
            return load_checkpoint(path)
        try:
            data = self.team.share(path.read_bytes() if self.team.leads and path.exists() else b"")
        except OSError as error:
            hint = "Look at its rights and its disk; it holds what was learnt so far."
            raise TrainingError(f"Cannot read the checkpoint {path}: {error}", hint) from error
        return read_checkpoint(io.BytesIO(data), path) if data else None

    def _check_team(self) -> None:
        """Raise TrainingError, in all processes, where one has other pairs or settings."""
        pairs = [fingerprint(part.pairs) for part in (self.material.training, self.material.validation)]
        if not self.team.same(json.dumps([asdict(self.recipe), pairs], sort_keys=True).encode()):
            raise TrainingError(
                "The processes were given different pairs or settings.",
                "Start all of them alike, each with the same pairs in its folders.",
            )

    def _resume(self) -> None:
        state = self._checkpoint()
        if state is None:
            return
        if state.get("about") != self._about():
            raise TrainingError(
                f"{self.folder} holds a run with other settings or other pairs.",
                "Repeat its settings to go on with it, or give another --run-folder.",
            )
        self.encoder.load_state_dict(state["encoder"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._scaler.load_state_dict(state["scaler"])
        self.step, self.epoch, self.batch = (int(state[name]) for name in ("step", "epoch", "batch"))
        self.best = float(state["best"])
        torch.set_rng_state(state["random"])
        self.ledger.resume()

    def save(self) -> None:
        """Write the checkpoint and the problems. Raises TrainingError for a full disk."""
        try:
            self.ledger.write()
        except OSError as error:
            hint = "Make room on the disk and start again: training goes on from the last checkpoint."
            raise TrainingError(f"{self.ledger.path} cannot be written ({error}).", hint) from error
        if self.team.leads:
            state = {"step": self.step, "epoch": self.epoch, "batch": self.batch, "best": self.best}
            parts = {"encoder": self.encoder, "optimiser": self._optimiser, "scaler": self._scaler}
            state |= {name: part.state_dict() for name, part in parts.items()}
            random = {"random": torch.get_rng_state(), "about": self._about()}
            save_checkpoint(self.folder / CHECKPOINT, {**state, **random})
        self.team.wait()

    # --- the loop -------------------------------------------------------------------------------------------

    def train(self, tensorboard: bool = False) -> float:
        """Train to the last epoch; returns the least mean validation loss.

        Raises TrainingError for a full disk, a loss that is no number, or where no pair can be used.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self.team.leads:
            while self.epoch < self.recipe.epochs:
                self._one_epoch(None)
            return self.best
        with Journal(self.folder / JOURNAL, self.step, self.epoch, tensorboard) as journal:
            while self.epoch < self.recipe.epochs:
                self._one_epoch(journal)
        return self.best

    def _one_epoch(self, journal: Journal | None) -> None:
        recipe, pairs = self.recipe, self.material.training
        parts = batches(
            epoch_order(pairs.pairs, recipe.seed, self.epoch), recipe.batch, self.team, self.batch
        )
        begun = (self.batch, self.step)
        with closing(self._bar(parts, f"epoch {self.epoch + 1}/{recipe.epochs}", self.batch)) as bar:
            for batch in self._read(pairs, parts):
                loss = self._learn(batch)
                self.batch += 1
                bar.update()
                if loss is not None and journal is not None:
                    journal.write(self.step, loss=loss, epoch=self.epoch)
                    bar.set_postfix(loss=f"{loss:.4f}", left_out=self.ledger.skipped)
                if self.step % recipe.checkpoint_steps == 0:
                    self.save()
        if begun == (0, self.step):
            raise TrainingError(
                "Not one pair of a whole epoch can be used.", f"{self.ledger.path.name} says why."
            )
        self._judge(journal)

    def _judge(self, journal: Journal | None) -> None:
        """Validate, keep the best, and close the epoch."""
        found = self.validate()
        if found < self.best:
            self.best = found
            if self.team.leads:
                weights = self.encoder.state_dict()
                save_checkpoint(self.folder / BEST, {f"audnet.{name}": w for name, w in weights.items()})
        self.epoch, self.batch = self.epoch + 1, 0
        if journal is not None:
            journal.write(self.step, validation=found, best=self.best, epoch=self.epoch)
        self.save()

    def _bar(self, parts: list[list[int]], what: str, done: int = 0) -> tqdm[Any]:
        return tqdm(
            total=len(parts) + done, initial=done, desc=what, unit="batch", disable=not self.team.leads
        )

    def _read(self, pairs: Pairs, parts: list[list[int]]) -> Iterator[Batch]:
        loader: Iterable[Batch] = open_loader(pairs, parts, self.material.workers, self.device)
        for batch in loader:
            self.ledger.add(batch.problems)
            yield batch

    # --- steps ----------------------------------------------------------------------------------------------

    def _compare(self, batch: Batch) -> tuple[Tensor | None, int]:
        """The loss over the batch of all processes, and how many pairs it has; None where it has none."""
        parts = counts(self.team, len(batch), self.device)
        if not sum(parts):
            return None, 0
        kind = torch.float16 if self.recipe.precision == "fp16" else torch.bfloat16
        mixed = torch.autocast(self.device.type, kind, enabled=self.recipe.precision != "fp32")
        pictures = self._prepare(batch.pictures.to(self.device, non_blocking=True))
        with mixed:
            with torch.no_grad():
                features = self._images(pictures)
            embeddings = self.encoder(batch.spectrograms.to(self.device, non_blocking=True))
        images, sounds = (gather(self.team, rows.float(), parts) for rows in (features, embeddings))
        return self._loss(images, sounds), sum(parts)

    def _learn(self, batch: Batch) -> float | None:
        """One step; the loss, or None where no pair of the batch could be used."""
        self.encoder.train()
        loss, _ = self._compare(batch)
        if loss is None:
            return None
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"The loss is {value} at step {self.step}.",
                "Start again with a lower --rate: training goes on from the last checkpoint.",
            )
        self._optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self.team.average_gradients(self.encoder.parameters())
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self.step += 1
        return value

    @torch.no_grad()
    def validate(self) -> float:
        """Mean loss of a held-out pair, in batches as training has them.

        Raises TrainingError where no held-out pair can be used.
        """
        self.encoder.eval()
        total, pairs = 0.0, 0
        held = self.material.validation
        parts = batches(epoch_order(held.pairs, self.recipe.seed, 0), self.recipe.batch, self.team)
        with closing(self._bar(parts, "validation")) as bar:
            for batch in self._read(held, parts):
                loss, number = self._compare(batch)
                total += number * float(loss) if loss is not None else 0.0
                pairs += number
                bar.update()
        if not pairs:
            raise TrainingError(
                "Not one held-out pair can be used.", "problems.json says why; or give --validation DIR."
            )
        return total / pairs
