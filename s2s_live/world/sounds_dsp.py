"""Building blocks of the synthesised sounds: noise with a spectrum, tones, bursts, moving filters.

Everything is numpy on whole arrays and draws its chance from one generator, so the same take
gives the same sound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

SAMPLE_RATE = 16_000
Floats = NDArray[np.float32]
Curve = Callable[[Floats], Floats]
"""Amplitude gain of each frequency (Hz)."""

_WINDOW = 512
_HOP = 128
_HANN = np.sqrt(np.hanning(_WINDOW + 1)[:-1]).astype(np.float32)
BINS: Floats = np.fft.rfftfreq(_WINDOW, 1 / SAMPLE_RATE).astype(np.float32)
"""Frequencies of the bins of `morph`, Hz."""
MOMENT = 800
"""Samples that a sound's level is looked at in, 50 ms."""
BELOW_DB = 6.0
"""A moment within this of the whole sound's level belongs to its sounding part."""


class Take:
    """One sound in the making: its length, its intensity and all of its chance."""

    def __init__(self, rng: np.random.Generator, samples: int, intensity: float) -> None:
        self.rng = rng
        self.n = samples
        self.intensity = intensity

    def between(self, low: float, high: float) -> float:
        """Uniform between two bounds."""
        return float(self.rng.uniform(low, high))

    def octaves(self, low: float, high: float) -> float:
        """Uniform on a logarithmic scale: right for frequencies, rates and times."""
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return bool(self.rng.random() < probability)

    def rise(self, low: float, high: float, spread: float = 0.3) -> float:
        """A value that grows with the intensity on a logarithmic scale, with some spread of its own."""
        where = min(max(self.intensity + self.rng.uniform(-spread, spread), 0.0), 1.0)
        return float(low * (high / low) ** where)

    def white(self, samples: int | None = None) -> Floats:
        """Gaussian white noise of unit variance."""
        return self.rng.standard_normal(self.n if samples is None else samples, dtype=np.float32)

    def part(self, samples: int) -> Take:
        """A take of another length that draws from the same chance."""
        return Take(self.rng, samples, self.intensity)


def samples_of(seconds: float) -> int:
    """Whole samples in so many seconds, at least one."""
    return max(1, round(seconds * SAMPLE_RATE))


def floats(values: ArrayLike) -> Floats:
    """As float32."""
    return np.asarray(values, dtype=np.float32)


def fast_length(n: int) -> int:
    """The next length that a Fourier transform likes: a small multiple of a power of two."""
    power = 1 << max(n - 1, 1).bit_length()
    for eighths in (5, 6, 7):
        if power * eighths // 8 >= n:
            return power * eighths // 8
    return power


def band(low: float, high: float, steep_low: float = 2.0, steep_high: float = 2.0) -> Curve:
    """A smooth band from `low` to `high` Hz; the slopes are multiples of 6 dB per octave."""

    def curve(freq: Floats) -> Floats:
        f = np.maximum(freq, 8.0)
        below = 1.0 + (low / f) ** (2 * steep_low)
        above = 1.0 + (f / high) ** (2 * steep_high)
        return floats(1.0 / np.sqrt(below * above))

    return curve


def tilted(db_per_octave: float, floor: float = 60.0) -> Curve:
    """A straight slope in dB per octave, flat below `floor` Hz, unity at 1 kHz."""

    def curve(freq: Floats) -> Floats:
        return floats((np.maximum(freq, floor) / 1000.0) ** (db_per_octave / 6.02))

    return curve


def peaks(
    centres: Sequence[float], widths: Sequence[float], gains: Sequence[float], rest: float = 0.02
) -> Curve:
    """Resonances at `centres` with half-power `widths` in Hz, above a flat `rest`."""

    def curve(freq: Floats) -> Floats:
        total = np.full_like(freq, rest)
        for centre, width, gain in zip(centres, widths, gains, strict=True):
            total += gain / np.sqrt(1.0 + ((freq - centre) / (0.5 * width)) ** 2)
        return total

    return curve


def times(*curves: Curve) -> Curve:
    """One curve after another."""

    def curve(freq: Floats) -> Floats:
        total = curves[0](freq)
        for other in curves[1:]:
            total = total * other(freq)
        return total

    return curve


def noise(take: Take, curve: Curve) -> Floats:
    """Stationary noise `[n]` with this spectrum, RMS 1. Drawn in the frequency domain: one transform."""
    size = fast_length(take.n)
    gain = curve(np.fft.rfftfreq(size, 1 / SAMPLE_RATE).astype(np.float32))
    gain[0] = 0.0
    spectrum = take.rng.standard_normal((gain.size, 2), dtype=np.float32).view(np.complex64)[:, 0] * gain
    return unit(floats(np.fft.irfft(spectrum, size)[: take.n]))


def filtered(signal: Floats, curve: Curve) -> Floats:
    """`signal` through a fixed zero-phase filter."""
    size = fast_length(signal.size + 512)
    gain = curve(np.fft.rfftfreq(size, 1 / SAMPLE_RATE).astype(np.float32))
    return floats(np.fft.irfft(np.fft.rfft(signal, size) * gain, size)[: signal.size])


def convolved(signal: Floats, kernel: Floats) -> Floats:
    """`signal` with every sample turned into `kernel`, cut to the length of `signal`."""
    size = fast_length(signal.size + kernel.size)
    product = np.fft.rfft(signal, size) * np.fft.rfft(kernel, size)
    return floats(np.fft.irfft(product, size)[: signal.size])


def loud_from(samples: Floats) -> int:
    """The first sample from which a sound is about as loud as it is on the whole.

    Birds pause and waves ebb: a sound that begins so cannot be heard yet.
    """
    if samples.size < MOMENT:
        return 0
    moments = samples[: samples.size // MOMENT * MOMENT].reshape(-1, MOMENT)
    power = np.square(moments, dtype=np.float64).mean(axis=1)
    return int(np.argmax(power >= power.mean() * 10.0 ** (-0.1 * BELOW_DB))) * MOMENT


def frames_of(samples: int) -> int:
    """How many columns of gains `morph` takes for so many samples."""
    return samples // _HOP + 4


def frame_seconds(samples: int) -> Floats:
    """Time of each of those columns, seconds."""
    return floats((np.arange(frames_of(samples)) - 1.5) * (_HOP / SAMPLE_RATE))


def morph(signal: Floats, gains: Floats) -> Floats:
    """`signal` through a filter that moves: `gains` is `[frames_of(n), len(BINS)]`, amplitude."""
    columns = gains.shape[0]
    padded = np.zeros((columns + 3) * _HOP, dtype=np.float32)
    padded[3 * _HOP : 3 * _HOP + signal.size] = signal
    view = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    pieces = np.fft.irfft(np.fft.rfft(view * _HANN, axis=1) * gains[: view.shape[0]], _WINDOW, axis=1)
    pieces *= 0.5 * _HANN
    out = np.zeros(padded.size, dtype=np.float32)
    quarters = pieces.reshape(len(pieces), 4, _HOP)
    for quarter in range(4):
        start = quarter * _HOP
        out[start : start + len(pieces) * _HOP] += quarters[:, quarter].reshape(-1)
    return out[3 * _HOP : 3 * _HOP + signal.size]


def formant_gains(
    tracks: Floats, widths: Sequence[float], gains: Sequence[float], rest: float = 0.01
) -> Floats:
    """Gains for `morph` from formant `tracks` `[frames, formants]` in Hz."""
    total = np.full((tracks.shape[0], BINS.size), rest, dtype=np.float32)
    for index, (width, gain) in enumerate(zip(widths, gains, strict=True)):
        distance = (BINS[None, :] - tracks[:, index : index + 1]) * np.float32(2.0 / width)
        total += np.float32(gain) / np.sqrt(1.0 + distance * distance)
    return total


def wander(take: Take, rate: float, samples: int | None = None) -> Floats:
    """A smooth random curve of unit variance that turns about `rate` times a second."""
    n = take.n if samples is None else samples
    knots = max(4, int(n / SAMPLE_RATE * rate * 2) + 4)
    values = take.rng.standard_normal(knots)
    start = take.rng.random()
    if n <= 64:
        return floats(np.interp(np.linspace(start, start + 1, n), np.arange(knots), values))
    # Interpolated on a coarse grid by smooth steps, then straight lines: cheap, and smooth to the ear.
    coarse = min(n, max(32, knots * 8))
    where = np.linspace(start, start + n / SAMPLE_RATE * rate * 2, coarse)
    left = where.astype(np.int64)
    part = where - left
    part = part * part * (3 - 2 * part)
    curve = (values[left] * (1 - part) + values[left + 1] * part) * 1.15
    return floats(np.interp(np.linspace(0, coarse - 1, n), np.arange(coarse), curve))


def tone(freq: Floats | float, n: int, phase: float = 0.0) -> Floats:
    """Phase in turns of a tone with this frequency (Hz, constant or `[n]`)."""
    if isinstance(freq, np.ndarray):
        return floats(np.cumsum(freq.astype(np.float64) / SAMPLE_RATE) + phase)
    return floats((np.arange(n) * (freq / SAMPLE_RATE) + phase) % 65536.0)


def sine(turns: Floats) -> Floats:
    """Sine of a phase given in turns."""
    return floats(np.sin((2 * np.pi) * (turns - np.floor(turns))))


def harmonics(turns: Floats, amplitudes: Floats, phases: Floats | None = None) -> Floats:
    """A periodic tone from its harmonics' amplitudes (first = fundamental), read from one table."""
    size = 4096
    spectrum = np.zeros(size // 2 + 1, dtype=np.complex128)
    count = min(amplitudes.size, size // 2)
    spin = np.zeros(count) if phases is None else phases[:count]
    spectrum[1 : count + 1] = amplitudes[:count] * np.exp(2j * np.pi * spin) * (size / 2)
    table: Floats = np.fft.irfft(spectrum, size).astype(np.float32)
    index = ((turns - np.floor(turns)) * size).astype(np.int32) & (size - 1)
    return floats(table[index])


def below_nyquist(highest: float, limit: int = 60) -> int:
    """How many harmonics of a tone of at most `highest` Hz stay below half the sample rate."""
    return int(max(1, min(limit, 7600 // max(highest, 40.0))))


def arrivals(take: Take, rate: float) -> NDArray[np.int64]:
    """Chance moments, `rate` a second, as sorted sample positions."""
    count = int(take.rng.poisson(rate * take.n / SAMPLE_RATE))
    return np.sort(take.rng.integers(0, take.n, count))


def steady(take: Take, period: float, jitter: float = 0.0) -> NDArray[np.int64]:
    """Regular moments every `period` seconds from a chance start, each moved by `jitter` periods at most."""
    step = period * SAMPLE_RATE
    moments = np.arange(take.between(0, 1), take.n / step, 1.0)
    moments = (moments + take.rng.uniform(-jitter, jitter, moments.size)) * step
    return np.sort(np.clip(moments, 0, take.n - 1)).astype(np.int64)


def impulses(n: int, positions: NDArray[np.int64], amplitudes: Floats) -> Floats:
    """A train of single samples."""
    return floats(np.bincount(positions, weights=amplitudes, minlength=n)[:n])


def ring(freq: float, tau: float, seconds: float, glide: float = 0.0) -> Floats:
    """A decaying sine that starts at `freq` Hz and glides by `glide` of itself per second."""
    t = np.arange(samples_of(seconds), dtype=np.float32) / SAMPLE_RATE
    turns = freq * t * (1 + 0.5 * glide * t)
    return floats(np.sin(2 * np.pi * turns) * np.exp(-t / tau) * np.minimum(1, t / 0.0006))


def decay(n: int, tau: float) -> Floats:
    """`exp(-t/tau)` over n samples, tau in seconds."""
    return floats(np.exp(np.arange(n, dtype=np.float32) * np.float32(-1 / (tau * SAMPLE_RATE))))


def hump(n: int, attack: float = 0.2, release: float = 0.5) -> Floats:
    """An envelope of n samples: rises over the first part, falls over the last part (fractions of n)."""
    x = np.linspace(0, 1, n, dtype=np.float32)
    up = np.minimum(1, x / max(attack, 1e-3))
    down = np.minimum(1, (1 - x) / max(release, 1e-3))
    return floats(np.sin(0.5 * np.pi * up) * np.sin(0.5 * np.pi * down))


def place(out: Floats, start: int, piece: Floats) -> None:
    """Add `piece` to `out` from sample `start` on (may be negative), cut to what fits."""
    first = max(0, -start)
    last = min(piece.size, out.size - start)
    if last > first:
        out[start + first : start + last] += piece[first:last]


def unit(signal: Floats) -> Floats:
    """`signal` at RMS 1 (unchanged where it is nothing)."""
    rms = float(np.sqrt(np.mean(np.square(signal)))) if signal.size else 0.0
    return signal if rms < 1e-9 else signal / np.float32(rms)


def peaked(signal: Floats) -> Floats:
    """`signal` with its highest peak at 1 (unchanged where it is nothing)."""
    top = float(np.max(np.abs(signal))) if signal.size else 0.0
    return signal if top < 1e-9 else signal / np.float32(top)


def db(value: float) -> float:
    """Decibels to amplitude."""
    return float(10 ** (value / 20))
