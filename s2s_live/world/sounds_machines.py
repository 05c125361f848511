"""Traffic, trains, aircraft, engines, clocks and bells."""

from __future__ import annotations

import numpy as np

from s2s_live.world.sounds_dsp import (
    BINS,
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
    frame_seconds,
    harmonics,
    hump,
    impulses,
    morph,
    noise,
    peaked,
    peaks,
    place,
    ring,
    samples_of,
    sine,
    steady,
    tilted,
    times,
    tone,
    unit,
    wander,
)


def _clock_of(take: Take) -> Floats:
    return np.arange(take.n, dtype=np.float32) / np.float32(SAMPLE_RATE)


def _motor(take: Take, firing: Floats, bright: float, rough: float) -> Floats:
    """Cylinders firing at `firing` Hz `[n]`: rough pulses with subharmonics through a resonant exhaust."""
    top = float(firing.max())
    cylinders = int(take.rng.integers(1, 5))
    count = below_nyquist(top / cylinders, 160)
    order = np.arange(1, count + 1)
    amps = order ** (-1.0 + bright) * np.where(order % cylinders == 0, 1.0, take.between(0.05, 0.35))
    uneven = 1 + rough * 0.03 * wander(take, 18)
    turns = tone(floats(firing / cylinders * uneven), take.n)
    source = harmonics(turns, floats(amps), floats(take.rng.random(count)))
    source = source * (1 + rough * 0.25 * wander(take, 30))
    bodies = [take.octaves(90, 300), take.octaves(300, 900), take.octaves(900, 2600)]
    curve = peaks(bodies, [b * take.between(0.3, 0.9) for b in bodies], [1.0, 0.8, 0.5 + bright], 0.2)
    return unit(filtered(source, curve))


def engine(take: Take) -> Floats:
    """A machine that works: chain saw, motor at idle or under load, mower, drill."""
    kind = take.rng.random()
    revs = 1 + 0.04 * wander(take, 1.2)
    if kind < 0.45:
        blips = np.clip(wander(take, take.octaves(0.4, 2.5)), -1.5, 1.5)
        firing = take.octaves(75, 190) * (1 + take.between(0, 0.3) * blips) * revs
        bright, rough, hiss = take.between(0.35, 0.85), take.between(0.5, 2.0), take.between(0.15, 0.9)
    elif kind < 0.8:
        firing = take.rise(18, 130) * revs * (1 + take.between(0, 0.2) * wander(take, 0.8))
        bright, rough, hiss = take.between(0.0, 0.5), take.between(0.3, 1.5), take.between(0.05, 0.5)
    else:
        firing = take.octaves(180, 700) * revs
        bright, rough, hiss = take.between(0.2, 0.8), take.between(0.1, 0.6), take.between(0.1, 0.8)
    out = _motor(take, floats(np.clip(firing, 8, 1200)), bright, rough)
    rush = noise(take, times(band(take.octaves(200, 800), take.octaves(3000, 8000), 1, 1), tilted(-2)))
    beat = 1 + 0.5 * np.sin(2 * np.pi * tone(floats(np.clip(firing, 8, 1200)), take.n))
    return floats(out + rush * beat * np.float32(hiss) * (1 + 0.1 * wander(take, 5)))


def _passes(take: Take, bright_peak: float) -> tuple[Floats, Floats]:
    """Loudness and relative speed (-1..1) of something that drives by once, at a chance moment."""
    t = _clock_of(take)
    when = take.between(-0.7, take.n / SAMPLE_RATE + 0.7)
    near = take.octaves(0.3, 2.0)
    gone = (t - when) / near
    return floats(bright_peak / (1 + gone * gone)), floats(-gone / np.sqrt(1 + gone * gone))


def _horn(take: Take) -> Floats:
    """Two reedy notes together."""
    n = samples_of(take.octaves(0.15, 0.9))
    low = take.octaves(300, 480)
    amps = floats(np.arange(1, 1 + below_nyquist(low * 1.3, 16)) ** -0.35)
    pair = harmonics(tone(low, n), amps) + harmonics(tone(low * take.between(1.18, 1.28), n), amps)
    return peaked(filtered(pair, band(350, 3500)) * hump(n, 0.04, 0.08))


def city_traffic(take: Take) -> Floats:
    """A street: a hum, motors that wait or come and go on their tyres, now and then a horn or a brake."""
    floor = times(band(take.octaves(25, 70), take.octaves(150, 700), 1.0, 1.0), tilted(take.between(-6, -3)))
    out = noise(take, floor) * (1 + 0.12 * wander(take, 1.0))
    hiss = noise(take, times(band(250, take.octaves(1500, 4000), 1, 1.5), tilted(-3)))
    out += hiss * np.float32(take.between(0.03, 0.2)) * (1 + 0.15 * wander(take, 0.8))
    if take.chance(0.6):
        idle = take.octaves(18, 50) * (1 + 0.03 * wander(take, 0.8))
        waits = _motor(take, floats(idle), take.between(0, 0.25), take.between(0.3, 1.2))
        out += waits * np.float32(take.between(0.1, 0.6))
    for _ in range(int(np.clip(round(take.rise(1.0, 3.5)), 1, 4))):
        level, speed = _passes(take, take.octaves(0.4, 2.5))
        tyres = noise(take, times(band(take.octaves(250, 700), take.octaves(1200, 3500), 1.5, 2), tilted(-1)))
        out += tyres * level * np.float32(take.between(0.2, 0.9))
        firing = take.octaves(28, 130) * (1 + 0.06 * speed) * (1 + 0.1 * wander(take, 0.6))
        motor = _motor(take, floats(np.maximum(firing, 12)), take.between(0, 0.3), take.between(0.3, 1.0))
        out += motor * level * np.float32(take.between(0.2, 1.0))
    if take.chance(0.18):
        place(out, int(take.between(-0.1, 0.9) * take.n), _horn(take) * np.float32(take.between(0.4, 3)))
    if take.chance(0.08):
        squeal = sine(tone(take.octaves(1800, 4500) * (1 + 0.01 * wander(take, 4)), take.n))
        out += squeal * hump(take.n, 0.3, 0.4) * np.float32(take.between(0.05, 0.5))
    return floats(out)


def _clacks(take: Take) -> Floats:
    """Wheels over rail joints: pairs of thuds with a metallic ring."""
    period = take.octaves(0.35, 1.1)
    first = steady(take, period, 0.02)
    gap = samples_of(period * take.between(0.12, 0.3))
    where = np.concatenate(
        [first, first + gap, first + gap * 2] if take.chance(0.3) else [first, first + gap]
    )
    where = where[where < take.n]
    if where.size == 0:
        return np.zeros(take.n, dtype=np.float32)
    strength = floats(take.rng.uniform(0.5, 1.0, where.size))
    tau = take.octaves(0.015, 0.06)
    n = samples_of(6 * tau)
    thud = filtered(
        take.white(n) * decay(n, tau), band(take.octaves(50, 120), take.octaves(400, 1800), 1.5, 1.5)
    )
    metal = ring(take.octaves(700, 3000), tau * 0.7, 4 * tau)
    kernel = peaked(thud)
    place(kernel, 0, metal * np.float32(take.between(0.05, 0.5)))
    return convolved(impulses(take.n, where, strength), kernel)


def _whistle(take: Take) -> Floats:
    """A train's whistle or horn: a chord of rich notes with breath."""
    n = samples_of(take.octaves(0.6, 2.5))
    root = take.octaves(230, 620)
    sound = np.zeros(n, dtype=np.float32)
    drift = 1 + 0.004 * wander(take, 4, n)
    for ratio in (1.0, take.rng.choice([1.19, 1.25]), 1.5, take.rng.choice([1.68, 1.78, 2.0])):
        amps = floats(np.arange(1, 1 + below_nyquist(root * 2, 10)) ** -take.between(0.8, 1.8))
        sound += harmonics(tone(floats(root * ratio * drift), n), amps)
    breath = filtered(take.white(n), band(root, root * 6))
    return peaked(unit(sound) + np.float32(take.between(0.05, 0.4)) * unit(breath)) * hump(n, 0.1, 0.15)


def train(take: Take) -> Floats:
    """Rolling weight, rail joints, chuffs of steam, a whistle, a squeal."""
    roll = noise(take, times(band(take.octaves(30, 90), take.octaves(300, 1500), 1.2, 1.2), tilted(-3)))
    out = roll * np.float32(take.between(0.15, 0.9)) * (1 + 0.15 * wander(take, 2))
    steel = noise(take, band(take.octaves(900, 2000), take.octaves(2500, 5000), 2, 2))
    out += steel * np.float32(take.between(0.02, 0.35)) * (1 + 0.3 * wander(take, 6))
    steam = take.chance(0.25)
    if not steam or take.chance(0.6):
        clacks = _clacks(take)
        out += peaked(clacks) * np.float32(take.between(2.0, 6.0))
    if steam:
        rate = take.octaves(1.5, 6)
        turn = (_clock_of(take) * rate + take.between(0, 1)) % 1.0
        puff = np.exp(-turn * take.between(2, 6)) * np.minimum(1, turn * 20)
        chuff = noise(take, times(band(take.octaves(100, 400), take.octaves(1500, 5000)), tilted(-3)))
        out += chuff * floats(puff) * np.float32(take.between(0.8, 2.5))
    if take.chance(0.25):
        horn = _whistle(take) * np.float32(take.between(1.5, 5))
        place(out, int(take.between(-0.4, 0.5) * take.n), horn)
    if take.chance(0.15):
        pitch = take.octaves(1500, 5000) * (1 + 0.01 * wander(take, 6))
        out += sine(tone(floats(pitch), take.n)) * np.float32(take.between(0.1, 0.8)) * hump(take.n, 0.3, 0.4)
    return floats(out)


def _rotor(take: Take) -> Floats:
    """A helicopter: blades that beat the air ten to twenty-five times a second, a turbine behind."""
    rate = take.octaves(9, 26) * (1 + 0.01 * wander(take, 0.7))
    turn = tone(floats(rate), take.n) % 1.0
    sharp = take.between(2, 12)
    pulse = np.exp(-turn * sharp) * np.minimum(1, turn * 40) + take.between(0.05, 0.4)
    air = noise(
        take, times(band(take.octaves(20, 70), take.octaves(250, 1600), 1, 1.2), tilted(take.between(-5, -2)))
    )
    thump_tau = take.octaves(0.008, 0.03)
    n = samples_of(5 * thump_tau)
    thump = sine(tone(take.octaves(35, 110), n)) * decay(n, thump_tau)
    where = np.flatnonzero(np.diff(turn) < -0.5)
    beats = convolved(impulses(take.n, where, np.ones(where.size, dtype=np.float32)), thump)
    out = unit(floats(air * pulse)) + unit(beats) * np.float32(take.between(0.1, 1.2))
    whine = sine(tone(take.octaves(600, 3500) * (1 + 0.003 * wander(take, 1)), take.n))
    hiss = noise(take, times(band(600, 7000, 1, 1), tilted(-2))) * floats(0.4 + pulse)
    return floats(
        out + whine * np.float32(db(take.between(-50, -20))) + hiss * np.float32(take.between(0.02, 0.4))
    )


def _propeller(take: Take) -> Floats:
    """A light aeroplane: a deep steady drone of blade harmonics that beats slowly."""
    rate = (
        take.octaves(55, 130)
        * (1 + 0.01 * wander(take, 0.5))
        * np.linspace(1, take.between(0.9, 1.05), take.n)
    )
    count = below_nyquist(float(rate.max()), 45)
    amps = floats(np.arange(1, count + 1) ** -take.between(0.7, 1.4) * take.rng.uniform(0.4, 1, count))
    out = harmonics(tone(floats(rate), take.n), amps, floats(take.rng.random(count)))
    second = harmonics(tone(floats(rate * take.between(1.004, 1.02)), take.n), amps)
    air = noise(take, times(band(60, take.octaves(800, 4000), 1, 1), tilted(-4)))
    return floats(
        unit(out + second * np.float32(take.between(0, 0.8))) + air * np.float32(take.between(0.15, 0.8))
    )


def _jet(take: Take) -> Floats:
    """A jet overhead: a broad roar whose brightness sinks as it passes, combed by the ground, and a whine."""
    t = frame_seconds(take.n)
    turn = np.tanh((t - take.between(0, take.n / SAMPLE_RATE)) / take.octaves(0.6, 6))
    cutoff = take.octaves(700, 3500) * (1 - 0.5 * turn)
    freq = np.maximum(BINS, 20.0)[None, :]
    gains = (freq / 300) ** take.between(-0.7, -0.2) / np.sqrt(1 + (freq / cutoff[:, None]) ** 2)
    delay = take.octaves(0.0006, 0.005) * (1 + 0.5 * turn)
    gains = gains * np.sqrt(1.1 + take.between(0, 0.8) * np.cos(2 * np.pi * freq * delay[:, None]))
    out = unit(morph(take.white(), floats(gains / np.sqrt(1 + (40 / freq) ** 4))))
    glide = np.interp(np.arange(take.n), np.linspace(0, take.n, t.size), 1 - 0.12 * turn)
    pitch = take.octaves(900, 3800) * glide
    out += sine(tone(floats(pitch), take.n)) * np.float32(db(take.between(-40, -12)))
    return floats(out * (1 + 0.1 * wander(take, 3)))


def aircraft(take: Take) -> Floats:
    """Something that flies by its engine."""
    kind = take.rng.random()
    if kind < 0.35:
        return _rotor(take)
    return _propeller(take) if kind < 0.62 else _jet(take)


def _tick(take: Take, bright: float) -> Floats:
    """One tick: a few clicks of the escapement, each with small metal or wooden rings."""
    n = samples_of(0.09)
    out = np.zeros(n, dtype=np.float32)
    for step in range(int(take.rng.integers(1, 4))):
        start = 0 if step == 0 else samples_of(take.between(0.004, 0.03))
        tau = take.octaves(0.0006, 0.006)
        click = take.white(samples_of(6 * tau)) * decay(samples_of(6 * tau), tau * 0.5)
        click *= np.float32(take.between(0.2, 1))
        for _ in range(3):
            partial = ring(take.octaves(900, 7000) * bright, tau, 6 * tau)
            place(click, 0, partial * np.float32(take.between(0.3, 1.2)))
        place(out, start, click * np.float32(take.between(0.4, 1)))
    return peaked(out)


def clock(take: Take) -> Floats:
    """Tick and tock in a quiet room; sometimes a deep pendulum case."""
    period = take.octaves(0.17, 1.0)
    bright = take.between(0.6, 1.1)
    pair = (
        _tick(take, bright),
        _tick(take, bright * take.between(0.75, 1.0)) * np.float32(take.between(0.5, 1)),
    )
    out = np.zeros(take.n, dtype=np.float32)
    for index, start in enumerate(steady(take, period, 0.01)):
        place(out, int(start), pair[index % 2] * np.float32(take.between(0.85, 1)))
    if take.chance(0.35):
        case = ring(take.octaves(120, 500), take.octaves(0.01, 0.05), 0.2)
        out += convolved(out, case) * np.float32(take.between(0.02, 0.15))
    room = noise(take, times(band(30, take.octaves(600, 7000)), tilted(take.between(-6, 0))))
    return floats(peaked(out) + room * np.float32(db(take.between(-92, -32))))


_BELL = np.array([0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.67, 3.0, 4.0, 5.33, 6.7, 8.2])
_BAR = np.array([1.0, 2.76, 5.4, 8.93, 13.34])


def _strike(take: Take, pitch: float, kind: int) -> Floats:
    """One stroke: inharmonic partials, each with its own decay and a slow beat."""
    ratios = _BELL if kind == 0 else _BAR
    ratios = ratios * (1 + take.rng.normal(0, 0.008, ratios.size))
    ratios = ratios[pitch * ratios < 7600]
    tau0 = take.octaves(0.6, 4.0) * (400 / pitch) ** 0.4
    longest = samples_of(min(4 * tau0, take.n / SAMPLE_RATE + 0.6))
    out = np.zeros(longest, dtype=np.float32)
    for ratio in ratios:
        tau = tau0 * ratio**-0.75 * take.between(0.7, 1.3)
        n = min(longest, samples_of(5 * tau))
        strength = ratio**-0.45 * take.between(0.3, 1)
        # Two strands a hair apart: a real bell is never quite round, and beats.
        twin = sine(tone(pitch * ratio + take.between(0.4, 5), n)) * np.float32(take.between(0, 0.3))
        out[:n] += np.float32(strength) * (sine(tone(pitch * ratio, n)) + twin) * decay(n, tau)
    clang = take.white(samples_of(0.012)) * decay(samples_of(0.012), 0.003)
    place(out, 0, filtered(clang, band(1500, 6000)) * np.float32(take.between(0, 0.6)))
    return peaked(out)


def bell(take: Take) -> Floats:
    """Church bells, hand bells, chimes, the bell of a door or a bicycle."""
    out = np.zeros(take.n, dtype=np.float32)
    kind = 0 if take.chance(0.65) else 1
    pitch = take.octaves(140, 900) if kind == 0 else take.octaves(500, 2600)
    intervals = take.rng.permutation([1.0, 1.25, 1.5, 0.75])[: int(take.rng.integers(1, 3))]
    voices = [_strike(take, pitch * ratio, kind) for ratio in intervals]
    if take.chance(0.15):
        voices = [_strike(take, take.octaves(1500, 3500), 0)]
        starts = steady(take, take.octaves(0.035, 0.12), 0.05)
    else:
        starts = steady(take, take.octaves(0.25, 1.6), 0.06)
    starts = np.concatenate([[int(-take.between(0.0, 0.6) * SAMPLE_RATE)], starts[:40]])
    for start in starts:
        chosen = voices[int(take.rng.integers(len(voices)))]
        place(out, int(start), chosen * np.float32(take.between(0.6, 1)))
    air = noise(take, times(band(40, take.octaves(500, 4000)), tilted(-4)))
    return floats(peaked(out) + air * np.float32(db(take.between(-80, -32))))
