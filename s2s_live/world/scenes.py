"""The canvas of the painted scenes: colours, light, and the shapes that scenes are made of.

Everything is a batch of one family: colours `[B, 3]` or constants, planes `[B, S, S]`, numbers `[B, 1, 1]`.
All local texture comes from the noise fields; every other number is a smooth function of z or of the
intensity, so that a generator which is given z, fields and coordinates has all that the picture depends on.
Subjects of a drawn outline (a dog, a dial) stand where they stand: what changes about them is their light,
what surrounds them, and how much of it there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from s2s_live.world.channels import DRIFT, STILL, Channel
from s2s_live.world.fields import FieldBatch

Z_USED = 8
"""How many leading numbers of z the scenes depend on."""

Colour = tuple[float, float, float]


@dataclass(frozen=True)
class Palette:
    """The light of one hour: colours in 0..1, sRGB."""

    top: Colour
    """Sky overhead."""
    low: Colour
    """Sky at the horizon."""
    far: Colour
    """Distant hills."""
    near: Colour
    """The ground at one's feet."""
    light: Colour
    """Sun, moon, and what they touch."""


PALETTES: dict[str, Palette] = {
    "night": Palette(
        (0.02, 0.03, 0.12), (0.10, 0.16, 0.34), (0.05, 0.08, 0.19), (0.02, 0.04, 0.08), (0.86, 0.90, 1.0)
    ),
    "blue": Palette(
        (0.05, 0.10, 0.30), (0.36, 0.42, 0.62), (0.16, 0.22, 0.40), (0.05, 0.08, 0.14), (1.0, 0.86, 0.70)
    ),
    "dawn": Palette(
        (0.26, 0.34, 0.60), (0.98, 0.70, 0.56), (0.50, 0.42, 0.56), (0.20, 0.22, 0.18), (1.0, 0.88, 0.66)
    ),
    "dusk": Palette(
        (0.16, 0.12, 0.34), (0.96, 0.46, 0.28), (0.34, 0.20, 0.34), (0.10, 0.07, 0.11), (1.0, 0.76, 0.42)
    ),
    "day": Palette(
        (0.18, 0.44, 0.80), (0.72, 0.86, 0.96), (0.46, 0.62, 0.74), (0.25, 0.42, 0.16), (1.0, 0.97, 0.84)
    ),
    "gold": Palette(
        (0.38, 0.52, 0.72), (1.0, 0.84, 0.56), (0.62, 0.54, 0.44), (0.44, 0.38, 0.12), (1.0, 0.90, 0.60)
    ),
    "grey": Palette(
        (0.34, 0.39, 0.45), (0.62, 0.66, 0.68), (0.40, 0.45, 0.48), (0.18, 0.23, 0.18), (0.92, 0.94, 0.92)
    ),
    "slate": Palette(
        (0.16, 0.20, 0.27), (0.40, 0.46, 0.52), (0.24, 0.29, 0.34), (0.09, 0.13, 0.13), (0.78, 0.84, 0.90)
    ),
    "storm": Palette(
        (0.06, 0.06, 0.12), (0.26, 0.25, 0.36), (0.12, 0.12, 0.19), (0.04, 0.05, 0.08), (0.80, 0.82, 1.0)
    ),
    "ember": Palette(
        (0.03, 0.02, 0.05), (0.20, 0.07, 0.05), (0.09, 0.04, 0.05), (0.05, 0.03, 0.03), (1.0, 0.66, 0.26)
    ),
    "rose": Palette(
        (0.36, 0.30, 0.56), (0.98, 0.74, 0.72), (0.62, 0.48, 0.62), (0.36, 0.26, 0.38), (1.0, 0.92, 0.82)
    ),
    "violet": Palette(
        (0.05, 0.02, 0.14), (0.26, 0.10, 0.40), (0.12, 0.06, 0.22), (0.05, 0.03, 0.10), (1.0, 0.72, 0.96)
    ),
    "sepia": Palette(
        (0.14, 0.09, 0.06), (0.42, 0.28, 0.16), (0.26, 0.17, 0.10), (0.11, 0.07, 0.05), (1.0, 0.84, 0.52)
    ),
}


def smooth(low: float | Tensor, high: float | Tensor, x: Tensor) -> Tensor:
    """0 below `low`, 1 above `high`, smooth between."""
    t = ((x - low) / (high - low)).clamp(0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


class Canvas:
    """A batch of pictures of one family being painted."""

    def __init__(
        self, intensity: Tensor, z: Tensor, fields: FieldBatch, size: int, hours: Sequence[str]
    ) -> None:
        self.size = size
        self.batch = len(intensity)
        self._fields = fields
        line = (torch.arange(size, device=z.device, dtype=torch.float32) + 0.5) / size
        self.x = line[None, None, :]
        self.y = line[None, :, None]
        self.power = intensity[:, None, None]
        """Intensity 0..1, `[B, 1, 1]`."""
        turn = torch.tanh(0.8 * z[:, :Z_USED])
        self.hour = turn[:, 0, None, None]
        self.side = turn[:, 1, None, None]
        """-1..1: where light falls from, how a stage is lit."""
        self.rise = turn[:, 2, None, None]
        """-1..1: how high the horizon is."""
        self.sun_x = 0.5 + 0.36 * turn[:, 3, None, None]
        self.sun_y = 0.5 * turn[:, 4, None, None]
        """-0.5..0.5, to be scaled by the scene."""
        self.cover = turn[:, 5, None, None]
        """-1..1: fewer or more clouds."""
        self.haze = turn[:, 6, None, None]
        self.shape = turn[:, 7, None, None]
        """-1..1: another composition of the same thing."""
        self._light(hours, turn[:, 0], turn[:, 6])
        self.image = torch.zeros(self.batch, 3, size, size, device=z.device)

    def _light(self, hours: Sequence[str], hour: Tensor, tint: Tensor) -> None:
        keys = torch.linspace(-0.8, 0.8, len(hours), device=hour.device)
        weight = torch.softmax(-6.0 * (hour[:, None] - keys).square(), 1)
        warm = torch.stack([0.05 * tint, 0.0 * tint, -0.05 * tint], 1)
        mixed = {}
        for name in ("top", "low", "far", "near", "light"):
            book = torch.tensor([getattr(PALETTES[h], name) for h in hours], device=hour.device)
            mixed[name] = weight @ book
            mixed[name] = (mixed[name] * (1.0 + 2.0 * warm)).clamp(0.0, 1.0)
        self.top, self.low, self.far = mixed["top"], mixed["low"], mixed["far"]
        self.near, self.light = mixed["near"], mixed["light"]

    # --- noise -----------------------------------------------------------------------------------

    def noise(self, layer: int, columns: int, rows: int | None = None) -> Tensor:
        """One channel of the fields, `[B, S, S]`."""
        return self._fields.channel(Channel(layer, columns, columns if rows is None else rows), self.size)

    def filled(self, channel: Channel) -> Tensor:
        """A channel of steps or panes, `[B, S, S]`."""
        return self._fields.channel(channel, self.size)

    def cloudy(self, layer: int, cells: Sequence[int], fall: float = 0.55) -> Tensor:
        """Unit-variance sum of octaves."""
        weights = [fall**k for k in range(len(cells))]
        scale = sum(w * w for w in weights) ** -0.5
        return sum(  # type: ignore[no-any-return]
            (self.noise(layer, n) * (w * scale) for n, w in zip(cells, weights, strict=True)),
        )

    # --- paint -----------------------------------------------------------------------------------

    def colour(self, value: Colour | Tensor) -> Tensor:
        """A colour as `[B or 1, 3, 1, 1]`."""
        if isinstance(value, Tensor):
            return value[:, :, None, None]
        return torch.tensor(value, device=self.image.device)[None, :, None, None]

    def over(self, colour: Colour | Tensor, alpha: Tensor) -> None:
        """Lay a colour over the picture."""
        paint = colour if isinstance(colour, Tensor) and colour.dim() == 4 else self.colour(colour)
        self.image = self.image + (paint - self.image) * alpha.unsqueeze(1)

    def glow(self, colour: Colour | Tensor, amount: Tensor) -> None:
        """Add light, gently saturating."""
        paint = colour if isinstance(colour, Tensor) and colour.dim() == 4 else self.colour(colour)
        self.image = self.image + paint * amount.unsqueeze(1) * (1.0 - 0.6 * self.image.clamp(0.0, 1.0))

    def shade(self, factor: Tensor) -> None:
        """Darken or brighten by a plane."""
        self.image = self.image * factor.unsqueeze(1)

    def blend(self, a: Colour | Tensor, b: Colour | Tensor, t: Tensor) -> Tensor:
        """Colour plane `[B, 3, S, S]` from a to b by plane t."""
        first, second = self.colour(a), self.colour(b)
        return first + (second - first) * t.unsqueeze(1)

    def edge(self, distance: Tensor, soft: float = 1.0) -> Tensor:
        """1 where `distance` (scene widths) is negative, 0 outside, one and a half pixels of 256 between."""
        return torch.sigmoid(-distance * (256.0 / (0.75 * soft)))

    # --- shapes (distances in scene widths) ---------------------------------------------------------

    def disc(self, cx: Tensor | float, cy: Tensor | float, rx: float | Tensor, ry: float | Tensor) -> Tensor:
        """About the distance to an ellipse."""
        u, v = (self.x - cx) / rx, (self.y - cy) / ry
        mean = (rx * ry) ** 0.5
        return ((u * u + v * v + 1e-8).sqrt() - 1.0) * mean

    def limb(
        self,
        ax: Tensor | float,
        ay: Tensor | float,
        bx: Tensor | float,
        by: Tensor | float,
        wide: float | Tensor,
    ) -> Tensor:
        """Distance to a thick line."""
        dx, dy = bx - ax, by - ay
        px, py = self.x - ax, self.y - ay
        t = ((px * dx + py * dy) / (dx * dx + dy * dy + 1e-9)).clamp(0.0, 1.0)
        return ((px - t * dx).square() + (py - t * dy).square() + 1e-9).sqrt() - wide

    def box(self, cx: Tensor | float, cy: Tensor | float, hx: float | Tensor, hy: float | Tensor) -> Tensor:
        """Distance to an upright rectangle of half-widths hx, hy."""
        return torch.maximum((self.x - cx).abs() - hx, (self.y - cy).abs() - hy)

    def radius(self, cx: Tensor | float, cy: Tensor | float) -> Tensor:
        """Distance to a point."""
        return ((self.x - cx).square() + (self.y - cy).square() + 1e-8).sqrt()

    # --- common parts of scenes ----------------------------------------------------------------------

    def sky(self, horizon: Tensor | float, sun: float = 1.0, height: float = 0.5, big: float = 0.035) -> None:
        """Gradient, sun or moon with its glow. `height` 0 on the horizon, 1 at the top."""
        t = (self.y / horizon).clamp(0.0, 1.0)
        self.image = self.blend(self.top, self.low, t * t * (1.6 - 0.6 * t)).expand(
            self.batch, 3, self.size, self.size
        )
        if sun > 0.0:
            cy = horizon * (1.0 - height + 0.25 * self.sun_y)
            r = self.radius(self.sun_x, cy)
            self.glow(self.light, sun * (0.55 * torch.exp(-r * 7.0) + 0.35 * torch.exp(-r * 22.0)))
            self.over(self.light, sun * self.edge(r - big, 2.0))

    def stars(self, amount: float | Tensor, horizon: Tensor | float) -> None:
        """Peaks of the still layer."""
        peak = smooth(2.05, 3.0, self.noise(STILL, 256))
        fade = smooth(0.0, 0.6, 1.0 - self.y / horizon)
        self.glow((0.95, 0.96, 1.0), amount * 1.3 * peak * fade)

    def clouds(self, cover: Tensor | float, horizon: Tensor | float, strength: float = 0.9) -> None:
        """Drifting clouds, lit from the sun's side, thinner towards the horizon."""
        n = self.cloudy(DRIFT, (8, 16, 32, 64), 0.62)
        thick = n + 1.6 * cover - 0.5
        alpha = smooth(-0.1, 1.4, thick) * smooth(1.05, 0.55, self.y / horizon)
        lit = (0.55 + 0.28 * self.noise(DRIFT, 16) - 0.32 * smooth(0.4, 2.2, thick)).clamp(0.0, 1.0)
        r = self.radius(self.sun_x, 0.4 * horizon)
        lit = (lit + 0.45 * torch.exp(-3.0 * r)).clamp(0.0, 1.0)
        bright = 0.55 * self.low + 0.45 * self.light
        dark = 0.7 * self.top + 0.3 * self.far
        self.over(self.blend(dark, bright, lit), strength * alpha)

    def ridge(
        self,
        base: Tensor | float,
        high: float,
        colour: Tensor | Colour,
        *,
        turn: float = 1.0,
        rough: float = 0.12,
    ) -> Tensor:
        """A line of hills; returns how far below its top each pixel lies (negative above)."""
        profile = turn * self.noise(STILL, 6, 0) + 0.36 * self.noise(STILL, 24, 0)
        profile = profile + rough * self.noise(STILL, 96, 0)
        depth = self.y - (base - high * (0.9 + 0.55 * profile))
        foot = self.blend(colour, 0.6 * self.low + 0.4 * self.far, smooth(0.0, 0.22, depth) * 0.55)
        self.over(foot, self.edge(-depth))
        return depth

    def ground(
        self, top: Tensor | float, colour: Tensor | Colour | None = None, grass: float = 1.0
    ) -> Tensor:
        """Land from `top` down, finer towards the horizon; returns depth 0 (horizon) .. 1 (at one's feet)."""
        depth = ((self.y - top) / (1.0 - top)).clamp(0.0, 1.0)
        near = self.near if colour is None else colour
        base = self.blend(0.5 * self.far + 0.5 * self.colour_of(near), near, depth**0.7)
        texture = (1.0 - depth) * 0.5 * self.noise(STILL, 128) + depth * 0.7 * self.noise(STILL, 64)
        texture = texture + 0.5 * self.noise(STILL, 32) + 0.35 * grass * depth * self.noise(STILL, 96, 0)
        base = base * (1.0 + 0.17 * texture * (0.35 + depth)).unsqueeze(1)
        self.over(base, self.edge(top - self.y))
        return depth

    def colour_of(self, value: Tensor | Colour) -> Tensor:
        """A colour as `[B or 1, 3]`."""
        return value if isinstance(value, Tensor) else torch.tensor(value, device=self.image.device)[None]

    def ripples(self, depth: Tensor) -> Tensor:
        """Water seen flat: wide waves near, narrow ones towards the horizon; unit variance."""
        near = smooth(0.28, 0.85, depth)
        far = smooth(0.30, 0.05, depth)
        middle = (1.0 - near - far).clamp(0.0, 1.0)
        waves = near * self.noise(DRIFT, 16, 64) + middle * self.noise(DRIFT, 32, 128)
        waves = waves + far * self.noise(DRIFT, 64, 256)
        return waves * (near.square() + middle.square() + far.square() + 1e-4).rsqrt()

    def water(
        self, top: Tensor | float, rough: Tensor | float, glitter: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """Water from `top` down with the sky in it and the light's path; returns depth and waves."""
        depth = ((self.y - top) / (1.0 - top)).clamp(0.0, 1.0)
        waves = self.ripples(depth)
        mirror = (0.62 - 0.55 * depth + 0.17 * rough * waves).clamp(0.0, 1.0)
        deep = 0.45 * self.near + 0.3 * self.top
        self.over(self.blend(deep, 0.9 * self.low, mirror), self.edge(top - self.y))
        path = torch.exp(-((self.x - self.sun_x) / (0.05 + 0.16 * depth)).square())
        sparkle = smooth(0.1, 1.5, waves + 0.4) * path * self.edge(top - self.y)
        self.glow(self.light, glitter * 0.85 * sparkle)
        return depth, waves

    def mist(self, at: Tensor | float, wide: Tensor | float, amount: Tensor | float) -> None:
        """A bank of drifting mist around height `at`."""
        bank = torch.exp(-((self.y - at) / wide).square())
        n = 0.75 + 0.3 * self.noise(DRIFT, 8) + 0.15 * self.noise(DRIFT, 16)
        self.over(0.85 * self.low + 0.15 * self.light, (amount * bank * n).clamp(0.0, 0.95))

    def finish(self) -> Tensor:
        """The pictures `[B, 3, S, S]` in 0..1, corners a little darker."""
        r = (self.x - 0.5).square() + (self.y - 0.5).square()
        return (self.image * (1.06 - 0.36 * r).unsqueeze(1)).clamp(0.0, 1.0)
