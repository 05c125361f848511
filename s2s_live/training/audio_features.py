"""The bundled front end as training uses it: mel power, where levels and mixtures are plain arithmetic."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from s2s_live.features.log_mel import LogMelConfig, log_mel
from s2s_live.world.sounds_dsp import Floats

FRONT_END = LogMelConfig()
WINDOW = FRONT_END.frames
# A frame's bins together hold 3 times its mean square (Hann window of sum 2).
_BINS_PER_POWER = 3.0
_TINY = 1e-13


def _centres() -> Tensor:
    """Centre frequency of each mel filter, Hz."""

    def mel(hz: float) -> float:
        return 2595.0 * float(np.log10(1 + hz / 700.0))

    points = torch.linspace(mel(FRONT_END.low_hz), mel(FRONT_END.high_hz), FRONT_END.mels + 2)[1:-1]
    return 700.0 * (10 ** (points / 2595.0) - 1)


CENTRES_HZ = _centres()


def power_columns(samples: Floats) -> Tensor:
    """`[columns, mels]`: mel power whose sum over a column is the mean square of its samples (about)."""
    if samples.size < FRONT_END.n_fft:
        return torch.zeros(0, FRONT_END.mels)
    clean = np.clip(np.asarray(samples, np.float32), -1.0, 1.0)
    logs = torch.from_numpy(log_mel(clean, FRONT_END)).T
    power = (logs / FRONT_END.scale + FRONT_END.offset).exp() - FRONT_END.floor
    return power.clamp_min(0.0) / _BINS_PER_POWER


def to_db(power: Tensor) -> Tensor:
    """Mel power in dB, floor -130."""
    return 10.0 * torch.log10(power + _TINY)


def encoder_input(power: Tensor) -> Tensor:
    """Windows `[B, WINDOW, mels]` of mel power as the encoder takes them, `[B, 1, mels, WINDOW]`."""
    logs = (power * _BINS_PER_POWER + FRONT_END.floor).log()
    return ((logs - FRONT_END.offset) * FRONT_END.scale).transpose(1, 2)[:, None].contiguous()


@lru_cache(maxsize=2)
def noise_columns(seconds: float, seed: int) -> Tensor:
    """Columns of white noise `[columns, mels]` whose sums are 1 in the mean: the grain of a noise floor."""
    rng = np.random.default_rng(seed)
    level = 0.05
    power = power_columns(level * rng.standard_normal(int(seconds * FRONT_END.sample_rate), dtype=np.float32))
    return power / power.sum(dim=1).mean()
