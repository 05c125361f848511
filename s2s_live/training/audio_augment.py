"""What changes from step to step, done on windows of mel power: pitch, level, microphone, noise, mixtures.

A gain adds decibels, a microphone or the air multiplies the spectrum, sounds that meet add their power. The
absolute level stays meaningful: the intensity that a window teaches is read off its final level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from s2s_live.training.audio_features import CENTRES_HZ, WINDOW, noise_columns
from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.sounds import LEVELS

_SILENCE = FAMILY_IDS.index("silence")
_QUIETEST, _LOUDEST = -58.0, -5.0
_MOST_GAIN = 34.0
_MOST_SHIFT = 2.5
_SHORTEST_REPEAT, _LONGEST_REPEAT = 12, 70
_MOST_BELOW_DB = 15.0
_SETTLED = 0.8
_LOW = torch.tensor([LEVELS[name][0] for name in FAMILY_IDS])
_HIGH = torch.tensor([LEVELS[name][1] for name in FAMILY_IDS])


@dataclass
class Batch:
    """Windows ready for the encoder, and what they should teach."""

    power: Tensor
    """`[B, WINDOW, bins]` mel power."""
    family: Tensor
    """`[B]`, the louder sound where two meet."""
    target: Tensor
    """`[B, F]` probabilities of the families."""
    intensity: Tensor
    """`[B]` 0..1, from the level."""


def loudness_db(power: Tensor) -> Tensor:
    """Level `[B]` of the loudest fifth of the columns of `[B, WINDOW, bins]`, dBFS; see `sounds.loudness`."""
    columns = power.sum(dim=2)
    loudest = columns.topk(max(1, columns.shape[1] // 5), dim=1).values.mean(dim=1)
    return 10 * torch.log10(loudest + 1e-14)


def intensity(loudness: Tensor, family: Tensor) -> Tensor:
    """Intensity `[B]` of these levels, see `sounds.LEVELS`."""
    low, high = _LOW[family], _HIGH[family]
    return ((loudness - low) / (high - low)).clamp(0, 1)


class Augment:
    """Turns drawn windows into a training batch; all chance from one generator.

    Most of the training is on mixtures of families, which teaches where one ends (Tokozume et al. 2018,
    "Learning from Between-class Examples for Deep Sound Recognition"). The last fifth settles on whole
    windows of single sounds, which a show hears most of the time: fewer mixtures, none repeated.
    """

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self._noise = noise_columns(40.0, seed)
        octave = torch.log2(CENTRES_HZ / 1000.0)
        self._octave = octave

    def __call__(self, windows_db: Tensor, family: Tensor, done: float = 1.0) -> Batch:
        """`windows_db` `[B, WINDOW, bins]` as drawn, `family` `[B]`, `done` 0..1 of the training."""
        count = len(windows_db)
        settled = done >= _SETTLED
        silent = family == _SILENCE
        db = self._shifted(windows_db)
        db = db + torch.where(silent[:, None, None], 0.0, self._microphone(count))
        power = 10 ** (db / 10)
        level = loudness_db(power)
        wanted = torch.from_numpy(self.rng.uniform(_QUIETEST, _LOUDEST, count)).float()
        gain = torch.where(silent, 0.0, (wanted - level).clamp(-60, _MOST_GAIN))
        power = power * (10 ** (gain / 10))[:, None, None]
        teaches = intensity(level + gain, family)
        power, target = self._mixed(power, family, level + gain, 0.3 if settled else 0.6)
        power = self._spliced(power, silent) + self._floor(count, silent)
        return Batch(power if settled else self._repeated(power), family, target, teaches)

    def _some(self, count: int, probability: float) -> Tensor:
        return torch.from_numpy(self.rng.random(count) < probability)

    def _uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return torch.from_numpy(self.rng.uniform(low, high, shape)).float()

    def _shifted(self, db: Tensor) -> Tensor:
        """Half of the windows a little higher or lower: shifted by up to `_MOST_SHIFT` mel filters."""
        count, last = len(db), db.shape[2] - 1
        shift = self._uniform(-_MOST_SHIFT, _MOST_SHIFT, count, 1) * self._some(count, 0.5)[:, None]
        place = (torch.arange(last + 1)[None, :] + shift).clamp(0, last)
        below = place.long().clamp_max(last - 1)
        part = (place - below)[:, None, :]
        rows = below[:, None, :].expand_as(db)
        return db.gather(2, rows) * (1 - part) + db.gather(2, rows + 1) * part

    def _repeated(self, power: Tensor) -> Tensor:
        """Some windows hold their newest columns alone, over and over.

        So a sound is listened to that has only just begun, see `features.changes`.
        """
        count = len(power)
        length = torch.from_numpy(self.rng.integers(_SHORTEST_REPEAT, _LONGEST_REPEAT, count))
        length = torch.where(self._some(count, 0.2), length, WINDOW)[:, None]
        rows = WINDOW - length + torch.arange(-WINDOW, 0)[None, :] % length
        return power.gather(1, rows[:, :, None].expand_as(power))

    def _microphone(self, count: int) -> Tensor:
        """A frequency response in dB `[B, 1, bins]`: tilt, bumps, a small speaker, dull distance."""
        octave = self._octave[None, :]
        db = self._uniform(-2.0, 1.5, count, 1) * octave
        knots = torch.from_numpy(self.rng.normal(0, 2.5, (count, 1, 7))).float()
        db = (
            db
            + torch.nn.functional.interpolate(knots, octave.shape[1], mode="linear", align_corners=True)[:, 0]
        )
        low_cut = self._uniform(-3.3, -1.3, count, 1)
        thin = self._some(count, 0.3)[:, None]
        db = db - torch.where(thin, self._uniform(6, 18, count, 1) * (low_cut - octave).clamp_min(0), 0.0)
        high_cut = self._uniform(0.0, 2.5, count, 1)
        dull = self._some(count, 0.35)[:, None]
        db = db - torch.where(dull, self._uniform(4, 16, count, 1) * (octave - high_cut).clamp_min(0), 0.0)
        return db.clamp(-70, 25)[:, None, :]

    def _mixed(
        self, power: Tensor, family: Tensor, level: Tensor, probability: float
    ) -> tuple[Tensor, Tensor]:
        """Some windows get another window of the batch behind them; each has its share of the amplitude."""
        count = len(power)
        target = torch.nn.functional.one_hot(family, len(FAMILY_IDS)).float()
        other = torch.from_numpy(self.rng.permutation(count))
        below = self._uniform(0.0, _MOST_BELOW_DB, count)
        quiet = (family == _SILENCE) | (family[other] == _SILENCE)
        chosen = self._some(count, probability) & ~quiet
        gain = torch.where(chosen, 10 ** ((level - below - level[other]) / 10), 0.0)
        amplitude = 10 ** (-below / 20)
        share = torch.where(chosen, amplitude / (1 + amplitude), 0.0)[:, None]
        return power + power[other] * gain[:, None, None], target * (1 - share) + target[other] * share

    def _spliced(self, power: Tensor, silent: Tensor) -> Tensor:
        """Some windows begin with another sound or with nothing, as when a sound has only just begun.

        What is heard is the newer sound, from a third of the window on: the scene follows a change early.
        """
        count = len(power)
        other = torch.from_numpy(self.rng.permutation(count))
        begins = torch.from_numpy(self.rng.integers(5, 2 * WINDOW // 3, count))
        before = torch.arange(WINDOW)[None, :] < begins[:, None]
        cut = before & (self._some(count, 0.3) & ~silent)[:, None]
        nothing = self._some(count, 0.3)[:, None, None]
        filler = torch.where(nothing, 0.0, power[other])
        return torch.where(cut[:, :, None], filler, power)

    def _floor(self, count: int, silent: Tensor) -> Tensor:
        """Noise of the microphone and the room: coloured, at -100..-52 dBFS; none or less under silence."""
        starts = self.rng.integers(0, len(self._noise) - WINDOW, count)
        rows = torch.from_numpy(starts[:, None] + np.arange(WINDOW)[None, :])
        slope = self._uniform(-5.0, 0.5, count, 1) * self._octave[None, :]
        level = torch.where(silent, self._uniform(-110, -72, count), self._uniform(-105, -56, count))
        shape = 10 ** (slope / 10)
        shape = shape / shape.mean(dim=1, keepdim=True)
        return self._noise[rows] * (shape * (10 ** (level / 10))[:, None])[:, None, :]
