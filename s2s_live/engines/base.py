"""The engine contract: an engine hears windows and paints frames.

An engine holds no thread, no Qt and no clock. `hear` and `paint` run concurrently, on different threads,
and share no mutable state: `hear` returns an immutable `Target`, the session smooths it over time and hands
`paint` a `PaintState`. A new engine is one package and one line in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]
"""One frame: `[height, width, 3]`, RGB, sRGB-encoded, 0..255, C-contiguous."""


@dataclass(frozen=True)
class Control:
    """One thing a performer can turn: sliders, OSC, MIDI, presets and the command line are views of it."""

    name: str
    """Identifier, snake_case: `z_speed`."""
    title: str
    """What a person reads beside it."""
    help: str
    """One line: what it does to the picture."""
    default: float
    low: float
    high: float
    unit: str = ""
    kind: Literal["float", "int", "bool", "choice"] = "float"
    choices: tuple[str, ...] = ()
    """For `choice`: the value is an index into these."""
    hearing: bool = False
    """Shapes what is heard, not how it is painted: front ends are asked with it."""

    def clamp(self, value: float) -> float:
        """`value` brought into range; whole for every kind but `float`."""
        value = min(max(float(value), self.low), self.high)
        return value if self.kind == "float" else float(round(value))


@dataclass(frozen=True)
class EngineSpec:
    """What an engine says about itself before anything is heard."""

    engine: str
    """Registry name: `sound2scene`."""
    model: str
    """Name of the opened model folder."""
    model_hash: str
    """sha256 over the manifest, 12 hex digits or more: names the weights in logs and figures."""
    sample_rate: int
    """Hz, of the sound its front end takes."""
    window_s: float
    hop_s: float
    """Seconds between looks at the sound; a multiple of 10 ms. See `live.attention` for when it is heard."""
    picture_size: tuple[int, int]
    """(height, width) of what `paint` returns."""
    picture_sizes: tuple[tuple[int, int], ...]
    """The sizes that this model can be opened with, the plain one first."""
    latent_size: int
    z_size: int
    layers: int
    """Number of field layers that the scene's flow displaces."""
    families: tuple[str, ...]
    """Sound families it can name; empty when it names none."""
    controls: tuple[Control, ...]
    gmacs_hear: float
    gmacs_paint: float
    runtime: str
    """How the painting network runs: `openvino-f32`, `torch-fp32`, ..."""
    threads: int
    """Of each network."""
    sees: bool = False
    """Whether it can look at pictures: then it is `Sighted`."""
    threads_alone: int = 1
    """Of painting while nothing is heard."""
    runtime_hearing: str = ""
    """How the hearing network runs; empty: as the painting one."""

    @property
    def summary(self) -> str:
        """The model, what it paints and how its networks run, in a line."""
        height, width = self.picture_size
        ways = self.runtime
        if self.runtime_hearing not in ("", ways):
            ways += f", hearing {self.runtime_hearing}"
        return f"{self.model}: {width} \u00d7 {height}, {ways}"


@dataclass(frozen=True)
class Target:
    """What one hearing found. Immutable: it is handed from the hearing to the painting thread."""

    latent: Floats
    """`[latent_size]`, unit length."""
    flow: Floats
    """`[layers, 2]`: velocity of each field layer at full speed, scene widths per second, x right, y down."""
    family: str
    """Id of the nearest family, or an empty string."""
    confidence: float
    """0..1."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """Probability of every family; sums to 1."""
    sudden: bool = False
    """Whether it is the first hearing of a sound that began so suddenly that it needs no second one."""


@dataclass(frozen=True)
class PaintState:
    """Everything a frame depends on. The same state paints the same frame."""

    position: int
    """Programme position in samples."""
    seed: int
    latent: Floats
    """`[latent_size]`, unit length, smoothed."""
    z: Floats
    """`[z_size]`, standard normal scale, truncation not yet applied."""
    displacement: NDArray[np.float64]
    """`[layers, 2]`: how far each field layer has travelled, scene widths."""
    pulse: float
    """0..1: envelope of onsets and sudden loudness, zero at rest."""
    loudness: float
    """0..1: smoothed level between the silence gate and full scale."""
    controls: Mapping[str, float]
    """Value of every control of the session and the engine, by name."""


class FrontEnd(Protocol):
    """Streaming features: each column is computed once, and equals the offline computation."""

    sample_rate: int

    def push(self, samples: Floats) -> None:
        """Take the next mono samples `[n]` at `sample_rate`, any n."""

    def window(self) -> Floats:
        """The newest window for the audio encoder, `[1, bins, frames]`; silence where nothing came yet.

        Valid until the next window."""

    def listen(self, controls: Mapping[str, float]) -> Floats | None:
        """The newest window as these controls (those with `hearing`, by name) ask for it; None where there is
        nothing in it to hear."""

    def begun(self) -> tuple[float, float]:
        """For how many of `window`'s newest seconds a sound that has just begun may have sounded; and the
        logarithm of the odds that one has. 0 and 0 where none has begun, or none could be told from so little
        of it."""

    def newest_alone(self, seconds: float) -> Floats:
        """`window` as if only its newest seconds sounded, over and over; to be asked for those of `begun`."""


@runtime_checkable
class Sighted(Protocol):
    """An engine that finds in a picture what it finds in sound."""

    def see(self, picture: Path | Image) -> Target:
        """Where the scene would go for this picture: a file or a PIL image of any size.

        Raises S2SError for what is no picture, or where the model cannot look at any.
        """

    def square(self, picture: Path | Image) -> Picture:
        """The square in the picture's middle, as large as the model paints without refining: `[s, s, 3]`.

        Raises S2SError for what is no picture.
        """


@dataclass(frozen=True, eq=False)
class Inverted:
    """The best that was found for a picture so far."""

    share: float
    """0..1: how much of the work is done."""
    z: Floats
    """`[z_size]`, standard normal scale, none beyond what painting cuts."""
    latent: Floats
    """`[latent_size]`, unit length."""
    error: float
    """Mean absolute error of the pixels, levels 0..255."""


@runtime_checkable
class Inverts(Protocol):
    """An engine that finds what it would have to be given to paint a picture."""

    def invert(
        self, picture: Picture, seed: int, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Inverted]:
        """Come closer to a picture `[s, s, 3]` step by step; minutes of work, all in the calling thread.

        `seed` is that of the show whose fields it is painted over. Once `stop` says True it ends within a
        fraction of a second, also in the middle of a step. Shares no state with `paint`. Raises S2SError,
        with the first step, where the model cannot do it.
        """


@dataclass(frozen=True, eq=False)
class Composed:
    """The best composition that was found for a scene so far."""

    share: float
    """0..1: how much of the work is done."""
    z: Floats
    """`[z_size]`, standard normal scale, none beyond what painting cuts."""
    distance: float
    """Between the scene's latent and what the model sees in the picture, 0..2."""
    picture: Picture
    """What it looks like: `[s, s, 3]`, as large as the model paints without refining."""


@runtime_checkable
class Composes(Protocol):
    """An engine that finds how a scene is best composed."""

    def compose(
        self, latent: Floats, z: Floats | None, seed: int, stop: Callable[[], bool] = lambda: False,
        chance: int = 0,
    ) -> Iterator[Composed]:  # fmt: skip
        """Paint a scene in one composition after another, `z` first where it is given, and keep the one that
        shows it best, at full truncation. `chance` is the seed of the others. As `Inverts.invert` in
        everything else.
        """


@runtime_checkable
class Prepares(Protocol):
    """An engine that takes seconds before it hears windows of another length."""

    def prepare(self, window: Floats) -> bool:
        """Whether `hear` takes a window of this shape at once. Where not, it gets ready for it meanwhile;
        asking again tells when it is. Returns at once."""


class Engine(Protocol):
    """See the module's text."""

    @property
    def spec(self) -> EngineSpec:
        """What this engine is; constant while it is open."""

    def front_end(self) -> FrontEnd:
        """A fresh stream of features."""

    def hear(self, window: Floats) -> Target:
        """What this window of features sounds like."""

    def paint(self, state: PaintState) -> Picture:
        """The frame of this state. Pure: no memory between calls but caches."""

    def silence(self) -> Target:
        """Where the scene rests when nothing sounds; the same object every time, by which it is known."""

    def close(self) -> None:
        """Free what it holds. May be called twice."""
