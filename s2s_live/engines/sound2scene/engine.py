"""The Sound2Scene engine: hears log spectrograms as unit embeddings, paints them with the generator."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from s2s_live.engines.base import (
    Composed,
    Control,
    EngineSpec,
    Floats,
    FrontEnd,
    Inverted,
    PaintState,
    Picture,
    Target,
)
from s2s_live.engines.runtime import Runtime
from s2s_live.engines.sound2scene.costs import count_macs, encoder_macs
from s2s_live.engines.sound2scene.description import (
    ENGINE,
    Sound2SceneConfig,
    can_see,
    load_classes,
    load_families,
)
from s2s_live.engines.sound2scene.hearing_networks import HearingNetworks
from s2s_live.engines.sound2scene.landmarks import load_landmarks
from s2s_live.engines.sound2scene.levels import to_picture, tone_curve
from s2s_live.engines.sound2scene.networks import (
    Z_LIMIT,
    Painting,
    PaintingNetworks,
    Wish,
    extra_share,
    open_changes,
    open_hearing,
)
from s2s_live.engines.sound2scene.scene import Scene
from s2s_live.engines.torch_loading import load_torch
from s2s_live.errors import ModelError
from s2s_live.features.log_mel import LogMelConfig
from s2s_live.features.log_psd import HOP, SAMPLE_RATE, LogPsdConfig, window_choices
from s2s_live.features.opening import open_front_end
from s2s_live.store.folder import ModelFolder
from s2s_live.tracing import span

if TYPE_CHECKING:
    from PIL.Image import Image

    from s2s_live.engines.sound2scene.pictures import PictureWork

CONTROLS = (
    Control("truncation", "Truncation", "Low: the typical scene; high: unusual ones.", 1.0, 0.0, 1.5),
    Control(
        "reactivity", "Reactivity", "How strongly beats and bursts flash and jolt the scene.", 1.0, 0.0, 2.0
    ),
    Control("brightness", "Brightness", "Lightens or darkens the scene.", 0.0, -0.5, 0.5),
    Control("contrast", "Contrast", "Flattens or deepens light and dark.", 1.0, 0.5, 2.0),
)
_DEFAULTS = {control.name: control.default for control in CONTROLS}
PULSE_CURVE = 3.0
"""Exponent of a pulse before it is shown: a clap in full, the swell of a brook hardly."""
JOLT = 0.02
"""Scene heights that a full pulse lifts the fields of layer 1; of layer 2 twice that, and so on."""


class Sound2SceneEngine:
    """See `s2s_live.engines.base.Engine`."""

    def __init__(self, folder: ModelFolder, wish: Wish | None = None) -> None:
        """Open the model in `folder`; raises ModelError when it does not fit."""
        wish = wish or Wish()
        if folder.engine != ENGINE:
            raise ModelError(
                f"{folder.path} is a model of {folder.engine}, not of {ENGINE}.", "Choose another."
            )
        # Networks that were converted before are not even loaded: so the weights are verified here.
        folder.verify()
        config = Sound2SceneConfig.from_json(folder.data)
        families = load_families(folder, config)
        self._folder, self._config = folder, config
        self._prototypes, self._flows = families.prototypes, families.flow
        self._landmarks = load_landmarks(folder, config)
        self._scene: Scene | None = None
        self._hearing, self._painting = threading.Lock(), threading.Lock()
        shape = open_front_end(config.front_end.to_json()).window().shape
        hearing = HearingNetworks(partial(open_hearing, folder, config, wish), shape)
        self._hear: HearingNetworks | None = hearing
        self._changes = open_changes(folder, config, wish)
        self._classes = load_classes(folder, config)
        self._label = 0
        """The class painted last."""
        painting = PaintingNetworks(folder, config, self._prototypes, self._classes).open(wish)
        self._paint: Painting | None = painting
        self._last: tuple[tuple[object, ...], NDArray[Any]] | None = None
        """What the newest frame was painted from, and its levels, which lie in the network's own memory."""
        self._seeing = threading.Lock()
        self._pictures: PictureWork | None = None
        self._spec = _spec(folder, config, hearing.first, painting, wish.threads)
        self._silence = self._find_silence()

    @property
    def spec(self) -> EngineSpec:
        """What this engine is."""
        return self._spec

    def front_end(self) -> FrontEnd:
        """A fresh stream of the manifest's features."""
        return open_front_end(self._config.front_end.to_json(), self._notice if self._changes else None)

    def _notice(self, window: Floats) -> tuple[int, float]:
        """See `ChangeDetector`."""
        with self._hearing:
            if self._changes is None:
                raise ValueError("the engine is closed")
            return self._changes(window)

    def hear(self, window: Floats) -> Target:
        """The window's embedding, drawn to the landmarks if the model has any, and what it says of it.

        How the scene moves and what it is called follow from the embedding's own distances to the prototypes.
        """
        with self._hearing:
            if self._hear is None:
                raise ValueError("the engine is closed")
            network = self._hear.of(window.shape)
            found = network.run(np.ascontiguousarray(window[None], dtype=np.float32))[0].copy()
        return replace(self._target(found), latent=self._drawn(found))

    def prepare(self, window: Floats) -> bool:
        """Whether such a window can be heard at once; see `Prepares`."""
        networks = self._hear
        return networks is None or networks.prepare(window.shape)

    def see(self, picture: Path | Image) -> Target:
        """Where the scene would go for this picture; see `Sighted`."""
        return self._target(self._picture_work().see(picture))

    def square(self, picture: Path | Image) -> Picture:
        """The square in the picture's middle, as large as the generator paints; see `Sighted`."""
        return self._picture_work().square(picture)

    def invert(
        self, picture: Picture, seed: int, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Inverted]:
        """What would have to be painted for this picture; see `Inverts`."""
        yield from self._picture_work().invert(picture, seed, self._class(), stop)

    def compose(
        self, latent: Floats, z: Floats | None, seed: int, stop: Callable[[], bool] = lambda: False,
        chance: int = 0,
    ) -> Iterator[Composed]:  # fmt: skip
        """How a scene is best composed; see `Composes`."""
        yield from self._picture_work().compose(latent, z, seed, self._class(), stop, chance)

    def _picture_work(self) -> PictureWork:
        with self._seeing:
            if self._pictures is None:
                # It brings PyTorch with it, seconds that a start without pictures does without.
                load_torch()
                from s2s_live.engines.sound2scene.pictures import PictureWork

                self._pictures = PictureWork(self._folder, self._config, self._spec.threads)
            return self._pictures

    def _class(self) -> int | None:
        return None if self._classes is None else self._label

    def paint(self, state: PaintState) -> Picture:
        """The frame of this state, `[R, R, 3]`; where all stands still, no network is run for it."""
        controls = {**_DEFAULTS, **state.controls}
        pulse = controls["reactivity"] * state.pulse**PULSE_CURVE
        z = np.clip(state.z, -Z_LIMIT, Z_LIMIT) * controls["truncation"]
        tone = tone_curve(lift=pulse, brightness=controls["brightness"], contrast=controls["contrast"])
        with self._painting:
            if self._paint is None:
                raise ValueError("the engine is closed")
            moved = self._moved(state, pulse)
            inputs = (z[None].astype(np.float32), self._feature(state), tone)
            told = (state.seed, *(part.tobytes() for part in (*inputs, moved)))
            if self._last is None or self._last[0] != told:
                self._last = None
                with span("fields", position=state.position):
                    fields = self._fields(self._paint, state.seed, moved)
                with span("network", position=state.position):
                    levels = self._paint.runtime.run(*inputs, *fields, alone=not self._hearing.locked())
                self._last = told, levels
            return to_picture(self._last[1])

    def silence(self) -> Target:
        """The scene of silence."""
        return self._silence

    def close(self) -> None:
        """Free the networks."""
        with self._hearing, self._painting:
            networks, self._hear = self._hear, None
            self._paint = self._changes = self._scene = self._last = None
        if networks is not None:
            networks.close()

    def _feature(self, state: PaintState) -> Floats:
        """What the generator takes beside z: the latent, where it has classes after the class's embedding."""
        if self._classes is None:
            return state.latent[None]
        self._label = min(int(state.controls.get("class", 0.0)), len(self._classes) - 1)
        return np.concatenate([self._classes[self._label], state.latent])[None]

    def _moved(self, state: PaintState, pulse: float) -> NDArray[np.float64]:
        """How far each layer of the fields has come, `[layers, 2]`; a pulse jolts what moves upwards, faster
        layers further. Without fields nothing moves."""
        if self._config.fields is None:
            return np.empty((0, 2))
        displacement = np.array(state.displacement, dtype=np.float64)
        displacement[:, 1] -= JOLT * pulse * np.arange(self._config.layers)
        return displacement

    def _fields(self, painting: Painting, seed: int, moved: NDArray[np.float64]) -> list[Floats]:
        """The noise for the generator's blocks."""
        if painting.scene is None:
            return []
        if self._scene is None or self._scene.seed != seed:
            self._scene = painting.scene(seed)
        return self._scene.at(moved)

    def _target(self, embedding: Floats) -> Target:
        families = self._config.families
        if not families:
            return Target(embedding, np.zeros((self._config.layers, 2), np.float32), "", 0.0)
        distances = np.linalg.norm(self._prototypes - embedding, axis=1)
        weights = np.exp((distances.min() - distances) / self._config.temperature)
        scores = weights / weights.sum()
        flow = np.tensordot(scores, self._flows, axes=1).astype(np.float32)
        best = int(scores.argmax())
        named = {family: float(score) for family, score in zip(families, scores, strict=True)}
        return Target(embedding, flow, families[best], float(scores[best]), named)

    def _find_silence(self) -> Target:
        families, name = self._config.families, self._config.silence
        if not name:
            return self.hear(self.front_end().window())
        at = families.index(name)
        scores = {family: float(family == name) for family in families}
        return Target(self._drawn(self._prototypes[at]), self._flows[at].copy(), name, 1.0, scores)

    def _drawn(self, latent: Floats) -> Floats:
        """Where a sound's latent leads among the landmarks, if the model has any."""
        return self._landmarks.draw(latent) if self._landmarks else latent.copy()


def controls_of(config: Sound2SceneConfig) -> tuple[Control, ...]:
    """The engine's controls for a model: those of its front end come first, then the classes."""
    classes: tuple[Control, ...] = ()
    if count := config.generator.classes:
        text = "Which of the generator's classes is painted."
        classes = (Control("class", "Class", text, 0.0, 0.0, count - 1.0, kind="int"),)
    if not isinstance(config.front_end, LogPsdConfig):
        return (*classes, *CONTROLS)
    choices = window_choices(config.front_end)
    window = Control(
        "window", "Window", "How much sound it hears at once: short follows sooner, long knows better.",
        0.0, 0.0, len(choices) - 1.0, kind="choice", choices=choices, hearing=True,
    )  # fmt: skip
    floor = Control(
        "floor", "Noise floor", "Sounds whose spectrum varies less count as silence.", 0.05, 0.0, 1.0,
        hearing=True,
    )  # fmt: skip
    return (window, floor, *classes, *CONTROLS)


def open_sound2scene(
    folder: ModelFolder, device: str, threads: int, alone: int, fine: bool | None, cache: Path | None
) -> Sound2SceneEngine:
    """Open a model folder of this engine."""
    return Sound2SceneEngine(folder, Wish(device, threads, alone, fine=fine, cache=cache))


def _window_s(config: Sound2SceneConfig) -> tuple[int, float]:
    """(sample rate, seconds of a window)."""
    front_end = config.front_end
    if isinstance(front_end, LogMelConfig):
        return front_end.sample_rate, front_end.frames * front_end.hop / front_end.sample_rate
    return SAMPLE_RATE, round(front_end.frames * HOP / SAMPLE_RATE, 1)


def _spec(
    folder: ModelFolder, config: Sound2SceneConfig, hearing: Runtime, painting: Painting, threads: int
) -> EngineSpec:
    rate, window_s = _window_s(config)
    plain = config.generator.resolution
    sizes = ((plain, plain), (2 * plain, 2 * plain)) if config.upscaler else ((plain, plain),)
    share = 1.0 + (extra_share(config) if painting.fine else 0.0)
    shape = open_front_end(config.front_end.to_json()).window().shape
    return EngineSpec(
        engine=folder.engine,
        model=folder.name,
        model_hash=folder.hash,
        sample_rate=rate,
        window_s=window_s,
        hop_s=config.hop_s,
        picture_size=sizes[1 if painting.fine else 0],
        picture_sizes=sizes,
        latent_size=config.generator.feature_size,
        z_size=config.generator.z_size,
        layers=config.layers,
        families=config.families,
        controls=controls_of(config),
        gmacs_hear=encoder_macs(config.audio_encoder, (shape[1], shape[2])) / 1e9,
        gmacs_paint=share * count_macs(config.generator) / 1e9,
        runtime=painting.runtime.name,
        threads=threads,
        threads_alone=painting.runtime.threads_alone,
        runtime_hearing=hearing.name,
        sees=can_see(folder),
    )
