"""The change detector learns to hear another sound begin, from tapes where it is known when one does.

Fold `HELD_OUT` of the recordings it never meets: by these the numbers of `live.attention` are fitted.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from s2s_live.engines.sound2scene.change_detector import AGES, FRAMES, MELS
from s2s_live.engines.sound2scene.change_network import ChangeNetwork
from s2s_live.errors import TrainingError
from s2s_live.features.log_mel import log_mel
from s2s_live.training.audio_features import FRONT_END
from s2s_live.training.loop import Budget, Due, load_checkpoint, save_checkpoint
from s2s_live.training.recordings import Clip, folds
from s2s_live.training.tapes import VARIED, Tape, joined, recorded, synthesised
from s2s_live.training.team import Team

log = logging.getLogger(__name__)

CHECKPOINT = "change_detector.pt"
HELD_OUT = 0
RATE, BATCH, SMOOTHING = 2e-3, 256, 0.02
RECORDED = 0.375
"""Share of a batch that is drawn from recordings."""
TAPES, RECORDED_TAPES, PARTS = 350, 40, 40
"""Tapes of synthesised sounds; of recordings, of every fold; how many sounds each has."""
OFTEN = (0.05, *[0.045] * 8, 0.04, 0.03, 0.03, 0.49)
"""How often each class of `AGES` is drawn: a sound that has just begun as often as none."""
LEVEL, COLOUR = 2.0, 0.7
"""How much louder or quieter windows are made, and how much each of eight bands beside that: standard
deviations, natural logarithms of power."""
_BANDS = 8
FLOOR = (-20.7, -13.0)
"""Noise that is added: natural logarithm of its power, -90 to -56 dB."""
_GRAIN = 0.3


@dataclass(frozen=True)
class Columns:
    """Log-mel columns of tapes, end to end."""

    values: Tensor
    """`[N, MELS]`, 16 bits."""
    ends: tuple[NDArray[np.int64], ...]
    """By class of `AGES`: one past the last column of the windows of that class."""

    @classmethod
    def of(cls, tapes: Iterable[Tape]) -> Columns:
        """Of tapes, one at a time: their sound is not kept."""
        values, ages, base = [], [], 0
        ends: list[NDArray[np.int64]] = []
        for tape in tapes:
            columns = log_mel(tape.samples, FRONT_END).T
            stops = np.arange(FRAMES, len(columns) + 1)
            values.append(columns.astype(np.float16))
            ages.append(ages_at(tape.starts, stops))
            ends.append(stops + base)
            base += len(columns)
        if not values:
            return cls(torch.zeros(0, MELS, dtype=torch.float16), ())
        known = np.digitize(np.concatenate(ages), AGES) - 1
        every = np.concatenate(ends)
        grouped = tuple(every[known == index] for index in range(len(AGES)))
        return cls(torch.from_numpy(np.concatenate(values)), grouped)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Windows `[count, MELS, FRAMES]`, and of which class they are."""
        often = np.array(OFTEN) * [len(ends) > 0 for ends in self.ends]
        classes = rng.choice(len(AGES), count, p=often / often.sum())
        ends = [int(rng.choice(self.ends[index])) for index in classes]
        windows = torch.stack([self.values[end - FRAMES : end] for end in ends])
        return windows.float().transpose(1, 2), torch.from_numpy(classes)


def ages_at(starts: Sequence[int], stops: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many columns before each of `stops` are of the newest sound alone; those of the first have no age.

    Args:
        starts: first samples of the sounds of a tape.
        stops: one past the last column of windows.
    """
    begun = np.array(starts) / FRONT_END.hop
    which = np.searchsorted(begun, stops, "right") - 1
    ages: NDArray[np.float64] = np.where(which > 0, stops - begun[which], np.inf)
    return ages


def heard_through(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Scaled log-mel windows as other microphones would give them: level, colour and noise."""
    count = len(windows)
    logs = windows / FRONT_END.scale + FRONT_END.offset
    bands = torch.randn(count, 1, _BANDS, generator=generator)
    colour = functional.interpolate(bands, MELS, mode="linear", align_corners=True).transpose(1, 2)
    logs = logs + LEVEL * torch.randn(count, 1, 1, generator=generator) + COLOUR * colour
    low, high = FLOOR
    floor = low + (high - low) * torch.rand(count, 1, 1, generator=generator)
    grain = _GRAIN * torch.randn(count, MELS, FRAMES, generator=generator)
    return (torch.logaddexp(logs, floor + grain) - FRONT_END.offset) * FRONT_END.scale


def train_detector(
    run: Path, clips: Sequence[Clip], minutes: float, device: torch.device, seed: int = 3,
    team: Team | None = None,
) -> ChangeNetwork:  # fmt: skip
    """Train (or go on training) the network of the change detector; leaves `change_detector.pt` in `run`.

    The tapes are made anew at every start, in some five minutes that do not count.
    """
    team = team or Team()
    torch.manual_seed(seed)
    network = ChangeNetwork().to(device)
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.02)
    step, used = _restore(run, network, optimizer, device)
    team.align(network)
    if used < 60.0 * minutes:
        known = _to_learn_from(clips)
        material, budget = _material(known, seed), Budget(minutes, used, team)
        for done in _learn(network, optimizer, material, budget, step, team, seed):
            if team.leads:
                state = {"model": network.state_dict(), "optimizer": optimizer.state_dict(), "step": done,
                         "used_s": budget.used_s, "recordings": len(known)}  # fmt: skip
                save_checkpoint(run / CHECKPOINT, state)
    team.wait()
    return network.eval()


def _material(clips: Sequence[tuple[Clip, int]], seed: int) -> list[tuple[Columns, float]]:
    """Columns of synthesised sounds and of recordings, and the share of a batch that each gives."""
    made = Columns.of(_synthesised_tapes(seed))
    log.info("changes: %d columns of synthesised sounds", len(made.values))
    known = Columns.of(_recorded_tapes(clips, seed))
    log.info("changes: %d columns of recordings", len(known.values))
    if not any(len(ends) for ends in known.ends):
        return [(made, 1.0)]
    return [(made, 1.0 - RECORDED), (known, RECORDED)]


def _synthesised_tapes(seed: int) -> Iterator[Tape]:
    for index in range(TAPES):
        number = 100_000 * seed + index
        parts = synthesised(number, PARTS)
        yield joined(parts, np.random.default_rng([number, 1]), VARIED["synthesised"])


def _to_learn_from(clips: Sequence[Clip]) -> list[tuple[Clip, int]]:
    """Recordings and their folds, without the one that is kept back."""
    both = zip(clips, folds(clips), strict=True)
    return [(clip, fold) for clip, fold in both if fold not in {None, HELD_OUT}]


def _recorded_tapes(clips: Sequence[tuple[Clip, int]], seed: int) -> Iterator[Tape]:
    """Neighbours on a tape are of one fold."""
    for fold in sorted({fold for _, fold in clips}):
        mine = [clip for clip, at in clips if at == fold]
        for index in range(RECORDED_TAPES):
            number = 100_000 * seed + 1000 * fold + index
            if parts := recorded(mine, number, PARTS):
                yield joined(parts, np.random.default_rng([number, 1]), VARIED["recorded"])


def _learn(
    network: ChangeNetwork, optimizer: torch.optim.Optimizer, material: Sequence[tuple[Columns, float]],
    budget: Budget, step: int, team: Team, seed: int,
) -> Iterator[int]:  # fmt: skip
    """Yields the number of steps when it is time to write a checkpoint."""
    rng = np.random.default_rng(team.seed(seed + step))
    generator = torch.Generator().manual_seed(team.seed(seed + step))
    write, say = Due(60.0), Due(20.0)
    while not budget.over:
        drawn = [columns.draw(round(BATCH * share), rng) for columns, share in material]
        windows = heard_through(torch.cat([some for some, _ in drawn]), generator)
        loss = _step(network, optimizer, windows, torch.cat([of for _, of in drawn]), budget, step, team)
        step += 1
        budget.tick()
        if say() and team.leads:
            log.info("changes: step %d, loss %.4f, %.0f %%", step, loss, 100 * budget.progress)
        if write() or budget.over:
            yield step


def _step(
    network: ChangeNetwork, optimizer: torch.optim.Optimizer, windows: Tensor, classes: Tensor,
    budget: Budget, step: int, team: Team,
) -> float:  # fmt: skip
    network.train()
    for group in optimizer.param_groups:
        group["lr"] = budget.rate(RATE, step)
    device = next(network.parameters()).device
    logits = network(windows[:, None].to(device))
    loss = functional.cross_entropy(logits, classes.to(device), label_smoothing=SMOOTHING)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    team.average_gradients(network.parameters())
    optimizer.step()
    return float(loss.detach())


def _restore(
    run: Path, network: ChangeNetwork, optimizer: torch.optim.Optimizer, device: torch.device
) -> tuple[int, float]:
    """Steps and seconds of earlier starts. Raises TrainingError for a checkpoint of another network."""
    state = load_checkpoint(run / CHECKPOINT, device)
    if state is None:
        return 0, 0.0
    with _refusing():
        network.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return int(state["step"]), float(state["used_s"])


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise TrainingError for a checkpoint of another network."""
    try:
        yield
    except (KeyError, RuntimeError, ValueError) as error:
        hint = "Train in another run folder, or remove the old checkpoint."
        raise TrainingError(f"The checkpoint is of another change detector ({error}).", hint) from error


def trained_network(run: Path) -> tuple[ChangeNetwork, int] | None:
    """What the stage has left, in eval mode, and from how many recordings it learnt; None where nothing is.

    Raises TrainingError for a checkpoint of another network.
    """
    state = load_checkpoint(run / CHECKPOINT)
    if state is None:
        return None
    network = ChangeNetwork()
    with _refusing():
        network.load_state_dict(state["model"])
        return network.eval().requires_grad_(False), int(state["recordings"])
