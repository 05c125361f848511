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
from s2s_live.live.attention import MOST_DIFFERENT, SURE, odds
from s2s_live.store.folder import ModelFolder
from s2s_live.training.audio_eval import GATE_DB, probabilities
from s2s_live.training.held_out import FOLDER, HeldOut, load_fold, trained_folds
from s2s_live.training.recordings import Clip, folds
from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.sounds import synthesise

log = logging.getLogger(__name__)

HOP_COLUMNS = 10
SILENCE = "silence"
"""Shows know it by its level: it is on no tape."""
PART_S = (3.5, 7.0)
"""How long a sound lasts before the next."""
LEVEL_DB = (-40.0, -20.0)
CHANGING_S = 0.8
"""Changes that are older are not fitted: by then whole windows are of the new sound too."""
TAPES, PARTS = 12, 40
"""How many tapes there are of synthesised sounds and as many of recordings; how many sounds each has."""
_SLACK_S = 0.035
"""A cut may lie so much before the true one: a column of the front end is as long."""
_STEPS, _SETTLED = 100, 1e-6


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
class NamingEars:
    """An encoder that names families."""

    encoder: AudioEncoder
    prototypes: Tensor
    """`[F, D]` unit."""
    temperature: float
    front_end: LogMelConfig

    def hear(self, windows: Sequence[Floats]) -> NDArray[np.float32]:
        """`[N, F]`: probabilities for at least one window `[mels, frames]`."""
        stacked = torch.from_numpy(np.stack(windows)).float()[:, None]
        with torch.inference_mode():
            heard = torch.cat([unit(self.encoder(some)) for some in torch.split(stacked, 64)])
        found: NDArray[np.float32] = probabilities(heard, self.prototypes, self.temperature).numpy()
        return found


def levelled(samples: Floats, rng: np.random.Generator) -> Floats:
    """At a random level of `LEVEL_DB`, and clipped as the input is."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    gain = 10.0 ** (rng.uniform(*LEVEL_DB) / 20.0) / max(rms, 1e-9)
    loud: Floats = np.clip(samples * np.float32(gain), -1.0, 1.0).astype(np.float32)
    return loud


def synthesised(seed: int, parts: int) -> list[Part]:
    """A tape of synthesised sounds."""
    rng = np.random.default_rng(seed)
    made, before = [], SILENCE
    for index in range(parts):
        before = str(rng.choice([name for name in FAMILY_IDS if name not in {before, SILENCE}]))
        sound = synthesise(before, float(rng.uniform(0.3, 0.9)), 1000 * seed + index, rng.uniform(*PART_S))
        made.append(Part(levelled(sound, rng), frozenset([before])))
    return made


def recorded(clips: Sequence[Clip], seed: int, parts: int) -> list[Part]:
    """A tape of pieces of recordings, every family as often; shorter where no clip may follow the last."""
    rng = np.random.default_rng(seed)
    made: list[Part] = []
    for _ in range(parts):
        apart = (made[-1].right if made else frozenset()) | {SILENCE}
        eligible = [clip for clip in clips if not apart & set(clip.families)]
        if not eligible:
            break
        family = rng.choice(sorted({clip.family for clip in eligible}))
        of_it = [clip for clip in eligible if clip.family == family]
        clip = of_it[rng.integers(len(of_it))]
        length = min(len(clip.samples), round(rng.uniform(*PART_S) * 16_000))
        start = rng.integers(len(clip.samples) - length + 1)
        piece = clip.samples[start : start + length]
        power = float(np.mean(np.square(piece, dtype=np.float64)))
        if 10.0 * np.log10(power + 1e-12) >= GATE_DB:
            made.append(Part(levelled(piece, rng), frozenset(clip.families)))
    return made


def moments(ears: NamingEars, tape: Sequence[Part]) -> list[Moment]:
    """The hops of a tape at which `live.attention` would weigh whether another sound began, and it is known.

    It is where the sound that was heard before goes on, and where another one began less than `CHANGING_S`
    ago and is alone behind the cut. Unlike shows, nothing here has been believed to begin suddenly before.
    """
    config = ears.front_end
    if sum(len(part.samples) for part in tape) < config.frames * config.hop:
        return []
    columns = log_mel(np.concatenate([part.samples for part in tape]), config)
    ends = range(config.frames, columns.shape[1] + 1, HOP_COLUMNS)
    windows = [columns[:, end - config.frames : end] for end in ends]
    begun = [newest_sound(window / config.scale + config.offset) for window in windows]
    noticed = [index for index, (newest, _) in enumerate(begun) if newest]
    if not noticed:
        return []
    whole = ears.hear(windows)
    repeats = ears.hear([repeated(windows[index], begun[index][0]) for index in noticed])
    alone = dict(zip(noticed, repeats, strict=True))
    found = []
    column_s = config.hop / config.sample_rate
    for index, part, age, settled in _course(tape, whole, [end * column_s for end in ends]):
        if index not in alone or alone[index].max() <= SURE or alone[index].argmax() == settled:
            continue
        newest, difference = begun[index]
        goes_on = FAMILY_IDS[settled] in part.right
        if goes_on or newest * column_s - _SLACK_S <= age <= CHANGING_S:
            both = odds(float(alone[index][settled])) + odds(float(whole[index][settled]))
            found.append(Moment(both, min(difference, MOST_DIFFERENT), not goes_on))
    return found


def _course(
    tape: Sequence[Part], whole: NDArray[np.float32], ends_s: Sequence[float]
) -> Iterator[tuple[int, Part, float, int]]:
    """For every hop after a first sound settled: its index, its part, the part's age in seconds, and the
    family that was heard twice in a row before."""
    starts = np.cumsum([0] + [len(part.samples) for part in tape[:-1]]) / 16_000
    settled = last = -1
    for index, end_s in enumerate(ends_s):
        at = int(np.searchsorted(starts, end_s, "right")) - 1
        if settled >= 0:
            yield index, tape[at], end_s - float(starts[at]), settled
        heard = int(whole[index].argmax())
        settled = heard if heard == last else settled
        last = heard


def fit(found: Sequence[Moment]) -> tuple[float, float, float]:
    """Logistic regression of `over` by Newton's method: factors of `both` and `difference`, and the rest.

    Raises TrainingError where there are not both kinds of moments, or they do not tell.
    """
    if len({moment.over for moment in found}) < 2:
        hint = "Give more recordings, of several families."
        raise TrainingError("There are not both moments of change and steady ones.", hint)
    rows = np.array([(moment.both, moment.difference, 1.0) for moment in found])
    truth = np.array([moment.over for moment in found], dtype=np.float64)
    weights, step = np.zeros(3), np.ones(3)
    for _ in range(_STEPS):
        likely = 1.0 / (1.0 + np.exp(-(rows @ weights)))
        slope = rows.T @ (truth - likely) - 1e-3 * weights
        curve = (rows * (likely * (1.0 - likely))[:, None]).T @ rows + 1e-3 * np.eye(3)
        step = np.linalg.solve(curve, slope)
        weights = weights + step
        if np.abs(step).max() < _SETTLED:
            break
    else:
        raise TrainingError("The moments are too few to tell when a sound is over.", "Give more recordings.")
    both, difference, usual = (float(weight) for weight in weights)
    return both, difference, usual


def fit_changes(model: Path, clips: Sequence[Clip], seed: int = 3) -> tuple[float, float, float]:
    """The three numbers for a model folder and the held-out encoders it carries. Takes some three minutes.

    Raises ModelError for the folder; TrainingError where the model does not hear a sound that has just begun,
    carries no held-out encoder for the recordings, or nothing can be fitted.
    """
    own = own_ears(load_model(ModelFolder.open(model)), model)
    found = [one for k in range(TAPES) for one in moments(own, synthesised(seed + k, PARTS))]
    log.info("changes: %d moments of synthesised sounds", len(found))
    kept = trained_folds(model / FOLDER)
    if clips and not kept:
        hint = "Train them (`--stage audio --holdout K`) and export."
        raise TrainingError(f"{model} carries no encoder that has not learnt from the recordings.", hint)
    for fold in kept if clips else ():
        ears = _held_out(load_fold(model / FOLDER, fold, own.encoder.config), own.front_end)
        mine = [clip for clip, at in zip(clips, folds(clips), strict=True) if at == fold]
        for k in range(-(-TAPES // len(kept))):
            found += moments(ears, recorded(mine, seed + 100 * fold + k, PARTS))
        log.info("changes: %d moments with those of fold %d", len(found), fold)
    numbers = fit(found)
    over = sum(moment.over for moment in found)
    log.info("changes: %d moments, %d of them of change", len(found), over)
    log.info("changes: BOTH, DIFFERENCE, USUAL = %.3f, %.3f, %.2f", *numbers)
    return numbers


def own_ears(model: Sound2SceneModel, folder: Path) -> NamingEars:
    """Those of a model, read from `folder`. Raises TrainingError as `fit_changes`."""
    config = model.config
    if not isinstance(config.front_end, LogMelConfig) or not config.front_end.newest_sound:
        raise TrainingError(f"{folder} hears whole windows only.", "Train the stage 'audio' for it first.")
    if config.families != FAMILY_IDS or config.front_end.sample_rate != 16_000:
        raise TrainingError(f"{folder} does not name the world's families.", "Take a model of `train world`.")
    prototypes = torch.from_numpy(model.families.prototypes).float()
    return NamingEars(model.audio_encoder.float(), prototypes, config.temperature, config.front_end)


def _held_out(found: HeldOut, front_end: LogMelConfig) -> NamingEars:
    return NamingEars(found.encoder.float(), found.prototypes, found.temperature, front_end)
