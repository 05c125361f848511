"""Music: a key, a tempo, chords, a tune, a bass and drums, played on invented instruments."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from s2s_live.world.sounds_dsp import (
    SAMPLE_RATE,
    Floats,
    Take,
    band,
    below_nyquist,
    convolved,
    db,
    decay,
    filtered,
    floats,
    harmonics,
    peaked,
    place,
    samples_of,
    sine,
    tone,
    unit,
)

_SCALES = (
    (0, 2, 4, 5, 7, 9, 11),
    (0, 2, 3, 5, 7, 8, 10),
    (0, 2, 4, 7, 9),
    (0, 3, 5, 7, 10),
    (0, 2, 3, 5, 7, 9, 10),
)
_PROGRESSIONS = ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 4, 0), (0, 0, 3, 4), (5, 3, 0, 4), (0, 2, 3, 4))
Instrument = Callable[[float, float], Floats]
"""A note from its pitch (Hz) and length (s)."""


def _envelope(n: int, attack: float, release: float) -> Floats:
    t = np.arange(n, dtype=np.float32) / SAMPLE_RATE
    ends = n / SAMPLE_RATE
    return floats(np.minimum(1, t / attack) * np.minimum(1, (ends - t) / release))


def _plucked(take: Take) -> Instrument:
    """Strings struck or plucked: bright at first, the high partials gone first."""
    tilt, tau0 = take.between(0.8, 1.8), take.octaves(0.25, 1.6)
    stretch, comb = take.between(0, 0.0006), take.between(0.08, 0.5)

    def note(pitch: float, seconds: float) -> Floats:
        n = samples_of(min(3 * tau0, seconds * 2))
        count = below_nyquist(pitch, 14)
        order = np.arange(1, count + 1)
        amps = order**-tilt * np.abs(np.sin(np.pi * order * comb) + 0.05)
        if stretch < 0.0002:
            bright = harmonics(tone(pitch, n), floats(amps)) * decay(n, tau0 * 0.35)
            return floats((bright + harmonics(tone(pitch, n), floats(amps[:2])) * decay(n, tau0)) * 0.6)
        out = np.zeros(n, dtype=np.float32)
        for k, amp in zip(order[:7], amps[:7], strict=True):
            out += (
                np.float32(amp) * sine(tone(pitch * k * (1 + stretch * k * k), n)) * decay(n, tau0 / k**0.7)
            )
        return floats(out * np.minimum(1, np.arange(n) / 40))

    return note


def _held(take: Take) -> Instrument:
    """Organ, strings or a reed: a steady tone, with vibrato and chorus."""
    tilt, vibrato = take.between(0.6, 2.2), take.between(0, 0.012)
    odd, attack = take.chance(0.3), take.octaves(0.01, 0.25)
    rate = take.between(4, 6.5)

    def note(pitch: float, seconds: float) -> Floats:
        n = samples_of(seconds * 1.1)
        order = np.arange(1, below_nyquist(pitch * 1.02, 24) + 1)
        amps = floats(order**-tilt * np.where(odd & (order % 2 == 0), 0.1, 1.0))
        t = np.arange(n, dtype=np.float32) / SAMPLE_RATE
        freq = pitch * (1 + vibrato * np.sin(2 * np.pi * rate * t) * np.minimum(1, 3 * t))
        sound = harmonics(tone(floats(freq), n), amps) + harmonics(tone(floats(freq * 1.004), n), amps)
        return floats(sound * _envelope(n, min(attack, seconds / 2), min(0.08, seconds / 2)))

    return note


def _chimed(take: Take) -> Instrument:
    """Two sines, one bending the other: electric piano, marimba, synthetic brass."""
    ratio, depth = float(take.rng.choice([1.0, 2.0, 3.0, 4.0])), take.octaves(0.15, 1.2)
    tau = take.octaves(0.2, 1.5)

    def note(pitch: float, seconds: float) -> Floats:
        n = samples_of(min(4 * tau, seconds * 2))
        bend = sine(tone(pitch * ratio, n)) * decay(n, tau * 0.5)
        return floats(sine(tone(pitch, n) + np.float32(depth / 6.28) * bend) * decay(n, tau))

    return note


def _kit(take: Take) -> dict[str, Floats]:
    """Kick, snare and hat."""
    n = samples_of(0.22)
    t = np.arange(n, dtype=np.float32) / SAMPLE_RATE
    fall = take.between(45, 65) + take.between(60, 160) * np.exp(-t / 0.03)
    kick = sine(tone(floats(fall), n)) * decay(n, take.between(0.06, 0.16))
    m = samples_of(0.2)
    rattle = filtered(take.white(m), band(take.octaves(300, 1200), 7000)) * decay(m, take.between(0.03, 0.09))
    snare = peaked(rattle) + sine(tone(take.between(160, 230), m)) * decay(m, 0.05)
    h = samples_of(0.1)
    hat = filtered(take.white(h), band(5000, 7900, 3, 1)) * decay(h, take.octaves(0.01, 0.05))
    return {"kick": kick, "snare": peaked(snare), "hat": peaked(hat)}


def _drums(take: Take, out: Floats, beat: float, start: float) -> None:
    """A simple pattern laid over `out`."""
    kit = _kit(take)
    swing = take.between(0, 0.12)
    step = 0
    position = start
    while position < out.size / SAMPLE_RATE:
        at = int((position + (swing * beat / 2 if step % 2 else 0)) * SAMPLE_RATE)
        if step % 8 in (0, 4) or take.chance(0.1):
            place(out, at, kit["kick"] * np.float32(0.9))
        if step % 8 in (2, 6):
            place(out, at, kit["snare"] * np.float32(0.6))
        if take.chance(0.8):
            place(out, at, kit["hat"] * np.float32(take.between(0.1, 0.3)))
        position += beat / 2
        step += 1


class _Song:
    """Key, scale, tempo and the instruments of one piece."""

    def __init__(self, take: Take) -> None:
        self.take = take
        self.root = take.octaves(110, 220)
        self.scale = _SCALES[int(take.rng.integers(len(_SCALES)))]
        self.beat = 60 / take.octaves(66, 160)
        self.start = -take.between(0, 4) * self.beat
        self.chords = _PROGRESSIONS[int(take.rng.integers(len(_PROGRESSIONS)))]
        self.first = int(take.rng.integers(4))

    def pitch(self, degree: int) -> float:
        """Hz of a step of the scale, counted from the root."""
        size = len(self.scale)
        return float(self.root * 2 ** (self.scale[degree % size] / 12 + degree // size))

    def instrument(self) -> Instrument:
        """One of the kinds, tuned by chance."""
        kinds = (_plucked, _held, _chimed)
        return kinds[int(self.take.rng.integers(3))](self.take)

    def accompany(self, out: Floats, loud: float) -> None:
        """Chords, struck together or broken."""
        play, broken = self.instrument(), self.take.chance(0.5)
        length = self.beat * (4 if not broken else 0.5)
        spots = np.arange(self.start, out.size / SAMPLE_RATE, length)
        for index, spot in enumerate(spots):
            bar = int((spot - self.start) / (4 * self.beat))
            chord = self.chords[(self.first + bar) % 4]
            notes = [chord + 2 * (index % 4)] if broken else [chord, chord + 2, chord + 4]
            for degree in notes:
                place(out, int(spot * SAMPLE_RATE), play(self.pitch(degree), length) * np.float32(loud))

    def tune(self, out: Floats, loud: float) -> None:
        """A melody that walks by small steps."""
        play = self.instrument()
        degree = int(self.take.rng.integers(5, 12))
        spot = self.start
        while spot < out.size / SAMPLE_RATE:
            length = self.beat * float(self.take.rng.choice([0.5, 0.5, 1.0, 1.0, 2.0]))
            if self.take.chance(0.85):
                place(out, int(spot * SAMPLE_RATE), play(self.pitch(degree), length) * np.float32(loud))
            degree = int(np.clip(degree + self.take.rng.integers(-2, 3), 3, 15))
            spot += length

    def bass(self, out: Floats, loud: float) -> None:
        """Roots, an octave down."""
        play = _held(self.take) if self.take.chance(0.5) else _plucked(self.take)
        for spot in np.arange(self.start, out.size / SAMPLE_RATE, self.beat):
            bar = int((spot - self.start) / (4 * self.beat))
            pitch = self.pitch(self.chords[(self.first + bar) % 4]) / 2
            place(out, int(spot * SAMPLE_RATE), play(pitch, self.beat * 0.9) * np.float32(loud))


def music(take: Take) -> Floats:
    """A passage of music: any of chords, tune, bass and drums, at least one with a pitch."""
    out = np.zeros(take.n, dtype=np.float32)
    song = _Song(take)
    parts = take.rng.random(4) < (0.75, 0.65, 0.5, 0.5)
    if not parts[:2].any():
        parts[int(take.rng.integers(2))] = True
    if parts[0]:
        song.accompany(out, take.between(0.25, 0.6))
    if parts[1]:
        song.tune(out, take.between(0.5, 1.0))
    if parts[2]:
        song.bass(out, take.between(0.4, 0.9))
    out = unit(out)
    if parts[3]:
        rhythm = np.zeros(take.n, dtype=np.float32)
        _drums(take, rhythm, song.beat, song.start)
        out += rhythm * np.float32(take.between(0.8, 3.0))
    if take.chance(0.5):
        n = samples_of(take.octaves(0.3, 1.5))
        tail = convolved(out, take.white(n) * decay(n, n / SAMPLE_RATE / 6))
        out += unit(tail) * np.float32(take.between(0.05, 0.35))
    return floats(unit(out) + take.white() * np.float32(db(take.between(-66, -40))))
