"""Voices, babies and crowds."""

from __future__ import annotations

import numpy as np

from s2s_live.world.sounds_dsp import (
    SAMPLE_RATE,
    Floats,
    Take,
    arrivals,
    band,
    below_nyquist,
    convolved,
    db,
    decay,
    filtered,
    floats,
    formant_gains,
    frame_seconds,
    harmonics,
    hump,
    impulses,
    morph,
    noise,
    peaked,
    place,
    samples_of,
    sine,
    tilted,
    times,
    tone,
    unit,
    wander,
)

# First three formants of ten vowels of an adult voice, Hz.
_VOWELS = np.array(
    [
        [270, 2290, 3010], [390, 1990, 2550], [530, 1840, 2480], [660, 1720, 2410], [730, 1090, 2440],
        [570, 840, 2410], [440, 1020, 2240], [300, 870, 2240], [640, 1190, 2390], [490, 1350, 1690],
    ]
)  # fmt: skip


def _curve(seconds: Floats, moments: list[float], values: list[float], smooth: float) -> Floats:
    """Values held from moment to moment, joined by straight glides of `smooth` seconds."""
    x: list[float] = []
    y: list[float] = []
    for index, moment in enumerate(moments):
        end = moments[index + 1] - smooth if index + 1 < len(moments) else moment + 1
        x += [moment, max(moment, end)]
        y += [values[index], values[index]]
    return floats(np.interp(seconds, x, y))


def _glottis(take: Take, f0: Floats, breath: float, tilt: float) -> Floats:
    """The buzz of vocal folds at `f0` Hz `[n]`, with breath in it."""
    count = below_nyquist(float(f0.max()), 70)
    shaky = f0 * (1 + 0.006 * wander(take, 25, f0.size))
    amps = floats(np.arange(1, count + 1) ** -tilt)
    buzz = harmonics(tone(floats(shaky), f0.size), amps, floats(0.1 * np.arange(count) / count))
    return unit(buzz) + np.float32(breath) * take.white(f0.size)


def speech(take: Take) -> Floats:
    """Syllables of one speaker: gliding vowels, fricatives, closures, pauses, an intonation that falls."""
    seconds = take.n / SAMPLE_RATE
    t = np.arange(take.n, dtype=np.float32) / SAMPLE_RATE
    columns = frame_seconds(take.n)
    pitch = take.octaves(78, 270)
    scale = float(np.interp(pitch, [78, 270], [0.92, 1.2])) * take.between(0.93, 1.07)
    voiced = np.zeros(take.n, dtype=np.float32)
    hiss = np.zeros(take.n, dtype=np.float32)
    moments: list[float] = [-0.2]
    vowels = [_VOWELS[int(take.rng.integers(len(_VOWELS)))]]
    position = take.between(-0.3, 0.1)
    pace = take.octaves(0.11, 0.26)
    while position < seconds:
        length = pace * take.octaves(0.6, 1.7)
        n = samples_of(length)
        place(voiced, int(position * SAMPLE_RATE), hump(n, 0.15, 0.35) * np.float32(take.between(0.5, 1)))
        moments.append(position)
        vowels.append(_VOWELS[int(take.rng.integers(len(_VOWELS)))] * take.between(0.9, 1.1))
        if take.chance(0.45):
            burst = samples_of(take.octaves(0.02, 0.12))
            low = take.octaves(1200, 5000)
            rush = unit(filtered(take.white(burst), band(low, 7800, 2, 1))) * hump(burst, 0.3, 0.3)
            place(hiss, int((position - 0.06) * SAMPLE_RATE), rush * np.float32(take.octaves(0.05, 0.5)))
        position += length * take.between(0.85, 1.1) + (take.between(0.1, 0.5) if take.chance(0.12) else 0.0)
    tracks = np.stack(
        [_curve(columns, moments, [float(v[k]) * scale for v in vowels], 0.07) for k in range(3)]
        + [np.full_like(columns, 3500 * scale), np.full_like(columns, 4600 * scale)],
        axis=1,
    )
    melody = pitch * np.exp(0.12 * wander(take, 2.2) - 0.08 * (t / max(seconds, 1) % 1.0))
    source = _glottis(take, floats(melody), take.between(0.02, 0.25), take.between(0.9, 1.6)) * voiced
    gains = formant_gains(floats(tracks), (80, 110, 160, 250, 350), (1.0, 0.6, 0.35, 0.25, 0.15), 0.004)
    return floats(unit(morph(source, gains)) + hiss)


def _bursts(take: Take) -> Floats:
    """A sneeze, a cough or laughter: pushes of breath through the throat."""
    out = np.zeros(take.n, dtype=np.float32)
    columns = frame_seconds(take.n)
    kind = take.rng.random()
    count, gap = (1, 1.0) if kind < 0.45 else (int(take.rng.integers(2, 7)), take.octaves(0.16, 0.4))
    pitch = take.octaves(120, 420)
    position = take.between(-0.05, 0.35)
    if kind < 0.45:
        n = samples_of(take.between(0.2, 0.6))
        gasp = unit(filtered(take.white(n), band(500, 3500))) * hump(n, 0.7, 0.1)
        place(
            out, int((position - n / SAMPLE_RATE) * SAMPLE_RATE), gasp * np.float32(take.between(0.02, 0.2))
        )
    for _ in range(count):
        n = samples_of(take.octaves(0.1, 0.4) if count == 1 else gap * take.between(0.4, 0.8))
        freq = pitch * np.linspace(take.between(1.0, 1.4), take.between(0.6, 1), n)
        push = _glottis(take, floats(freq), take.octaves(0.3, 3.0), 0.9) * hump(n, 0.06, 0.7)
        place(out, int(position * SAMPLE_RATE), floats(push * take.between(0.6, 1)))
        position += gap
    vowel = _VOWELS[int(take.rng.integers(len(_VOWELS)))] * take.between(0.9, 1.25)
    tracks = np.ones((columns.size, 1)) * np.concatenate([vowel, [3600, 5200]])
    gains = formant_gains(floats(tracks), (200, 260, 400, 700, 1500), (1, 0.8, 0.6, 0.5, 0.5), 0.08)
    return morph(out, gains)


def voice(take: Take) -> Floats:
    """One person: speech, or a sneeze, a cough, a laugh."""
    body = speech(take) if take.chance(0.76) else _bursts(take)
    room = noise(take, times(band(50, take.octaves(600, 5000)), tilted(take.between(-6, -1))))
    return floats(peaked(body) + room * np.float32(db(take.between(-92, -34))))


def baby(take: Take) -> Floats:
    """Cries: high rich glides, a second or so each, with gasps between; hoarse when loud."""
    out = np.zeros(take.n, dtype=np.float32)
    pitch = take.octaves(310, 620)
    position = take.between(-0.6, 0.25)
    while position < take.n / SAMPLE_RATE:
        n = samples_of(take.octaves(0.35, 1.4))
        x = np.linspace(0, 1, n, dtype=np.float32)
        bow = 0.82 + take.between(0.1, 0.3) * np.sin(np.pi * x ** take.between(0.5, 1.0))
        freq = pitch * take.between(0.9, 1.12) * bow * (1 + 0.012 * wander(take, 7, n))
        freq *= 1 + 0.015 * np.sin(2 * np.pi * take.between(5, 9) * x * n / SAMPLE_RATE)
        cry = _glottis(take, floats(freq), take.octaves(0.02, 0.25), take.between(0.25, 0.9))
        if take.chance(0.2 + 0.4 * take.intensity):
            cry = cry * (1 + 0.5 * sine(tone(floats(freq / 2), n)) + 0.3 * wander(take, 60, n))
        place(out, int(position * SAMPLE_RATE), floats(cry * hump(n, 0.15, 0.3) * take.between(0.7, 1)))
        position += n / SAMPLE_RATE
        gasp = samples_of(take.between(0.1, 0.35))
        breath = unit(filtered(take.white(gasp), band(900, 5000))) * hump(gasp, 0.4, 0.3)
        place(out, int((position + 0.05) * SAMPLE_RATE), breath * np.float32(take.octaves(0.02, 0.2)))
        position += take.octaves(0.15, 0.7)
    mouth = frame_seconds(take.n)[:, None] * 0 + np.array([1050, 1900, 3300, 5200]) * take.between(0.85, 1.25)
    gains = formant_gains(floats(mouth), (350, 500, 700, 1200), (1.0, 0.8, 0.7, 0.4), 0.12)
    room = noise(take, times(band(50, take.octaves(600, 5000)), tilted(-3)))
    return floats(peaked(morph(out, gains)) + room * np.float32(db(take.between(-90, -34))))


def _reverberant(take: Take, signal: Floats, seconds: float) -> Floats:
    """`signal` in a room whose sound dies in so many seconds."""
    n = samples_of(seconds)
    tail = filtered(take.white(n) * decay(n, seconds / 6), band(100, take.octaves(1800, 6000), 1, 1))
    return unit(convolved(signal, tail))


def _applause(take: Take) -> Floats:
    """Hands by the hundred, and perhaps a cheer."""
    out = np.zeros(take.n, dtype=np.float32)
    for _ in range(5):
        where = arrivals(take, take.rise(8, 160))
        tau = take.octaves(0.002, 0.008)
        n = samples_of(6 * tau)
        clap = filtered(
            take.white(n) * decay(n, tau), band(take.octaves(500, 1100), take.octaves(1500, 4000), 2, 2)
        )
        out += convolved(impulses(take.n, where, floats(take.rng.uniform(0.2, 1, where.size))), unit(clap))
    return out


def crowd(take: Take) -> Floats:
    """Many people at once: a babble that no word comes out of, clinking, laughter, applause or a cheer."""
    kind = take.rng.random()
    if kind < 0.18:
        # Hands alone, by the hundred, would be rain.
        out = unit(_applause(take)) + np.float32(take.between(0.2, 0.8)) * unit(speech(take))
    else:
        out = np.zeros(take.n, dtype=np.float32)
        for _ in range(2):
            talk = unit(speech(take))
            for _ in range(int(take.rise(2, 9))):
                shift = int(take.rng.integers(take.n))
                out += np.roll(talk, shift)[:: take.rng.choice([1, -1])] * np.float32(
                    db(take.between(-12, 0))
                )
        out = unit(out)
    if kind > 0.82:
        cheer = _glottis(take, floats(take.octaves(250, 500) * (1 + 0.2 * wander(take, 2))), 3.0, 0.5)
        out += unit(filtered(cheer, band(500, 2500, 1.5, 1.5))) * np.float32(take.between(0.5, 1.5))
    out = unit(filtered(out, tilted(take.between(-5, 0), 250)))
    out = out + np.float32(take.between(0.3, 1.6)) * _reverberant(take, out, take.between(0.25, 1.2))
    if take.chance(0.35):
        n = samples_of(0.08)
        clink = sine(tone(take.octaves(2200, 6500), n)) * decay(n, 0.015)
        for start in arrivals(take, 2.0):
            place(out, int(start), clink * np.float32(take.between(0.3, 2)))
    hum = noise(take, times(band(60, take.octaves(300, 1200)), tilted(-4)))
    return floats(out + hum * np.float32(take.between(0.05, 0.5)))
