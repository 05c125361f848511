"""When a sound is over: the numbers of `live.attention`, from what ears say as sounds follow one another.

All of it is new to them: synthesised sounds, and the recordings of the fold that the change detector has not
met, heard by the encoder that has not met it either.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.change_detector import ChangeDetector
from s2s_live.engines.sound2scene.model import Sound2SceneModel, load_model
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.engines.torch_runtime import TorchRuntime
from s2s_live.errors import TrainingError
from s2s_live.features.changes import Notice, odds, repeated
from s2s_live.features.log_mel import LogMelConfig, log_mel
from s2s_live.features.stream import Floats
from s2s_live.live.attention import SURE
from s2s_live.store.folder import ModelFolder
from s2s_live.training.audio_eval import probabilities
from s2s_live.training.change_detector import HELD_OUT
from s2s_live.training.held_out import FOLDER, HeldOut, load_fold, trained_folds
from s2s_live.training.recordings import Clip, folds
from s2s_live.training.tapes import Part, recorded, synthesised
from s2s_live.world.families import FAMILY_IDS

log = logging.getLogger(__name__)

HOP_COLUMNS = 10
CHANGING_S = 0.8
"""Changes that are older are not fitted: by then whole windows are of the new sound too."""
TAPES, PARTS = 12, 40
"""How many tapes there are of synthesised sounds and as many of recordings; how many sounds each has."""
_SLACK_S = 0.035
"""A cut may lie so much before the true one: a column of the front end is as long."""
_STEPS, _SETTLED = 100, 1e-6


@dataclass(frozen=True)
class Moment:
    """What speaks for another sound at one hop, and whether there was one."""

    both: float
    """Sum of the log-odds of the sound before, in the newest sound alone and in the whole window."""
    began: float
    """Log-odds that another one has begun, as the change detector says."""
    over: bool


@dataclass(frozen=True)
class NamingEars:
    """An encoder that names families."""

    encoder: AudioEncoder
    prototypes: Tensor
    """`[F, D]` unit."""
    temperature: float
    front_end: LogMelConfig
    notice: Notice

    def hear(self, windows: Sequence[Floats]) -> NDArray[np.float32]:
        """`[N, F]`: probabilities for at least one window `[mels, frames]`."""
        stacked = torch.from_numpy(np.stack(windows)).float()[:, None]
        with torch.inference_mode():
            heard = torch.cat([unit(self.encoder(some)) for some in torch.split(stacked, 64)])
        found: NDArray[np.float32] = probabilities(heard, self.prototypes, self.temperature).numpy()
        return found


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
    begun = [ears.notice(window[None]) for window in windows]
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
        newest, began = begun[index]
        goes_on = FAMILY_IDS[settled] in part.right
        if goes_on or newest * column_s - _SLACK_S <= age <= CHANGING_S:
            both = odds(float(alone[index][settled])) + odds(float(whole[index][settled]))
            found.append(Moment(both, began, not goes_on))
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
    """Logistic regression of `over` by Newton's method: factors of `both` and `began`, and the rest.

    Raises TrainingError where there are not both kinds of moments, or they do not tell.
    """
    if len({moment.over for moment in found}) < 2:
        hint = "Give more recordings, of several families."
        raise TrainingError("There are not both moments of change and steady ones.", hint)
    rows = np.array([(moment.both, moment.began, 1.0) for moment in found])
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
    both, began, usual = (float(weight) for weight in weights)
    return both, began, usual


def fit_attention(model: Path, clips: Sequence[Clip], seed: int = 3) -> tuple[float, float, float]:
    """The three numbers for a model folder and the held-out encoder it carries. Takes some three minutes.

    Raises ModelError for the folder; TrainingError where the model does not hear a sound that has just begun,
    carries no held-out encoder for the recordings, or nothing can be fitted.
    """
    own = own_ears(load_model(ModelFolder.open(model)), model)
    # Seeds that the detector's tapes do not reach.
    tapes = [synthesised(10_000_000 + 1000 * seed + k, PARTS) for k in range(TAPES)]
    found = [one for tape in tapes for one in moments(own, tape)]
    log.info("attention: %d moments of synthesised sounds", len(found))
    if clips:
        if HELD_OUT not in trained_folds(model / FOLDER):
            hint = f"Train it (`--stage audio --holdout {HELD_OUT}`) and export."
            raise TrainingError(f"{model} carries no encoder that has not learnt from the recordings.", hint)
        ears = _held_out(load_fold(model / FOLDER, HELD_OUT, own.encoder.config), own)
        mine = [clip for clip, at in zip(clips, folds(clips), strict=True) if at == HELD_OUT]
        found += [one for k in range(TAPES) for one in moments(ears, recorded(mine, seed + k, PARTS))]
        log.info("attention: %d moments with those of recordings", len(found))
    numbers = fit(found)
    right = [one.over == (_odds(one, numbers) > 0.0) for one in found]
    over = sum(one.over for one in found)
    log.info(
        "attention: %d moments, %d of them of change, %.1f %% told", len(found), over, 100 * np.mean(right)
    )
    log.info("attention: BOTH, BEGAN, USUAL = %.3f, %.3f, %.2f", *numbers)
    return numbers


def _odds(moment: Moment, numbers: tuple[float, float, float]) -> float:
    both, began, usual = numbers
    return both * moment.both + began * moment.began + usual


def own_ears(model: Sound2SceneModel, folder: Path) -> NamingEars:
    """Those of a model, read from `folder`. Raises TrainingError as `fit_attention`."""
    config = model.config
    if not isinstance(config.front_end, LogMelConfig) or not config.front_end.newest_sound:
        raise TrainingError(f"{folder} hears whole windows only.", "Train the stage 'audio' for it first.")
    if config.families != FAMILY_IDS or config.front_end.sample_rate != 16_000:
        raise TrainingError(f"{folder} does not name the world's families.", "Take a model of `train world`.")
    if model.change_network is None:
        hint = "Train the stage 'changes' for it first."
        raise TrainingError(f"{folder} does not hear another sound begin.", hint)
    prototypes = torch.from_numpy(model.families.prototypes).float()
    notice = ChangeDetector(TorchRuntime(model.change_network.float(), threads=torch.get_num_threads()))
    return NamingEars(model.audio_encoder.float(), prototypes, config.temperature, config.front_end, notice)


def _held_out(found: HeldOut, own: NamingEars) -> NamingEars:
    """Another encoder, all else being the model's own."""
    return replace(
        own, encoder=found.encoder.float(), prototypes=found.prototypes, temperature=found.temperature
    )
