"""Scenes of animals and people."""

from __future__ import annotations

from functools import reduce

import torch
from torch import Tensor

from s2s_live.world.channels import DRIFT, FLOW, STILL
from s2s_live.world.scenes import Canvas, smooth


def _tuft(c: Canvas, top: Tensor | float, high: float, colour: Tensor) -> None:
    """Blades of grass standing up from the lower edge."""
    blades = 0.6 * c.noise(STILL, 96, 0) + 0.4 * c.noise(STILL, 24, 0)
    c.over(colour, c.edge(top - high * blades - c.y))


_FLOCK = (
    (0.0, 0.0, 1.0), (0.17, -0.07, 0.8), (-0.19, -0.05, 0.85), (0.31, 0.06, 0.7), (-0.33, 0.07, 0.75),
    (0.08, 0.12, 0.6), (-0.10, 0.15, 0.55), (0.24, 0.15, 0.6), (-0.26, 0.20, 0.6), (0.02, -0.15, 0.7),
    (0.36, -0.10, 0.6),
)  # fmt: skip
"""Places and sizes of the birds."""
_STAY = 4
"""So many of them are there however soft the sound; the others join them together."""


def birds(c: Canvas) -> None:
    """A flock over a bright morning wood; louder is more of them."""
    horizon = 0.70 + 0.04 * c.rise
    c.sky(horizon, height=0.42, big=0.045)
    c.clouds(-0.15 + 0.4 * c.cover, horizon, 0.8)
    c.ridge(horizon - 0.02, 0.14, c.far)
    r = c.radius(c.sun_x, 0.45 * horizon)
    c.glow(c.light, 0.50 * c.power * torch.exp(-2.2 * r))
    wood = c.y - (horizon + 0.02 - 0.045 * c.noise(STILL, 24, 0) - 0.03 * c.noise(STILL, 6, 0))
    leaf = (0.35 + 0.25 * c.cloudy(STILL, (32, 64, 128), 0.7)).clamp(0.0, 1.0)
    c.over(c.blend(0.55 * c.near, 0.75 * c.near + 0.25 * c.light, leaf), c.edge(-wood, 2.0))
    branch = c.limb(0.0, 0.20, 0.30, 0.13, 0.010)
    twigs = smooth(0.75, 1.05, c.noise(STILL, 32) + 0.4 * c.noise(STILL, 64))
    near = torch.exp(-((c.y - 0.16) / 0.09).square()) * smooth(0.42, 0.12, c.x)
    c.over(0.4 * c.near, c.edge(branch))
    c.over(0.55 * c.near, twigs * smooth(0.25, 0.6, near))
    joined = smooth(0.15, 0.55, c.power)
    for k, (dx, dy, big) in enumerate(_FLOCK):
        cx, cy = 0.56 + dx, 0.36 + dy
        wing = 0.068 * big
        u = (c.x - cx).abs() / wing
        arch = c.y - cy + 0.85 * wing * (0.9 * u - 0.75 * u * u)
        mark = c.edge(arch.abs() - 0.011 * big * (1.15 - u)) * smooth(1.05, 0.9, u)
        c.over(0.25 * c.near, 0.95 * mark * (1.0 if k < _STAY else joined))


def night_insects(c: Canvas) -> None:
    """Moonlit reeds with fireflies; louder is more lights."""
    horizon = 0.58 + 0.05 * c.rise
    c.sky(horizon, height=0.66, big=0.042)
    c.stars(1.0, horizon)
    c.ridge(horizon, 0.14, c.far)
    depth = c.ground(horizon, (0.03, 0.09, 0.06))
    c.mist(horizon + 0.05, 0.05, 0.30)
    c.glow((0.35, 0.62, 0.16), (0.04 + 0.26 * c.power) * torch.exp(-((c.y - horizon - 0.12) / 0.12).square()))
    glowing = c.noise(FLOW, 32)
    where = smooth(horizon - 0.18, horizon + 0.10, c.y)
    limit = 2.7 - 1.25 * c.power
    c.glow((0.55, 0.95, 0.20), 0.55 * smooth(limit - 0.9, limit + 0.5, glowing) * where)
    c.over((0.90, 1.0, 0.45), smooth(limit + 0.15, limit + 0.55, glowing) * where)
    small = smooth(2.6 - 1.1 * c.power, 3.1 - 1.1 * c.power, c.noise(FLOW, 64)) * where * (1.0 - 0.6 * depth)
    c.glow((0.65, 1.0, 0.35), 0.9 * small)
    _tuft(c, 0.90, 0.085, torch.tensor([[0.01, 0.035, 0.03]], device=c.image.device))


def dog(c: Canvas) -> None:
    """A dog on a hill against the low sun; louder is wider rings of its voice, and more light."""
    horizon = 0.70 + 0.03 * c.rise
    c.sky(horizon, height=0.22, big=0.075)
    c.clouds(-0.05 + 0.4 * c.cover, horizon, 0.7)
    c.ridge(horizon, 0.13, c.far)
    c.ground(horizon + 0.02)
    fur = torch.tensor([[0.09, 0.055, 0.04]], device=c.image.device)
    big, fx, fy = 1.1, 0.44, 0.86

    def at(x: float, y: float) -> tuple[float, float]:
        return fx + big * x, fy + big * y

    hide = 0.0016 * c.noise(STILL, 128)
    parts = [
        c.limb(*at(-0.075, -0.165), *at(0.075, -0.185), 0.052 * big),
        c.limb(*at(0.075, -0.20), *at(0.135, -0.285), 0.036 * big),
        c.disc(*at(0.150, -0.305), 0.046 * big, 0.040 * big),
        c.limb(*at(0.165, -0.300), *at(0.222, -0.288), 0.017 * big),
        c.limb(*at(0.130, -0.345), *at(0.105, -0.285), 0.015 * big),
        c.limb(*at(-0.115, -0.185), *at(-0.190, -0.290 - 0.0), 0.013 * big),
    ]
    parts += [c.limb(*at(x, -0.15), *at(x + lean, 0.0), 0.017 * big)
              for x, lean in ((-0.105, -0.01), (-0.07, 0.012), (0.075, -0.008), (0.105, 0.012))]  # fmt: skip
    body = reduce(torch.minimum, parts) + hide
    c.over(c.light, (0.25 + 0.65 * c.power) * c.edge(body - 0.008, 2.0))
    c.over(fur, c.edge(body))
    rings = c.radius(fx + 0.25 * big, fy - 0.29 * big) / 0.05
    ahead = smooth(0.0, 0.12, c.x - fx - 0.22 * big) * torch.exp(-(0.55 - 0.33 * c.power) * rings)
    c.glow(c.light, 1.3 * c.power * ahead * (0.5 + 0.5 * torch.cos(5.0 * rings)))
    _tuft(c, 0.93, 0.045, 0.45 * c.near)


def rooster(c: Canvas) -> None:
    """A rooster on the fence before a huge rising sun with rays."""
    horizon = 0.72
    c.sky(horizon, sun=0.0)
    sx, sy = 0.5, horizon - 0.18
    r = c.radius(sx, sy)
    turn = torch.atan2(c.y - sy, c.x - sx)
    rays = smooth(-0.2, 0.6, torch.cos(12.0 * turn)) * smooth(0.62, 0.15, r)
    c.glow((1.0, 0.72, 0.30), (0.06 + 0.54 * c.power) * rays)
    c.glow(c.light, (0.45 + 0.4 * c.power) * torch.exp((1.2 * c.power - 5.0) * r))
    c.over((1.0, 0.86, 0.48), c.edge(r - 0.15, 2.0))
    c.clouds(-0.35 + 0.3 * c.cover, horizon, 0.7)
    c.ridge(horizon, 0.08, c.far)
    c.ground(horizon + 0.01)
    wood = 0.3 * c.near
    rail = c.box(0.5, 0.80, 0.6, 0.012)
    posts = ((c.x * 5.0 + 0.25) % 1.0 - 0.5).abs() / 5.0 - 0.012
    c.over(wood, c.edge(rail))
    c.over(wood, c.edge(c.box(0.5, 0.89, 0.6, 0.012)))
    c.over(wood, c.edge(posts) * c.edge(0.765 - c.y))
    fx, fy = sx, 0.79

    def at(x: float, y: float) -> tuple[float, float]:
        return fx + x, fy + y

    tail = [c.limb(*at(-0.06, -0.11), *at(-0.15 - 0.01 * k, -0.24 + 0.055 * k), 0.016) for k in range(3)]
    parts = [
        c.disc(*at(0.0, -0.10), 0.075, 0.058),
        c.limb(*at(0.045, -0.12), *at(0.075, -0.215), 0.030),
        c.disc(*at(0.085, -0.235), 0.030, 0.027),
        c.limb(*at(-0.01, -0.05), *at(-0.012, 0.0), 0.007),
        c.limb(*at(0.022, -0.05), *at(0.024, 0.0), 0.007),
        *tail,
    ]
    c.over((0.10, 0.05, 0.05), c.edge(reduce(torch.minimum, parts)))
    comb = torch.minimum(c.disc(*at(0.082, -0.272), 0.024, 0.017), c.disc(*at(0.106, -0.205), 0.010, 0.017))
    c.over((0.80, 0.10, 0.08), c.edge(comb))
    c.over((0.95, 0.70, 0.20), c.edge(c.limb(*at(0.112, -0.237), *at(0.140, -0.228), 0.007)))


def voice(c: Canvas) -> None:
    """Ribbons of warm light that swing like a voice over still water."""
    horizon = 0.66 + 0.03 * c.rise
    c.sky(horizon, sun=0.0)
    c.stars(0.5, horizon)
    warm = ((1.0, 0.62, 0.22), (1.0, 0.38, 0.30), (1.0, 0.80, 0.50))
    swing = 0.25 + 0.75 * c.power
    for k, tone in enumerate(warm):
        sign = (1.0, -0.8, 0.55)[k]
        line = sign * c.noise(FLOW, 24, 0) + 0.5 * c.noise(STILL, 6, 0)
        middle = 0.36 + 0.03 * c.shape + 0.02 * (k - 1) + 0.09 * swing * line
        gap = (c.y - middle).abs()
        c.glow(tone, (0.18 + 0.42 * c.power) * torch.exp(-gap * (30.0 - 17.0 * c.power)))
        c.over(tone, 0.85 * torch.exp(-(gap / 0.010).square()))
    c.ridge(horizon, 0.06, 0.7 * c.far)
    depth, waves = c.water(horizon, 0.5, glitter=0.0)
    shine = torch.exp(-((c.x - 0.5 - 0.12 * c.side) / 0.35).square()) * smooth(0.0, 1.2, waves + 0.3)
    c.glow((1.0, 0.58, 0.28), (0.35 + 0.5 * c.power) * shine * c.edge(horizon - c.y) * (1.0 - 0.6 * depth))


def baby(c: Canvas) -> None:
    """A soft room of the night: crescent lamp, floating lights, a blanket of hills."""
    c.sky(1.0, sun=0.0)
    soft = c.noise(DRIFT, 8)
    c.glow((1.0, 0.78, 0.80), 0.10 * smooth(-1.0, 2.0, soft))
    mx, my = 0.36, 0.27
    r = c.radius(mx, my)
    c.glow((1.0, 0.86, 0.62), (0.35 + 0.55 * c.power) * torch.exp((2.2 * c.power - 6.2) * r))
    crescent = torch.maximum(r - 0.105, 0.098 - c.radius(mx + 0.052, my - 0.026))
    c.over((1.0, 0.94, 0.74), c.edge(crescent, 1.5))
    bubbles = c.noise(FLOW, 16)
    limit = 2.3 - 1.25 * c.power
    tint = c.blend((1.0, 0.62, 0.70), (0.55, 0.78, 1.0), (0.5 + 0.45 * c.noise(STILL, 8)).clamp(0.0, 1.0))
    above = smooth(0.80, 0.60, c.y)
    c.glow(tint, 0.55 * smooth(limit - 0.8, limit + 0.7, bubbles) * above)
    c.glow((1.0, 0.95, 0.88), 0.9 * smooth(limit + 0.35, limit + 1.0, bubbles) * above)
    for k, (base, turn) in enumerate(((0.74, 1.0), (0.82, -0.9), (0.91, 0.6))):
        fold = c.y - (base - 0.04 * turn * c.noise(STILL, 6, 0))
        tone = ((0.80, 0.58, 0.68), (0.70, 0.50, 0.66), (0.52, 0.40, 0.60))[k]
        lit = smooth(0.14, 0.0, fold) * 0.35
        weave = 0.02 * c.noise(STILL, 96, 0)
        c.over(c.blend(tone, (1.0, 0.88, 0.84), (lit + weave).clamp(0.0, 1.0)), c.edge(-fold))
    hearts = smooth(1.7, 1.9, c.noise(STILL, 32)) * smooth(0.78, 0.84, c.y)
    c.over((1.0, 0.90, 0.72), 0.6 * hearts)


def crowd(c: Canvas) -> None:
    """Heads before a stage: beams and a sea of lights; louder is brighter."""
    c.image = c.blend((0.03, 0.01, 0.07), (0.20, 0.06, 0.26), c.y.expand(c.batch, c.size, c.size))
    stage = 0.60 + 0.03 * c.rise
    r = c.radius(0.5 + 0.15 * c.side, stage)
    c.glow(c.light, (0.35 + 0.55 * c.power) * torch.exp(-4.2 * r))
    smoke = (0.75 + 0.55 * c.cloudy(DRIFT, (8, 16, 32))).clamp(0.1, 1.6)
    for k in range(5):
        foot = 0.1 + 0.2 * k
        lean = 0.55 * (0.5 - foot) + 0.25 * c.shape + 0.10 * c.side
        gap = (c.x - foot - lean * (c.y - 0.02) / 0.6).abs() / (0.02 + 0.12 * c.y)
        tone = (
            (1.0, 0.30, 0.45),
            (0.40, 0.45, 1.0),
            (1.0, 0.75, 0.35),
            (0.35, 0.85, 1.0),
            (0.95, 0.35, 0.95),
        )[k]
        c.glow(tone, (0.18 + 0.62 * c.power) * torch.exp(-gap.square()) * smoke * smooth(0.75, 0.4, c.y))
    for k, (top, high) in enumerate(((0.66, 0.022), (0.74, 0.034), (0.86, 0.055))):
        profile = c.noise(STILL, 96, 0) if k == 0 else c.noise(STILL, 24, 0) * (1.0 if k == 1 else -1.0)
        heads = 0.5 + 0.6 * profile
        line = c.y - (top - high * heads)
        dark = ((0.16, 0.06, 0.18), (0.09, 0.035, 0.11), (0.03, 0.012, 0.045))[k]
        c.over(c.light, 0.30 * c.edge(-line - 0.006, 2.0))
        c.over(dark, c.edge(-line))
    lights = smooth(2.2 - 0.9 * c.power, 2.6 - 0.9 * c.power, c.noise(FLOW, 64)) * smooth(0.62, 0.72, c.y)
    c.glow((1.0, 0.92, 0.75), 1.1 * lights)
