"""Birds, insects of the night, dogs and cocks."""

from __future__ import annotations

import numpy as np

from s2s_live.world.sounds_dsp import (
    SAMPLE_RATE,
    Floats,
    Take,
    band,
    below_nyquist,
    db,
    decay,
    filtered,
    floats,
    formant_gains,
    frames_of,
    harmonics,
    hump,
    morph,
    noise,
    peaked,
    place,
    samples_of,
    sine,
    steady,
    tilted,
    times,
    tone,
    unit,
    wander,
)


def _note(take: Take, seconds: float, start: float, end: float, bend: float) -> Floats:
    """One whistle from `start` to `end` Hz through a bow of `bend`, with a faint second harmonic."""
    n = samples_of(seconds)
    x = np.linspace(0, 1, n, dtype=np.float32)
    freq = np.clip(start + (end - start) * x + bend * np.sin(np.pi * x), 700, 7600)
    if take.chance(0.3):
        freq = freq * (1 + take.between(0.01, 0.06) * np.sin(2 * np.pi * take.octaves(15, 60) * x * seconds))
    turns = tone(floats(freq), n)
    sound = sine(turns) + np.float32(take.between(0, 0.25)) * sine(2 * turns) * (freq < 3800)
    return floats(sound * hump(n, take.between(0.05, 0.4), take.between(0.2, 0.6)))


def _phrase(take: Take) -> Floats:
    """A bird's phrase: a few motifs of its own, repeated as trill, warble or single calls."""
    base = take.octaves(1900, 5200)
    length = take.octaves(0.03, 0.22)
    motifs = []
    for _ in range(int(take.rng.integers(1, 4))):
        wide = take.between(0.03, 0.5)
        motifs.append(
            _note(
                take,
                length * take.octaves(0.6, 1.6),
                base * (1 + wide * take.between(-1, 1)),
                base * (1 + wide * take.between(-1, 1)),
                base * wide * take.between(-0.7, 0.7),
            )
        )
    gap = samples_of(length * take.octaves(0.15, 1.5))
    repeats = int(take.rng.integers(1, 5)) if length > 0.1 else int(take.rng.integers(3, 14))
    pieces: list[Floats] = []
    for index in range(repeats):
        pieces += [motifs[index % len(motifs)], np.zeros(gap, dtype=np.float32)]
    return np.concatenate(pieces)


def _crow_call(take: Take) -> Floats:
    """A harsh caw or a soft coo: birds are not only whistles."""
    if take.chance(0.5):
        n = samples_of(take.octaves(0.2, 0.45))
        f0 = take.octaves(300, 650) * (1 + 0.15 * np.sin(np.pi * np.linspace(0, 1, n)))
        rough = 1 + 0.8 * take.rng.standard_normal(n).astype(np.float32) * 0.4
        amps = floats(np.arange(1, 1 + below_nyquist(800, 12)) ** -0.3)
        sound = harmonics(tone(floats(f0), n), amps) * rough
        return unit(filtered(sound, band(900, 3000))) * hump(n, 0.1, 0.4) * np.float32(0.7)
    n = samples_of(take.octaves(0.25, 0.7))
    f0 = take.octaves(380, 700) * (1 + 0.05 * np.sin(np.pi * np.linspace(0, 1, n)))
    return floats(sine(tone(floats(f0), n)) * hump(n, 0.3, 0.4))


def birds(take: Take) -> Floats:
    """Near and far birds, each with its own song, over a breath of open air."""
    out = np.zeros(take.n, dtype=np.float32)
    singers = int(np.clip(round(take.rise(1, 6)), 1, 7))
    for singer in range(singers):
        song = _crow_call(take) if take.chance(0.12) else _phrase(take)
        loud = 1.0 if singer == 0 else db(take.between(-24, -3))
        pause = samples_of(take.octaves(0.15, 1.5 if singer == 0 else 3.0))
        position = int(take.between(-0.5 * song.size, 0.4 * take.n))
        while position < take.n:
            place(out, position, song * np.float32(loud * take.between(0.6, 1)))
            position += song.size + int(pause * take.between(0.6, 1.4))
    air = noise(take, times(band(60, take.octaves(1500, 7000)), tilted(take.between(-6, -1))))
    return floats(peaked(out) + air * np.float32(db(take.between(-60, -16))))


def _cricket(take: Take) -> Floats:
    """Chirps of a few pulses each at a clear pitch, or an unbroken trill."""
    pitch = take.octaves(2300, 5600)
    pulse_rate = take.octaves(22, 70)
    t = np.arange(take.n, dtype=np.float32) / SAMPLE_RATE
    pulses = np.maximum(0, np.sin(2 * np.pi * (pulse_rate * t + take.between(0, 1)))) ** take.between(0.6, 2)
    if take.chance(0.65):
        chirp_rate = take.octaves(0.9, 4.5)
        turn = (t * chirp_rate + take.between(0, 1)) % 1.0
        pulses = pulses * (turn < take.between(0.2, 0.6))
    carrier = sine(tone(pitch * (1 + 0.002 * wander(take, 3)), take.n))
    return floats(carrier * pulses * (1 + 0.1 * wander(take, 2)))


def _cicada(take: Take) -> Floats:
    """A band of buzzing high noise, beating fast."""
    low = take.octaves(2800, 5200)
    t = np.arange(take.n, dtype=np.float32) / SAMPLE_RATE
    beat = 1 + take.between(0.2, 0.9) * np.sin(2 * np.pi * (take.octaves(25, 180) * t + take.between(0, 1)))
    slow = 1 + take.between(0, 0.5) * wander(take, take.octaves(0.5, 4))
    return floats(noise(take, band(low, low * take.between(1.1, 1.5), 6, 6)) * beat * slow)


def _frogs(take: Take) -> Floats:
    """Croaks: pulses through two low resonances."""
    out = np.zeros(take.n, dtype=np.float32)
    n = samples_of(take.octaves(0.08, 0.35))
    rate = take.octaves(35, 110)
    amps = floats(np.arange(1, 1 + below_nyquist(rate, 60)) ** -0.2)
    centre = take.octaves(500, 1800)
    croak = filtered(harmonics(tone(rate, n), amps), band(centre * 0.8, centre * 1.3, 4, 4))
    croak = peaked(croak) * hump(n, 0.2, 0.4)
    for start in steady(take, take.octaves(0.3, 1.2), 0.2):
        place(out, int(start), croak * np.float32(take.between(0.4, 1)))
    return out


def night_insects(take: Take) -> Floats:
    """Crickets, cicadas and now and then a frog in the dark."""
    out = np.zeros(take.n, dtype=np.float32)
    count = int(np.clip(round(take.rise(1, 5)), 1, 5))
    for index in range(count):
        voice = _cricket(take) if take.chance(0.68) else _cicada(take)
        out += unit(voice) * np.float32(1.0 if index == 0 else db(take.between(-18, 0)))
    if take.chance(0.15):
        out += unit(_frogs(take)) * np.float32(db(take.between(-16, -3)))
    air = noise(take, times(band(40, take.octaves(800, 6000)), tilted(-4)))
    return floats(unit(out) + air * np.float32(db(take.between(-40, -10))))


def _bark(take: Take, size: float, rough: float) -> Floats:
    """One bark: a voiced burst through a throat of this `size` (1 = middling), with noise on top."""
    n = samples_of(take.between(0.09, 0.26) * size**0.3)
    x = np.linspace(0, 1, n, dtype=np.float32)
    top = take.between(430, 760) / size
    f0 = top * (0.62 + 0.45 * np.sin(np.pi * np.minimum(1, x * take.between(1.0, 1.5))))
    amps = floats(np.arange(1, 1 + below_nyquist(top * 1.1, 30)) ** -take.between(0.3, 1.0))
    jitter = 1 + 0.02 * take.rng.standard_normal(n).cumsum().astype(np.float32) / np.sqrt(n)
    source = harmonics(tone(floats(f0 * jitter), n), amps, floats(take.rng.random(amps.size) * 0.3))
    source = unit(source) + take.white(n) * np.float32(rough)
    mouth = np.sin(np.pi * np.linspace(0, 1, frames_of(n)))
    scale = size**-0.6
    tracks = (
        np.stack([500 + 550 * mouth, 1300 + 500 * mouth, 2900 + 0 * mouth, 4200 + 0 * mouth], axis=1) * scale
    )
    shaped = morph(
        source,
        formant_gains(
            floats(tracks),
            (220, 320, 500, 900),
            (1.0, take.octaves(0.2, 0.9), take.octaves(0.05, 0.4), 0.08),
            0.015,
        ),
    )
    return peaked(shaped * hump(n, 0.08, 0.55))


def _growl(take: Take, size: float) -> Floats:
    """A low rattle between the teeth."""
    n = samples_of(take.octaves(0.4, 1.5))
    freq = take.between(45, 95) * (1 + 0.06 * wander(take, 8, n))
    source = harmonics(tone(freq, n), floats(np.arange(1, 60) ** -0.35)) * (1 + 0.4 * wander(take, 25, n))
    curve = band(250 / size, 1800 / size, 1.5, 2.0)
    return peaked(filtered(unit(source) + take.white(n) * np.float32(0.2), curve) * hump(n, 0.2, 0.3))


def dog(take: Take) -> Floats:
    """Barks in groups, from small dogs and large; sometimes a growl, a whine or a howl."""
    out = np.zeros(take.n, dtype=np.float32)
    size = take.octaves(0.55, 1.8)
    rough = take.octaves(0.05, 1.2)
    position = int(take.between(-0.05, 0.3) * SAMPLE_RATE)
    while position < take.n:
        group = int(take.rng.integers(1, 4))
        for _ in range(group):
            bark = _bark(take, size * take.between(0.94, 1.06), rough) * np.float32(take.between(0.6, 1))
            place(out, position, bark)
            position += bark.size + samples_of(take.octaves(0.06, 0.35))
        position += samples_of(take.octaves(0.15, 1.2))
    if take.chance(0.15):
        place(
            out, int(take.between(0, 0.4) * take.n), _growl(take, size) * np.float32(take.between(0.3, 1.2))
        )
    if take.chance(0.12):
        n = samples_of(take.octaves(0.5, 1.6))
        pitch = take.between(380, 900) * (1 + 0.25 * np.sin(np.pi * np.linspace(0, 1, n)))
        howl = harmonics(tone(floats(pitch), n), floats([1, 0.5, 0.2, 0.1, 0.04])) * hump(n, 0.2, 0.4)
        place(out, int(take.between(0, 0.4) * take.n), peaked(howl) * np.float32(take.between(0.4, 1)))
    air = noise(take, times(band(50, take.octaves(500, 5000)), tilted(-4)))
    return floats(out + air * np.float32(db(take.between(-90, -34))))


def _crow(take: Take) -> Floats:
    """Cock-a-doodle-doo: three short notes and one long that soars and falls."""
    pitch = take.octaves(430, 760)
    lengths = np.array([0.16, 0.13, 0.24, 0.95]) * take.between(0.8, 1.25)
    levels = np.array([0.82, 1.0, 1.12, 1.25]) * take.rng.uniform(0.93, 1.07, 4)
    pieces: list[Floats] = []
    for index, (length, level) in enumerate(zip(lengths, levels, strict=True)):
        n = samples_of(float(length))
        x = np.linspace(0, 1, n, dtype=np.float32)
        bow = (
            0.75 + 0.3 * np.sin(np.pi * x**0.7)
            if index < 3
            else 0.85 + 0.25 * np.sin(np.pi * x**0.6) - 0.15 * x
        )
        freq = pitch * level * bow
        amps = floats(np.arange(1, 1 + below_nyquist(pitch * 1.5, 12)) ** -take.between(0.1, 0.9))
        rough = 1 + np.float32(take.between(0.02, 0.3)) * take.white(n)
        note = harmonics(tone(floats(freq), n), amps, floats(take.rng.random(amps.size))) * rough
        pieces.append(floats(unit(note) * hump(n, 0.12, 0.3 if index < 3 else 0.5) * (0.6 + 0.15 * index)))
        pieces.append(np.zeros(samples_of(take.octaves(0.008, 0.06)), dtype=np.float32))
    curve = band(take.octaves(500, 900), take.octaves(2200, 4500), 1.2, 1.5)
    return peaked(filtered(np.concatenate(pieces), curve))


def rooster(take: Take) -> Floats:
    """A cock's crow, in a yard where a hen may cluck."""
    out = np.zeros(take.n, dtype=np.float32)
    call = _crow(take)
    place(out, int(take.between(-0.55, 0.25) * call.size), call)
    place(out, int(take.between(0.9, 1.6) * call.size), _crow(take))
    if take.chance(0.35):
        for _ in range(int(take.rng.integers(1, 5))):
            n = samples_of(take.between(0.04, 0.14))
            cluck = harmonics(tone(take.octaves(350, 700), n), floats([0.6, 1, 0.7, 0.5, 0.3])) * decay(
                n, 0.03
            )
            place(out, int(take.between(0, 1) * take.n), peaked(cluck) * np.float32(take.between(0.1, 0.5)))
    air = noise(take, times(band(50, take.octaves(800, 6000)), tilted(-4)))
    return floats(out + air * np.float32(db(take.between(-85, -28))))
