"""What lies between a sound and its recording: another speed, a room, a distance.

These change the waveform itself and are made once per clip; what changes from step to step (level, noise,
microphone, mixtures) is done on the log-mel windows, see `audio_augment`.
"""

from __future__ import annotations

import numpy as np
import soxr

from s2s_live.world.sounds_dsp import SAMPLE_RATE, Floats, convolved, floats, samples_of

_SLOWEST, _FASTEST = 0.84, 1.2


def at_speed(samples: Floats, speed: float) -> Floats:
    """`samples` played `speed` times as fast, pitch and all."""
    if not _SLOWEST / 2 <= speed <= _FASTEST * 2:
        raise ValueError("speed must lie near 1")
    return floats(soxr.resample(samples, SAMPLE_RATE * speed, SAMPLE_RATE, quality="MQ"))


def impulse_response(rng: np.random.Generator) -> Floats:
    """A made-up room: the direct sound, a few early reflections, a tail that darkens as it dies."""
    reverberation = float(np.exp(rng.uniform(np.log(0.12), np.log(1.6))))
    n = samples_of(min(reverberation, 1.0))
    t = np.arange(n, dtype=np.float32) / SAMPLE_RATE
    tail = rng.standard_normal(n, dtype=np.float32) * np.exp(-6.9 * t / reverberation)
    dark = float(rng.uniform(0.0, 0.85))
    smooth = floats(np.power(dark, np.arange(24)) * (1 - dark))
    late = convolved(floats(tail), smooth)
    tail = floats(tail * np.exp(-t / 0.05) + late * (1 - np.exp(-t / 0.05)))
    tail[: samples_of(rng.uniform(0.001, 0.015))] = 0.0
    tail /= np.float32(np.sqrt(np.sum(np.square(tail))) + 1e-9)
    ratio = 10 ** (rng.uniform(-8.0, 14.0) / 20)
    response = floats(tail / np.float32(ratio))
    response[0] += 1.0
    for _ in range(int(rng.integers(0, 6))):
        response[int(rng.integers(16, samples_of(0.04)))] += np.float32(
            rng.uniform(-0.5, 0.5) / max(ratio, 0.5)
        )
    return response


def in_room(samples: Floats, rng: np.random.Generator) -> Floats:
    """As loud as before, in a made-up room."""
    before = float(np.sqrt(np.mean(np.square(samples))))
    wet = convolved(samples, impulse_response(rng))
    return floats(wet * np.float32(before / max(float(np.sqrt(np.mean(np.square(wet)))), 1e-9)))


def varied(samples: Floats, rng: np.random.Generator) -> Floats:
    """One other way this clip could have been recorded: sped up or slowed down, often in a room."""
    out = samples
    if rng.random() < 0.7:
        out = at_speed(out, float(np.exp(rng.uniform(np.log(_SLOWEST), np.log(_FASTEST)))))
    if rng.random() < 0.65:
        out = in_room(out, rng)
    return floats(out)
