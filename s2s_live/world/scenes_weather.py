"""Scenes of weather, water and fire."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

import torch

from s2s_live.world.channels import DRIFT, FLOW, STILL
from s2s_live.world.scenes import Canvas, smooth


def _rainfall(c: Canvas, amount: torch.Tensor) -> None:
    """Falling streaks, fine far drops before coarse near ones."""
    far = smooth(2.4 - 1.8 * amount, 3.4 - 1.8 * amount, c.noise(FLOW, 256, 24))
    near = smooth(2.8 - 1.6 * amount, 3.6 - 1.5 * amount, c.noise(FLOW, 128, 12))
    tone = 0.5 * c.low + 0.5 * c.light
    c.over(tone, 0.55 * far)
    c.over(tone, 0.62 * near)


def rain(c: Canvas) -> None:
    """A wet valley under grey cloud; louder is heavier."""
    horizon = 0.56 + 0.05 * c.rise
    c.sky(horizon, sun=0.0)
    c.clouds(0.75 + 0.2 * c.cover + 0.5 * c.power, horizon)
    c.ridge(horizon, 0.17, c.far)
    c.ridge(horizon + 0.05, 0.10, 0.5 * c.far + 0.5 * c.near, turn=-0.8)
    depth = c.ground(horizon + 0.04)
    wet = smooth(0.2, 1.3, c.noise(STILL, 16) + 0.5 * c.noise(STILL, 32) + 0.9 * c.power - 0.2)
    pool = c.blend(0.7 * c.low, c.low, (0.5 + 0.25 * c.ripples(depth)).clamp(0.0, 1.0))
    c.over(pool, 0.75 * wet * smooth(0.05, 0.25, depth))
    splash = smooth(2.2 - 1.0 * c.power, 3.0, c.noise(FLOW, 128)) * smooth(0.1, 0.4, depth)
    c.glow(c.light, 0.5 * splash * wet)
    c.mist(horizon + 0.02, 0.08 + 0.07 * c.power, 0.15 + 0.65 * c.power)
    c.shade(1.08 - 0.38 * c.power)
    _rainfall(c, c.power)


_BOLTS = (
    ((0.66, 0.0), (0.61, 0.15), (0.68, 0.24), (0.59, 0.43), (0.64, 0.50), (0.57, 0.74)),
    ((0.31, 0.0), (0.36, 0.13), (0.29, 0.27), (0.39, 0.42), (0.33, 0.53), (0.37, 0.74)),
)
"""Corners of either bolt, from the top down."""
_BRANCHES = (((0.68, 0.24), (0.76, 0.36), (0.74, 0.45)), ((0.39, 0.42), (0.46, 0.50), (0.45, 0.57)))


def _bolt(c: Canvas, which: int) -> torch.Tensor:
    """Distance to a bolt and its branch, which is thinner."""
    branch = [c.limb(*a, *b, -0.004) for a, b in pairwise(_BRANCHES[which])]
    parts = [c.limb(*a, *b, 0.0) for a, b in pairwise(_BOLTS[which])]
    return reduce(torch.minimum, parts + branch)


def storm(c: Canvas) -> None:
    """Towering cloud over a dark plain, a bolt of lightning on this side or that."""
    horizon = 0.68 + 0.04 * c.rise
    c.sky(horizon, sun=0.0)
    n = c.cloudy(DRIFT, (8, 16, 32, 64), 0.7)
    under = (0.38 + 0.22 * n + 0.25 * (c.y / horizon)).clamp(0.0, 1.0)
    c.over(c.blend(0.5 * c.top, 0.95 * c.low, under), 0.9 * smooth(1.0, 0.75, c.y / horizon))
    reach = (0.35 + 0.75 * c.power) * c.edge(c.y - horizon - 0.01, 2.0)
    sides = (smooth(0.35, -0.15, c.side), smooth(-0.35, 0.15, c.side))
    for which, there in enumerate(sides):
        gap, strike = _bolt(c, which), there * reach
        c.glow((0.62, 0.60, 1.0), strike * (0.40 * torch.exp(-gap * 7.0) + 0.5 * torch.exp(-gap * 26.0)))
        c.over((0.96, 0.95, 1.0), (strike * 1.2).clamp(0.0, 1.0) * c.edge(gap - 0.005 - 0.004 * c.power))
    c.ridge(horizon + 0.01, 0.07, 0.6 * c.far)
    depth = c.ground(horizon)
    beneath = [torch.exp(-((c.x - corners[-1][0]) / 0.22).square()) for corners in _BOLTS]
    shine = torch.maximum(sides[0] * beneath[0], sides[1] * beneath[1]) * smooth(0.0, 0.3, depth)
    c.glow((0.5, 0.5, 0.9), 0.30 * c.power * shine * smooth(-0.3, 1.4, c.ripples(depth)))
    _rainfall(c, 0.25 + 0.75 * c.power)


def sea(c: Canvas) -> None:
    """Open water; louder means higher waves with foam."""
    horizon = 0.44 + 0.07 * c.rise
    c.sky(horizon, height=0.35)
    c.clouds(0.35 * c.cover + 0.55 * c.power, horizon)
    c.shade(1.08 - 0.40 * c.power)
    depth, waves = c.water(horizon, 0.35 + 1.4 * c.power)
    swell = c.noise(DRIFT, 16) * 0.5 + 0.6 * c.noise(DRIFT, 8) + 0.8 * waves
    crest = smooth(2.3 - 2.6 * c.power, 3.4 - 2.5 * c.power, swell) * smooth(0.02, 0.3, depth)
    lace = smooth(-0.6, 1.0, c.noise(DRIFT, 128) + 0.5 * c.noise(DRIFT, 64))
    foam = 0.35 * c.low + 0.65 * c.light
    c.over(foam, 0.88 * crest * (0.35 + 0.65 * lace))
    c.shade(1.0 - 0.12 * smooth(0.3, 1.6, -swell) * depth * (0.4 + c.power))
    c.mist(horizon, 0.03 + 0.03 * c.power, 0.3 + 0.35 * c.power)


def stream(c: Canvas) -> None:
    """A brook between mossy banks; louder is whiter, with more spray over it."""
    horizon = 0.36 + 0.04 * c.rise
    c.sky(horizon, height=0.5)
    c.clouds(0.1 + 0.4 * c.cover, horizon)
    wood = c.cloudy(STILL, (16, 32, 64), 0.7)
    crowns = c.y - (horizon - 0.10 - 0.05 * c.noise(STILL, 6, 0) - 0.035 * c.noise(STILL, 24, 0))
    leaf = c.blend(0.5 * c.near, 0.6 * c.near + 0.4 * c.light, (0.3 + 0.22 * wood).clamp(0.0, 1.0))
    c.over(leaf, c.edge(-crowns, 2.0))
    c.shade(1.0 - 0.35 * smooth(0.5, 1.3, c.noise(STILL, 96, 0)) * smooth(0.04, 0.10, crowns))
    depth = c.ground(horizon + 0.05)
    middle = 0.5 + 0.10 * torch.sin(4.2 * depth + 0.6) * (1.0 - 0.4 * depth)
    wide = 1.1 * (0.03 + 0.26 * depth) + 0.012 * c.noise(STILL, 24, 0) * depth
    inside = c.edge((c.x - middle).abs() - wide, 2.0) * c.edge(horizon + 0.055 - c.y)
    run = 0.45 * c.noise(FLOW, 32) + 0.65 * c.noise(FLOW, 128, 12) + 0.55 * c.noise(FLOW, 256, 24)
    water = c.blend(
        0.5 * c.near + 0.22 * c.top, 0.8 * c.low + 0.15 * c.top, (0.46 + 0.26 * run).clamp(0.0, 1.0)
    )
    c.over(water, inside)
    white = smooth(1.5 - 1.3 * c.power, 2.5 - 1.2 * c.power, run + 0.5 * c.noise(STILL, 16))
    c.over((0.93, 0.97, 0.98), 0.85 * white * inside)
    stones = smooth(1.25, 1.6, c.noise(STILL, 16) + 0.12 * c.noise(STILL, 64)) * smooth(0.08, 0.25, depth)
    grey = c.blend((0.20, 0.21, 0.20), (0.52, 0.52, 0.48), (0.45 + 0.3 * c.noise(STILL, 32)).clamp(0.0, 1.0))
    c.over(grey, 0.95 * stones)
    c.mist(horizon + 0.04, 0.05 + 0.05 * c.power, 0.20 + 0.35 * c.power)


def wind(c: Canvas) -> None:
    """High grass and a bent tree under racing cloud; louder is dustier, darker, and full of leaves."""
    horizon = 0.60 + 0.05 * c.rise
    c.sky(horizon, height=0.6)
    c.clouds(0.1 + 0.35 * c.cover + 0.5 * c.power, horizon)
    rush = smooth(1.1 - 1.3 * c.power, 2.6 - 0.6 * c.power, c.noise(FLOW, 12, 96))
    c.over(0.5 * c.low + 0.5 * c.light, (0.15 + 0.6 * c.power) * rush * smooth(1.0, 0.5, c.y / horizon))
    c.shade(1.08 - 0.42 * c.power)
    c.ridge(horizon, 0.12, c.far)
    c.mist(horizon - 0.02, 0.05 + 0.09 * c.power, 0.85 * c.power)
    depth = c.ground(horizon, grass=0.0)
    wave = smooth(0.2, 1.6, 0.8 * c.noise(FLOW, 8) + 0.6 * c.noise(FLOW, 16))
    blade = smooth(0.1, 1.2, c.noise(STILL, 96, 0) + 0.8 * c.noise(STILL, 128) + 0.5)
    bright = (0.1 + 0.25 * c.power + (0.35 + 0.4 * c.power) * wave) * (0.35 + 0.45 * blade)
    c.over(0.5 * c.near + 0.5 * c.light, depth.sqrt() * bright)
    foot, bend = 0.42, 0.12
    up = ((0.80 - c.y) / 0.42).clamp(0.0, 1.0)
    trunk = (c.x - foot - bend * up.square()).abs() - 0.020 * (1.3 - up)
    c.over(0.35 * c.near, c.edge(trunk) * c.edge(c.y - 0.80) * c.edge(0.42 - c.y))
    crown = c.disc(foot + 1.15 * bend, 0.40, 0.16 + 0.10 * bend, 0.14 - 0.10 * bend)
    ragged = crown + 0.024 * c.noise(FLOW, 32) + 0.018 * c.noise(FLOW, 16)
    c.over(
        c.blend(0.35 * c.near, 0.9 * c.near, (0.4 + 0.3 * c.noise(FLOW, 64)).clamp(0.0, 1.0)), c.edge(ragged)
    )
    leaves = smooth(2.9 - 1.6 * c.power, 3.4 - 1.6 * c.power, c.noise(FLOW, 64))
    c.over(
        c.blend((0.62, 0.40, 0.10), (0.86, 0.66, 0.20), (0.5 + 0.4 * c.noise(FLOW, 16)).clamp(0.0, 1.0)),
        0.9 * leaves,
    )


def fire(c: Canvas) -> None:
    """Flames in the dark; louder is higher."""
    floor = 0.84
    c.sky(floor, sun=0.0)
    c.stars(0.5, 0.5)
    c.ridge(floor - 0.02, 0.12, 0.7 * c.far)
    depth = c.ground(floor - 0.02)
    middle = 0.5
    up = (floor - c.y) / (0.22 + 0.55 * c.power)
    narrow = (0.13 + 0.17 * c.power) * (1.05 - 0.55 * up.clamp(0.0, 1.0))
    body = 1.15 - up.abs().clamp(0.0, 3.0) ** 1.2 - ((c.x - middle) / narrow).square() * 0.9
    tongues = (
        0.42 * c.noise(FLOW, 8)
        + 0.42 * c.noise(FLOW, 16)
        + 0.28 * c.noise(FLOW, 32)
        + 0.14 * c.noise(FLOW, 64)
    )
    heat = body + tongues * (0.35 + 0.65 * up.clamp(0.0, 1.2)) - 2.5 * smooth(0.0, 0.06, c.y - floor)
    r = c.radius(middle, floor - 0.12)
    c.glow((1.0, 0.36, 0.08), (0.35 + 0.5 * c.power) * torch.exp(-3.6 * r) * (0.8 + 0.12 * c.noise(FLOW, 8)))
    c.glow((1.0, 0.5, 0.15), 0.5 * smooth(0.0, 0.5, depth) * torch.exp(-((c.x - middle) / 0.35).square()))
    c.over((0.74, 0.12, 0.02), smooth(-0.06, 0.22, heat))
    c.over((1.0, 0.46, 0.05), smooth(0.14, 0.52, heat))
    c.over((1.0, 0.80, 0.26), smooth(0.46, 0.92, heat))
    c.over((1.0, 0.97, 0.78), smooth(0.85, 1.5, heat))
    for lean in (-1.0, 1.0):
        log = c.limb(middle - 0.17 * lean, floor + 0.05, middle + 0.13 * lean, floor - 0.015, 0.020)
        bark = c.blend((0.07, 0.03, 0.02), (0.85, 0.25, 0.05), smooth(0.5, 1.8, c.noise(STILL, 64)))
        c.over(bark, c.edge(log))
    rise = torch.exp(-((c.x - middle) / 0.30).square()) * smooth(1.0, 0.75, c.y / floor)
    sparks = smooth(2.75 - 0.8 * c.power, 3.2 - 0.8 * c.power, c.noise(FLOW, 64)) * rise
    c.glow((1.0, 0.70, 0.25), 1.4 * sparks)


def silence(c: Canvas) -> None:
    """A calm lake at twilight: mountains, their mirror image, one light."""
    horizon = 0.55 + 0.04 * c.rise
    c.sky(horizon, sun=0.9, height=0.62, big=0.028)
    c.stars(0.6, 0.7 * horizon)
    c.mist(horizon - 0.16, 0.06, 0.20)
    profile = 0.8 * c.noise(STILL, 6, 0) + 0.34 * c.noise(STILL, 24, 0)
    tall = 0.10 + 0.06 * profile
    c.over(
        c.blend(c.far, 0.5 * c.low + 0.5 * c.far, smooth(-0.2, 0.0, c.y - horizon)),
        c.edge(horizon - tall - c.y),
    )
    _, waves = c.water(horizon, 0.12 + 0.9 * c.power, glitter=0.55)
    mirror = c.edge(c.y - horizon - 0.85 * tall - 0.004 * waves) * c.edge(horizon - c.y)
    c.over(0.75 * c.far + 0.1 * c.low, 0.62 * mirror)
    reeds = smooth(0.9, 1.4, c.noise(STILL, 96, 0)) * c.edge(0.95 - 0.05 * c.noise(STILL, 24, 0) - c.y)
    c.over(0.6 * c.near, reeds * smooth(0.2, 0.42, (c.x - 0.5).abs()))
    c.mist(horizon + 0.01, 0.03, 0.75 - 0.5 * c.power)
