"""Scenes of machines, streets, instruments and time."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from s2s_live.world.channels import DRIFT, FLOW, ROOFS, STILL, WINDOWS
from s2s_live.world.scenes import Canvas, smooth


def _skyline(c: Canvas, base: Tensor | float, high: float, turn: float) -> Tensor:
    """Distance below the roofs of a row of houses (negative above)."""
    return c.y - (base - high * (1.15 + 0.5 * turn * c.filled(ROOFS) + 0.12 * c.noise(STILL, 6, 0)))


def _windows(c: Canvas, wall: Tensor, share: Tensor | float) -> None:
    """A share of the windows lit."""
    limit = 1.7 - 2.6 * share
    c.over((1.0, 0.80, 0.42), 0.92 * smooth(limit - 0.1, limit + 0.1, c.filled(WINDOWS)) * wall)


def city_traffic(c: Canvas) -> None:
    """Towers with lit windows over a street of moving lights; louder is busier."""
    street = 0.78
    c.sky(street, height=0.5, sun=0.7, big=0.03)
    c.clouds(0.1 + 0.4 * c.cover, street)
    back = _skyline(c, street - 0.14, 0.20, -1.0)
    c.over(0.55 * c.far + 0.45 * c.low, 0.9 * c.edge(-back))
    front = _skyline(c, street, 0.24, 1.0)
    wall = c.edge(-front)
    c.over(c.blend(0.35 * c.near + 0.3 * c.far, 0.35 * c.near, smooth(0.0, 0.4, front)), wall)
    _windows(c, wall * smooth(0.006, 0.02, front) * c.edge(c.y - street + 0.02), 0.2 + 0.7 * c.power)
    road = c.edge(street - c.y)
    deep = ((c.y - street) / (1.0 - street)).clamp(0.0, 1.0)
    c.over(c.blend((0.10, 0.10, 0.13), (0.04, 0.04, 0.06), deep), road)
    wet = smooth(0.2, 1.6, c.noise(STILL, 96, 0)) * torch.exp(-3.0 * deep)
    c.glow((1.0, 0.66, 0.30), 0.30 * wet * road)
    streak = c.noise(FLOW, 12, 96)
    limit = 1.7 - 1.3 * c.power
    go = smooth(limit, limit + 0.7, streak)
    red = torch.exp(-((c.y - street - 0.055) / 0.022).square())
    white = torch.exp(-((c.y - street - 0.135) / 0.030).square())
    c.glow((1.0, 0.16, 0.08), 1.3 * go * red)
    c.glow((1.0, 0.92, 0.72), 1.5 * go * white)
    lamps = smooth(limit + 0.6, limit + 1.1, c.noise(FLOW, 64))
    c.glow((1.0, 0.95, 0.8), 1.2 * lamps * (red + white))


def train(c: Canvas) -> None:
    """A lit train crossing a viaduct at night; louder is more windows lit, and more steam."""
    line = 0.60
    c.sky(line + 0.06, height=0.6)
    c.stars(0.5, line)
    c.clouds(0.0 + 0.4 * c.cover, line)
    c.ridge(line + 0.03, 0.20, c.far)
    c.ridge(line + 0.10, 0.12, 0.5 * c.far + 0.3 * c.near, turn=-0.9)
    c.ground(line + 0.10)
    head = 0.90
    car = torch.maximum((c.y - line + 0.045).abs() - 0.042, c.x - head)
    c.over((0.10, 0.11, 0.14), c.edge(line + 0.004 - c.y) * c.edge(c.y - line - 0.022))
    arch = (c.x * 7.0) % 1.0 - 0.5
    pier = torch.maximum(0.30 - arch.abs(), line + 0.05 - c.y + 0.12 * (0.25 - arch * arch).clamp(0.0, 1.0))
    c.over(
        (0.12, 0.12, 0.15),
        0.95 * c.edge(-arch.abs() / 7.0 + 0.052) * c.edge(line + 0.02 - c.y) * smooth(-9.0, 0.0, pier),
    )
    body = c.edge(car)
    c.over(c.blend((0.30, 0.08, 0.09), (0.16, 0.04, 0.06), smooth(-0.08, 0.0, c.y - line)), body)
    lit = 0.35 - 1.1 * c.power
    pane = smooth(lit - 0.15, lit + 0.15, c.noise(FLOW, 24, 0)) * c.edge((c.y - line + 0.052).abs() - 0.016)
    c.glow(
        (1.0, 0.76, 0.36),
        0.35 * torch.exp(-((c.y - line + 0.05) / 0.07).square()) * smooth(head + 0.05, head - 0.05, c.x),
    )
    c.over((1.0, 0.88, 0.56), (0.6 + 0.4 * c.power) * pane * body)
    beam = c.radius(head, line - 0.035)
    cone = smooth(0.10, 0.0, (c.y - line + 0.035).abs() - 0.35 * (c.x - head)) * smooth(0.0, 0.02, c.x - head)
    c.glow((1.0, 0.94, 0.76), 0.9 * torch.exp(-28.0 * beam) + 0.45 * cone * torch.exp(-4.0 * beam))
    steam = c.cloudy(DRIFT, (16, 32, 64), 0.7) + 2.2 * torch.exp(
        -((c.y - line + 0.16 - 0.10 * (c.x - head)) / 0.05).square()
    )
    c.over((0.78, 0.80, 0.86), 0.5 * c.power * smooth(1.5, 2.8, steam) * smooth(head + 0.02, head - 0.1, c.x))


def _cloud_deck(c: Canvas, horizon: Tensor) -> None:
    """A sea of cloud from the horizon down."""
    deck = c.y - (horizon - 0.02 * c.noise(DRIFT, 8) - 0.014 * c.noise(DRIFT, 16))
    depth = (deck / (1.0 - horizon)).clamp(0.0, 1.0)
    puff = depth * c.cloudy(DRIFT, (8, 16, 32, 64), 0.8) + (1.0 - depth) * c.noise(DRIFT, 32, 128)
    c.over(
        c.blend(0.6 * c.top + 0.4 * c.far, 0.5 * c.low + 0.5 * c.light, (0.52 + 0.38 * puff).clamp(0.0, 1.0)),
        c.edge(-deck, 3.0),
    )


def aircraft(c: Canvas) -> None:
    """An aircraft above a sea of cloud; louder leaves a broader trail."""
    horizon = 0.66 + 0.04 * c.rise
    c.sky(horizon, height=0.30, big=0.04)
    c.clouds(-0.75 + 0.3 * c.cover, horizon, 0.6)
    _cloud_deck(c, horizon)
    big, px, py = 1.05, 0.54, 0.34

    def at(x: float, y: float) -> tuple[float, float]:
        return px + big * x, py + big * y

    trail = (c.y - py - 0.02 * big + 0.10 * (c.x - px) * -1.0 * 0.5).abs() / (
        0.006 + (0.02 + 0.30 * c.power) * (px - c.x).clamp(0.0, 1.0)
    )
    ragged = torch.exp(-(trail + 0.25 * c.noise(DRIFT, 64)).square()) * smooth(
        0.0, 0.10, px - 0.17 * big - c.x
    )
    c.over((0.97, 0.97, 1.0), (0.30 + 0.65 * c.power) * ragged * smooth(1.1, 0.4, px - c.x))
    roar = torch.exp(-((c.y - py) / (0.04 + 0.22 * c.power)).square()) * smooth(0.25, -0.25, c.x - px)
    c.glow(c.light, 0.55 * c.power * roar)
    hull = torch.minimum(
        c.limb(*at(-0.17, -0.008), *at(0.16, 0.0), 0.021 * big),
        c.disc(*at(0.165, 0.001), 0.035 * big, 0.020 * big),
    )
    wing = torch.minimum(
        c.limb(*at(0.03, 0.004), *at(-0.085, 0.125), 0.013 * big),
        c.limb(*at(0.03, -0.008), *at(-0.05, -0.075), 0.008 * big),
    )
    fin = torch.minimum(
        c.limb(*at(-0.15, -0.01), *at(-0.195, -0.085), 0.013 * big),
        c.limb(*at(-0.15, 0.0), *at(-0.195, 0.025), 0.008 * big),
    )
    shape = torch.minimum(torch.minimum(hull, wing), fin)
    lit = smooth(0.02, -0.02, (c.y - py) / big)
    c.over(c.blend((0.20, 0.22, 0.28), (0.90, 0.92, 0.95), lit), c.edge(shape))
    c.over((0.75, 0.12, 0.10), c.edge(fin + 0.003) * smooth(-0.02, -0.04, (c.y - py) / big))
    for place in ((-0.02, 0.075), (-0.01, -0.045)):
        c.glow((1.0, 0.55, 0.2), 1.4 * c.power * torch.exp(-18.0 * c.radius(*at(*place))))


def _wheel(c: Canvas, wx: float, wy: float, hot: Tensor) -> None:
    """A toothed wheel of steel around (wx, wy) that glows inside."""
    r = c.radius(wx, wy)
    turn = torch.atan2(c.y - wy, c.x - wx)
    teeth = 0.012 * torch.tanh(4.0 * torch.cos(16.0 * turn))
    rim = (r - 0.225).abs() - 0.030 - teeth * smooth(0.22, 0.25, r)
    spokes = torch.maximum((torch.sin(3.0 * turn)).abs() * r / 3.0 - 0.014, r - 0.21)
    wheel = torch.minimum(torch.minimum(rim, spokes), r - 0.055)
    c.over(
        (1.0, 0.62, 0.20),
        (0.3 + 0.7 * hot) * c.edge(r - 0.20) * (0.85 + 0.08 * c.noise(FLOW, 16)).clamp(0.0, 1.0),
    )
    steel = c.blend(
        (0.10, 0.09, 0.10),
        (0.46, 0.36, 0.30),
        (0.35 - 0.9 * (c.y - wy) + 0.1 * c.noise(STILL, 64)).clamp(0.0, 1.0),
    )
    c.over(steel, c.edge(wheel))


def _pipes(c: Canvas) -> None:
    """Upright pipes, lit along one side."""
    for k, x in enumerate((0.08, 0.17, 0.90)):
        tone = c.blend(
            (0.05, 0.05, 0.06),
            (0.36, 0.30, 0.28),
            torch.exp(-((c.x - x + 0.012) / 0.014).square()).expand(c.batch, c.size, c.size),
        )
        c.over(tone, c.edge(((c.x - x).abs() - 0.032 + 0.008 * k).expand(c.batch, c.size, c.size)))


def _shaft(c: Canvas, amount: float | Tensor) -> None:
    """Light that falls in from a high window."""
    gap = (c.x - c.sun_x - 0.35 * (c.y - 0.4)) / (0.07 + 0.10 * c.y)
    dusty = (0.8 + 0.2 * c.noise(DRIFT, 8)).clamp(0.0, 1.5)
    c.glow(c.light, amount * torch.exp(-gap.square()) * dusty * smooth(1.15, 0.1, c.y))


def engine(c: Canvas) -> None:
    """A machine hall: a glowing wheel, pipes and rising heat; louder is hotter."""
    c.image = c.blend(0.7 * c.top, 0.55 * c.far, c.y.expand(c.batch, c.size, c.size))
    plates = (
        0.5 * c.noise(STILL, 64) + 0.4 * c.noise(STILL, 128) + 0.5 * smooth(-0.2, 0.2, c.noise(STILL, 24, 0))
    )
    c.shade(1.0 + 0.22 * plates)
    _shaft(c, 0.10 + 0.06 * c.cover)
    hot = 0.25 + 0.75 * c.power
    wx, wy = 0.5, 0.56
    r = c.radius(wx, wy)
    c.glow((1.0, 0.42, 0.12), 1.3 * hot * torch.exp(-3.6 * r))
    smoke = c.cloudy(FLOW, (8, 16, 32, 64), 0.7) + 1.5 * (1.0 - c.y) - 0.9 + 0.8 * c.power
    plume = (
        smooth(0.2, 1.3, smoke)
        * torch.exp(-((c.x - wx) / (0.30 + 0.60 * (1.0 - c.y))).square())
        * smooth(0.90, 0.45, c.y)
    )
    c.over(c.blend((0.42, 0.38, 0.38), (0.95, 0.50, 0.22), smooth(0.15, 0.7, c.y)), 0.8 * plume)
    _wheel(c, wx, wy, hot)
    c.over((1.0, 0.85, 0.55), hot * c.edge(r - 0.022))
    _pipes(c)
    sparks = smooth(2.7 - 0.9 * c.power, 3.1 - 0.9 * c.power, c.noise(FLOW, 64)) * torch.exp(-1.5 * r)
    c.glow((1.0, 0.75, 0.35), 1.8 * sparks)
    floor = c.edge(0.87 - c.y)
    c.over(
        c.blend(
            (0.05, 0.045, 0.05),
            (0.6, 0.28, 0.10),
            hot * torch.exp(-((c.x - wx) / 0.3).square()) * smooth(1.0, 0.87, c.y),
        ),
        floor,
    )


def clock(c: Canvas) -> None:
    """A great dial in a dim room; louder is a brighter face and its swing."""
    wood = 0.6 * c.noise(STILL, 96, 0) + 0.4 * c.noise(STILL, 24, 0) + 0.25 * c.noise(STILL, 64)
    wall = 0.4 * c.far + 0.6 * c.colour_of((0.22, 0.13, 0.07))
    c.image = c.blend(0.3 * wall, 1.5 * wall, (0.4 + 0.2 * wood).clamp(0.0, 1.0))
    dx, dy = 0.5, 0.44
    r = c.radius(dx, dy)
    c.shade(0.55 + 0.8 * torch.exp(-3.4 * r))
    _shaft(c, 0.12 + 0.08 * c.cover)
    c.glow(c.light, (0.15 + 0.4 * c.power) * torch.exp(-5.0 * (r - 0.26).clamp(min=0.0)))
    c.over((0.72, 0.50, 0.20), c.edge(r - 0.305))
    c.over((0.26, 0.15, 0.06), c.edge(r - 0.275))
    face = c.blend(
        (0.80, 0.72, 0.56),
        (1.0, 0.96, 0.86),
        (0.35 + 0.65 * c.power - r + 0.05 * c.noise(STILL, 32)).clamp(0.0, 1.0),
    )
    c.over(face, c.edge(r - 0.262))
    turn = torch.atan2(c.x - dx, dy - c.y)
    hour = torch.cos(12.0 * turn)
    mark = smooth(0.80, 0.92, hour) * c.edge((r - 0.222).abs() - 0.022)
    c.over((0.12, 0.08, 0.06), mark)
    c.over((0.12, 0.08, 0.06), smooth(0.2, 0.6, torch.cos(60.0 * turn)) * c.edge((r - 0.25).abs() - 0.005))
    for minutes, long, wide in ((50.8, 0.13, 0.011), (9.5, 0.20, 0.008)):
        angle = math.tau * minutes / 60.0
        hand = c.limb(dx, dy, dx + long * math.sin(angle), dy - long * math.cos(angle), wide)
        c.over((0.10, 0.07, 0.06), c.edge(hand))
    c.over((0.72, 0.20, 0.10), c.edge(r - 0.018))
    swing = 0.18 * c.power * torch.tanh(2.0 * c.sun_y)
    bx = dx + swing
    c.over((0.55, 0.36, 0.14), c.edge(c.limb(dx, dy + 0.30, bx, 0.88, 0.006)) * c.edge(dy + 0.30 - c.y))
    bob = c.radius(bx, 0.89)
    c.over(
        c.blend((0.55, 0.36, 0.12), (1.0, 0.86, 0.50), smooth(0.06, 0.0, c.radius(bx - 0.015, 0.875))),
        c.edge(bob - 0.052),
    )
    beam = smooth(-0.6, 1.6, c.noise(FLOW, 8) + 0.4 * c.noise(FLOW, 16)) * torch.exp(-2.4 * r)
    c.glow(c.light, (0.10 + 0.22 * c.power) * beam)
    dust = smooth(2.2, 3.0, c.noise(FLOW, 128)) * torch.exp(-2.0 * r)
    c.glow(c.light, (0.35 + 0.6 * c.power) * dust)


def bell(c: Canvas) -> None:
    """A bell in an open tower at dusk, rings of sound in the sky."""
    horizon = 0.80 + 0.03 * c.rise
    c.sky(horizon, height=0.30, sun=0.8)
    c.clouds(0.0 + 0.4 * c.cover, horizon, 0.8)
    bx, by = 0.5, 0.40
    r = c.radius(bx, by)
    ring = torch.cos(48.0 * r - 2.0 * c.shape + 0.25 * c.noise(FLOW, 8))
    c.glow(
        (1.0, 0.86, 0.56),
        (0.04 + 0.75 * c.power) * smooth(0.3, 1.0, ring) * torch.exp(-2.4 * r) * smooth(0.10, 0.2, r),
    )
    c.glow((1.0, 0.80, 0.45), 1.0 * c.power * torch.exp(-3.8 * r))
    c.ridge(horizon, 0.08, c.far)
    c.ground(horizon)
    stone = c.blend(
        (0.13, 0.10, 0.12),
        (0.30, 0.23, 0.23),
        (0.4 + 0.25 * c.noise(STILL, 64) + 0.2 * c.noise(STILL, 0, 64)).clamp(0.0, 1.0),
    )
    roof = torch.maximum((c.x - bx).abs() - 0.62 * (c.y - 0.06), c.y - 0.235)
    posts = torch.maximum(((c.x - bx).abs() - 0.155).abs() - 0.028, (c.y - 0.37).abs() - 0.15)
    tower = c.box(bx, 0.80, 0.185, 0.28)
    c.over(stone, c.edge(torch.minimum(torch.minimum(roof, posts), tower)))
    t = ((c.y - 0.265) / 0.17).clamp(0.0, 1.0)
    flank = (c.x - bx).abs() - (0.030 + 0.035 * t + 0.060 * t**6)
    body = torch.maximum(flank, (c.y - 0.350).abs() - 0.088)
    shine = torch.exp(-((c.x - bx + 0.03) / 0.022).square())
    c.over(c.blend((0.34, 0.20, 0.06), (1.0, 0.84, 0.42), (0.15 + 0.8 * shine).clamp(0.0, 1.0)), c.edge(body))
    c.over((0.20, 0.11, 0.04), c.edge(c.radius(bx, 0.452) - 0.020))
    door = torch.minimum(c.box(bx, 0.78, 0.045, 0.07), c.radius(bx, 0.71) - 0.045)
    c.over((1.0, 0.72, 0.34), (0.35 + 0.6 * c.power) * c.edge(door))


def music(c: Canvas) -> None:
    """Curtains of coloured light over dark hills; louder is higher and brighter."""
    horizon = 0.74 + 0.03 * c.rise
    c.sky(horizon, sun=0.0)
    c.stars(0.9, horizon)
    hue = 0.5 + 0.28 * c.noise(STILL, 6, 0) + 0.16 * c.noise(DRIFT, 8) + 0.12 * c.shape
    phase = math.tau * hue
    tones = torch.stack([0.55 + 0.45 * torch.cos(phase - k) for k in (0.0, 2.1, 4.2)], 1)
    bars = c.noise(FLOW, 24, 0)
    for low, sign, share in ((0.66, 1.0, 1.0), (0.58, -1.0, 0.7)):
        foot = low + 0.03 * c.noise(FLOW, 24, 0) * sign + 0.05 * torch.sin(5.0 * c.x + 1.0)
        tall = (0.16 + 0.34 * c.power) * (1.0 + 0.35 * sign * bars).clamp(0.25, 2.0)
        up = (foot - c.y) / tall
        veil = smooth(-0.06, 0.06, up) * torch.exp(-1.8 * up.clamp(0.0, 4.0))
        fibre = 0.65 + 0.35 * smooth(-0.8, 1.2, sign * c.noise(STILL, 96, 0) + 0.6 * bars)
        c.glow(tones, share * (0.45 + 0.8 * c.power) * veil * fibre)
    c.ridge(horizon, 0.10, 0.6 * c.far)
    depth, waves = c.water(horizon + 0.02, 0.6, glitter=0.0)
    c.glow(
        tones,
        (0.15 + 0.4 * c.power)
        * smooth(-0.4, 1.4, waves)
        * c.edge(horizon + 0.02 - c.y)
        * (1.0 - 0.5 * depth),
    )
