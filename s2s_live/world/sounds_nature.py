"""Weather, water, wind, fire and the quiet of a room."""

from __future__ import annotations

import numpy as np

from s2s_live.world.sounds_dsp import (
    BINS,
    SAMPLE_RATE,
    Floats,
    Take,
    arrivals,
    band,
    convolved,
    db,
    decay,
    filtered,
    floats,
    frame_seconds,
    impulses,
    morph,
    noise,
    peaks,
    place,
    ring,
    samples_of,
    sine,
    tilted,
    times,
    tone,
    unit,
    wander,
)


def _drops(take: Take, rate: float, low: float, high: float, kinds: int = 5) -> Floats:
    """Many short damped rings of a few pitches: water or wood struck again and again."""
    out = np.zeros(take.n, dtype=np.float32)
    for _ in range(kinds):
        where = arrivals(take, rate / kinds)
        strength = floats(take.rng.lognormal(0.0, 0.9, where.size) * take.rng.choice([-1, 1], where.size))
        tau = take.octaves(0.0008, 0.006)
        kernel = ring(take.octaves(low, high), tau, 6 * tau)
        # Mostly click: a pitch that every drop shared would be heard as a tone.
        kernel += np.float32(take.between(0.6, 2.5)) * take.white(kernel.size) * decay(kernel.size, tau * 0.4)
        out += convolved(impulses(take.n, where, strength), kernel)
    return out


def rain(take: Take) -> Floats:
    """Hiss of far drops, single near drops whose number grows with the intensity, now and then a gutter."""
    surface = times(
        band(take.octaves(120, 900), take.octaves(3500, 9000), 1.0, 1.2), tilted(take.between(-3.5, 2.0))
    )
    wash = noise(take, surface) * (1 + 0.08 * wander(take, 1.5))
    near = unit(_drops(take, take.rise(25, 900), 900, 6500))
    blend = take.between(0.1, 0.75) * (1.15 - 0.5 * take.intensity)
    out = wash + np.float32(blend) * near
    if take.chance(0.35):
        out += np.float32(take.between(0.1, 0.5)) * unit(_drops(take, take.octaves(3, 14), 250, 900, 2))
    if take.chance(0.3):
        out += np.float32(take.between(0.1, 0.5)) * noise(take, band(40, take.octaves(120, 400)))
    return floats(out)


def _thunder(take: Take) -> Floats:
    """One clap: several arrivals of low noise, the near ones with a crack, and a long roll."""
    n = take.n
    out = np.zeros(n, dtype=np.float32)
    start = int(take.between(-0.8, 0.5) * n)
    roll = noise(take, band(20, take.octaves(90, 300), 1.0, 1.5))
    shape = np.zeros(n, dtype=np.float32)
    for _ in range(int(take.rng.integers(2, 6))):
        length = samples_of(take.octaves(0.5, 3.0))
        piece = decay(length, length / SAMPLE_RATE / 3) * np.minimum(
            1, np.arange(length, dtype=np.float32) / (SAMPLE_RATE * take.octaves(0.01, 0.15))
        )
        place(shape, start + int(take.between(0, 0.6) * n), floats(piece * take.between(0.3, 1)))
    out += roll * (shape + 0.15)
    if take.chance(0.35 + 0.3 * take.intensity):
        crack = noise(take, times(band(80, take.octaves(1200, 5000)), tilted(-4)))
        sharp = np.zeros(n, dtype=np.float32)
        length = samples_of(take.octaves(0.1, 0.6))
        place(sharp, max(start, int(take.between(0, 0.5) * n)), decay(length, length / SAMPLE_RATE / 4))
        out += crack * sharp * np.float32(take.between(0.5, 1.5)) * (1 + 0.4 * wander(take, 20))
    return out


def storm(take: Take) -> Floats:
    """Thunder over rain and gusts."""
    out = unit(_thunder(take)) * np.float32(take.between(0.9, 2.2))
    out += rain(take) * np.float32(take.between(0.15, 0.6))
    if take.chance(0.6):
        out += unit(wind(take)) * np.float32(take.between(0.1, 0.5))
    return floats(out)


def _swept(take: Take, cutoff: Floats, steep: float, floor: float, slope: float) -> Floats:
    """White noise below a cutoff `[frames]` in Hz that moves."""
    freq = np.maximum(BINS, 20.0)[None, :]
    gains = (freq / 500.0) ** (slope / 6.02) / np.sqrt(1 + (freq / cutoff[:, None]) ** (2 * steep))
    gains *= 1 / np.sqrt(1 + (floor / freq) ** 4)
    return morph(take.white(), floats(gains))


def sea(take: Take) -> Floats:
    """Waves: a low roar that opens into a bright wash, breaks in spray and runs out in foam."""
    t = frame_seconds(take.n)
    period = take.octaves(2.5, 12.0)
    phase = take.between(0, 1) + t / period
    swell = np.zeros_like(t)
    for offset, strength in ((0.0, 1.0), (take.between(0.3, 0.7), take.between(0.2, 0.8))):
        turn = (phase + offset) % 1.0
        top = take.between(0.08, 0.3)
        rise = np.sin(np.pi * np.minimum(turn / top, 1.0) / 2.0) ** 2
        swell += strength * np.where(turn < top, rise, np.exp(-(turn - top) * take.between(2.5, 6.0)))
    swell = swell / 1.3
    cutoff = take.rise(700, 3200) * (1 + take.between(0.8, 4.0) * swell)
    body = _swept(
        take, floats(cutoff), take.between(0.8, 1.8), take.octaves(60, 500), take.between(-6.0, -0.5)
    )
    depth = take.between(0.35, 0.98)
    steep = take.between(1.0, 2.2)
    level = np.interp(np.arange(take.n) / SAMPLE_RATE, t, ((1 - depth) + depth * swell) ** steep)
    out = unit(body) * floats(level)
    foam = noise(take, band(take.octaves(1000, 3000), take.octaves(3500, 8000), 1.5, 1.5)) * floats(level**2)
    out += foam * np.float32(take.between(0.02, 0.3)) * (1 + take.between(0.0, 0.35) * wander(take, 35))
    spray = unit(_drops(take, take.octaves(40, 500), 700, 5500)) * floats(level**1.5)
    out += spray * np.float32(take.between(0.0, 0.45))
    if take.chance(0.35):
        out += noise(take, band(25, take.octaves(80, 220))) * np.float32(take.between(0.1, 0.4))
    if take.chance(0.3):
        lap = unit(_bubbles(take, take.octaves(4, 20), 200, 900))
        out += lap * np.float32(take.between(0.05, 0.3))
    return floats(out * (1 + take.between(0.05, 0.2) * wander(take, take.octaves(5, 18))))


def _bubbles(take: Take, rate: float, low: float, high: float) -> Floats:
    """Air rising in water: short sines that glide upwards, a few dozen pitches reused."""
    out = np.zeros(take.n, dtype=np.float32)
    kinds = 7
    for _ in range(kinds):
        where = arrivals(take, rate / kinds)
        strength = floats(take.rng.lognormal(0, 0.7, where.size))
        freq = take.octaves(low, high)
        tau = take.between(5, 22) / freq
        kernel = ring(freq, tau, min(0.12, 5 * tau), glide=take.between(0.5, 9))
        out += convolved(impulses(take.n, where, strength), kernel)
    return out


def stream(take: Take) -> Floats:
    """A brook: bubbles by the hundred over a soft, rather bright rush."""
    bubbles = unit(_bubbles(take, take.rise(60, 350), take.octaves(250, 600), take.octaves(1400, 3200)))
    bubbles *= 1 + 0.35 * wander(take, 5)
    rush = noise(take, times(band(take.octaves(200, 600), take.octaves(2000, 6000), 1.5, 1.5), tilted(-2)))
    out = bubbles + rush * np.float32(take.rise(0.15, 0.9))
    if take.chance(0.4):
        plops = unit(_bubbles(take, take.octaves(3, 15), 180, 450))
        out += plops * np.float32(take.between(0.1, 0.6))
    return floats(out)


def wind(take: Take) -> Floats:
    """Gusts: brown noise whose brightness and loudness rise together, whistles, leaves, buffets."""
    t = frame_seconds(take.n)
    gust = np.interp(t, np.arange(take.n) / SAMPLE_RATE, wander(take, take.octaves(0.4, 2.0)))
    gust = np.clip(0.55 + 0.35 * gust, 0.05, 1.4)
    cutoff = take.rise(120, 600) * (0.5 + take.between(0.4, 1.6) * gust)
    out = unit(
        _swept(take, floats(cutoff), take.between(1.0, 2.2), take.octaves(15, 90), take.between(-6, -2))
    )
    level = np.interp(np.arange(take.n) / SAMPLE_RATE, t, 0.25 + gust)
    out = out * floats(level)
    if take.chance(0.7):
        centre = take.octaves(300, 1400) * (0.75 + 0.3 * gust)
        width = take.octaves(25, 160)
        gains = 1 / (1 + ((BINS[None, :] - centre[:, None]) / width) ** 2) * gust[:, None] ** 2
        out += unit(morph(take.white(), floats(gains))) * np.float32(take.between(0.05, 0.6))
    if take.chance(0.4):
        leaves = noise(take, band(take.octaves(1500, 3500), 7000, 2, 1)) * floats(level**2)
        out += leaves * np.float32(take.between(0.03, 0.3)) * (1 + 0.3 * wander(take, 12))
    if take.chance(0.3):
        buffet = noise(take, band(15, 70)) * np.maximum(0, wander(take, 4)) ** 2
        out += buffet * np.float32(take.between(0.3, 1.5))
    return floats(out)


def fire(take: Take) -> Floats:
    """A flickering low roar under crackles of very unequal strength, pops and hiss."""
    out = np.zeros(take.n, dtype=np.float32)
    for _ in range(4):
        where = arrivals(take, take.rise(4, 40) / 2.0)
        strength = floats(take.rng.pareto(1.6, where.size) + 0.15) * floats(
            take.rng.choice([-1, 1], where.size)
        )
        tau = take.octaves(0.0004, 0.004)
        kernel = take.white(samples_of(8 * tau)) * decay(samples_of(8 * tau), tau)
        centre = take.octaves(900, 6000)
        kernel = filtered(kernel, peaks([centre], [centre * take.between(0.3, 1.2)], [1.0], 0.15))
        out += convolved(impulses(take.n, where, np.minimum(strength, 12)), unit(kernel))
    roar = noise(take, times(band(take.octaves(25, 80), take.octaves(150, 900), 1, 1.3), tilted(-3)))
    roar *= 1 + 0.3 * wander(take, take.octaves(2, 9))
    hiss = noise(take, band(take.octaves(500, 2500), 8000, 1, 1)) * (1 + 0.15 * wander(take, 4))
    crackle = out / np.float32(np.quantile(np.abs(out), 0.97) + 1e-6)
    result = crackle * np.float32(take.octaves(0.4, 2.0))
    result += roar * np.float32(take.octaves(0.04, 0.9)) + hiss * np.float32(take.octaves(0.01, 0.3))
    return floats(result)


def silence(take: Take) -> Floats:
    """The tone of an empty room: faint noise, sometimes a trace of mains hum."""
    curve = times(band(take.octaves(20, 80), take.octaves(800, 8000)), tilted(take.between(-6, 0)))
    out = noise(take, curve)
    if take.chance(0.4):
        hum = sine(tone(take.rng.choice([50.0, 60.0, 100.0, 120.0]), take.n, take.between(0, 1)))
        out += hum * np.float32(db(take.between(-20, 3)))
    return floats(out)
