"""When a sound is over: the numbers of `live.attention`, from what ears say as sounds follow one another.

Recordings are heard by the encoders that have not learnt from them, synthesised sounds by the model's own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.model import Sound2SceneModel, load_model
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.errors import TrainingError
from s2s_live.features.changes import newest_sound, repeated
from s2s_live.features.log_mel import LogMelConfig, log_mel
from s2s_live.features.stream import Floats
from s2s_live.live.attention import MOST_DIFFERENT, odds
from s2s_live.store.folder import ModelFolder
from s2s_live.training.audio_eval import probabilities
from s2s_live.training.held_out import FOLDER, HeldOut, load_fold, trained_folds
from s2s_live.training.recordings import Clip, folds
from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.sounds import synthesise

log = logging.getLogger(__name__)

HOP_COLUMNS = 10
PART_S = (3.5, 7.0)
"""How long a sound lasts before the next."""
LEVEL_DB = (-33.0, -27.0)
CHANGING_S, STEADY_S = 0.8, 1.2
"""After the first a change is too old to be noticed, after the second a sound counts as steady."""
TAPES, PARTS = 12, 40
"""Of either kind, and how many sounds each has."""
_SLACK_S = 0.035
"""A cut may lie so much before the true one."""


@dataclass(frozen=True)
class Part:
    """One sound of a tape."""

    samples: Floats
    right: frozenset[str]
    """The families that it is of."""


@dataclass(frozen=True)
class Moment:
    """What speaks for another sound at one hop, and whether there was one."""

    both: float
    """Sum of the log-odds of the sound before, in the newest sound alone and in the whole window."""
    difference: float
    over: bool


@dataclass(frozen=True)
class Ears:
    """An encoder that names families."""

    encoder: AudioEncoder
    prototypes: Tensor
    """`[F, D]` unit."""
    temperature: float
    front_end: LogMelConfig

    def hear(self, windows: Sequence[Floats]) -> NDArray[np.float32]:
        """`[N, F]`: probabilities for windows `[mels, frames]`."""
        stacked = torch.from_numpy(np.stack(windows)).float()[:, None]
        with torch.inference_mode():
            heard = torch.cat([unit(self.encoder(some)) for some in torch.split(stacked, 64)])
        found: NDArray[np.float32] = probabilities(heard, self.prototypes, self.temperature).numpy()
        return found


def levelled(samples: Floats, rng: np.random.Generator) -> Floats:
    """At a random level of `LEVEL_DB`."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    gain = 10.0 ** (rng.uniform(*LEVEL_DB) / 20.0) / max(rms, 1e-9)
    return (samples * np.float32(gain)).astype(np.float32)


def synthesised(seed: int, parts: int = PARTS) -> list[Part]:
    """A tape of synthesised sounds."""
    rng = np.random.default_rng(seed)
    sounding, made, before = [name for name in FAMILY_IDS if name != "silence"], [], ""
    for index in range(parts):
        before = str(rng.choice([name for name in sounding if name != before]))
        sound = synthesise(before, float(rng.uniform(0.3, 0.9)), 1000 * seed + index, rng.uniform(*PART_S))
        made.append(Part(levelled(sound, rng), frozenset([before])))
    return made


def recorded(clips: Sequence[Clip], seed: int, parts: int = PARTS) -> list[Part]:
    """A tape of pieces of recordings, families alike often."""
    rng = np.random.default_rng(seed)
    made: list[Part] = []
    for _ in range(parts):
        before = made[-1].right if made else frozenset()
        family = str(rng.choice(sorted({clip.family for clip in clips} - before)))
        of_it = [clip for clip in clips if clip.family == family and not before & set(clip.families)]
        if not of_it:
            continue
        clip = of_it[rng.integers(len(of_it))]
        length = min(len(clip.samples), round(rng.uniform(*PART_S) * 16_000))
        start = rng.integers(len(clip.samples) - length + 1)
        piece = clip.samples[start : start + length]
        made.append(Part(levelled(piece, rng), frozenset(clip.families)))
    return made


def moments(ears: Ears, tape: Sequence[Part]) -> list[Moment]:
    """Every hop of a tape at which a sound may have begun, but those between a change and a steady sound."""
    config = ears.front_end
    columns = log_mel(np.concatenate([part.samples for part in tape]), config)
    ends = range(config.frames, columns.shape[1] + 1, HOP_COLUMNS)
    windows = [columns[:, end - config.frames : end] for end in ends]
    begun = [newest_sound(window / config.scale + config.offset) for window in windows]
    whole = ears.hear(windows)
    noticed = [index for index, (newest, _) in enumerate(begun) if newest]
    alone = dict(
        zip(noticed, ears.hear([repeated(windows[i], begun[i][0]) for i in noticed]), strict=True)
        if noticed else ()
    )  # fmt: skip
    found = []
    column_s = config.hop / config.sample_rate
    for index, part, age, settled in _course(tape, whole, [end * column_s for end in ends]):
        if index not in alone or CHANGING_S < age <= STEADY_S:
            continue
        newest, difference = begun[index]
        over = age <= CHANGING_S and newest * column_s <= age + _SLACK_S
        if age > CHANGING_S or (over and FAMILY_IDS[settled] not in part.right):
            both = odds(float(alone[index][settled])) + odds(float(whole[index][settled]))
            found.append(Moment(both, min(difference, MOST_DIFFERENT), over))
    return found


def _course(
    tape: Sequence[Part], whole: NDArray[np.float32], ends_s: Sequence[float]
) -> Iterator[tuple[int, Part, float, int]]:
    """For every hop after the first sound settled: its index, its part, the part's age in seconds, and the
    family that was heard twice in a row before."""
    starts = np.cumsum([0] + [len(part.samples) for part in tape[:-1]]) / 16_000
    settled = last = -1
    for index, end_s in enumerate(ends_s):
        at = int(np.searchsorted(starts, end_s, "right")) - 1
        age = end_s - float(starts[at])
        if settled >= 0 and (at > 0 or age > STEADY_S):
            yield index, tape[at], age, settled
        heard = int(whole[index].argmax())
        if age > CHANGING_S:
            settled = heard if heard == last else settled
        last = heard


def fit(found: Sequence[Moment], steps: int = 30) -> tuple[float, float, float]:
    """Logistic regression of `over` by Newton's method: factors of `both` and `difference`, and the rest."""
    rows = np.array([(moment.both, moment.difference, 1.0) for moment in found])
    truth = np.array([moment.over for moment in found], dtype=np.float64)
    weights = np.zeros(3)
    for _ in range(steps):
        likely = 1.0 / (1.0 + np.exp(-(rows @ weights)))
        slope = rows.T @ (truth - likely) - 1e-3 * weights
        curve = (rows * (likely * (1.0 - likely))[:, None]).T @ rows + 1e-3 * np.eye(3)
        weights = weights + np.linalg.solve(curve, slope)
    both, difference, usual = (float(weight) for weight in weights)
    return both, difference, usual


def fit_changes(model: Path, clips: Sequence[Clip], seed: int = 3) -> tuple[float, float, float]:
    """The three numbers for a model folder and its held-out encoders. Takes some three minutes.

    Raises TrainingError where the model does not hear a sound that has just begun.
    """
    own = own_ears(load_model(ModelFolder.open(model)), model)
    found = [one for k in range(TAPES) for one in moments(own, synthesised(seed + k))]
    log.info("changes: %d moments of synthesised sounds", len(found))
    of_fold = folds(clips)
    kept = trained_folds(model / FOLDER) if clips else []
    for fold in kept:
        ears = _held_out(load_fold(model / FOLDER, fold), own.front_end)
        mine = [clip for clip, at in zip(clips, of_fold, strict=True) if at == fold and not clip.made]
        for k in range(TAPES // len(kept)):
            found += moments(ears, recorded(mine, seed + 100 * fold + k))
        log.info("changes: %d moments with those of fold %d", len(found), fold)
    numbers = fit(found)
    log.info("changes: BOTH, DIFFERENCE, USUAL = %.3f, %.3f, %.2f", *numbers)
    return numbers


def own_ears(model: Sound2SceneModel, folder: Path) -> Ears:
    """Those of a model, read from `folder`. Raises TrainingError as `fit_changes`."""
    config = model.config
    if not isinstance(config.front_end, LogMelConfig) or not config.front_end.newest_sound:
        raise TrainingError(f"{folder} hears whole windows only.", "Train the stage 'audio' for it first.")
    prototypes = torch.from_numpy(model.families.prototypes).float()
    return Ears(model.audio_encoder.float().eval(), prototypes, config.temperature, config.front_end)


def _held_out(found: HeldOut, front_end: LogMelConfig) -> Ears:
    return Ears(found.encoder.float().eval(), found.prototypes, found.temperature, front_end)
