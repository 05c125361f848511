"""The memory: slots for scenes to keep, and how what is kept mixes with what is heard.

A pin is a place among the scenes of one model. Any thread may fill and empty slots; the painting thread takes
the changes at a tick, so that they can be logged and the show replayed.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from s2s_live.engines.base import Control, EngineSpec, Floats, Picture, Target
from s2s_live.errors import PinError

SLOTS = 8
THUMBNAIL = 128
"""Lines that a pin's picture is brought down to; it keeps fewer only where the frame has fewer."""
_UNIT_TOLERANCE = 1e-3
_CANCELLED = 1e-6
"""A mixture shorter than this has no direction: its parts are opposite."""

HEARD, EDIT = "heard", "edit"
WEIGHTS = tuple(f"pin_{slot}" for slot in range(1, SLOTS + 1))
"""Names of the controls that weigh the slots 1 to 8."""

MEMORY_CONTROLS: tuple[Control, ...] = (
    Control(HEARD, "Heard", "How much what is heard counts beside the pins.", 1.0, 0.0, 1.0),
    Control(
        EDIT, "Edit", "How far pins are moved along the way from silence to what is heard.", 0.0, 0.0, 2.0
    ),
    *(
        Control(name, f"Pin {slot}", f"How much the pin in slot {slot} counts.", 0.0, 0.0, 1.0)
        for slot, name in enumerate(WEIGHTS, start=1)
    ),
)


@dataclass(frozen=True, eq=False)
class Pin:
    """One kept scene. Immutable: it is handed between threads.

    Raises PinError when made from arrays that no scene can have.
    """

    latent: Floats
    """`[latent_size]`, unit length."""
    flow: Floats
    """`[layers, 2]`: velocities of the field layers at full speed, as in `Target`."""
    family: str
    """Id of the family that counted most, or an empty string."""
    picture: Picture
    """What it looked like: `[h, w, 3]` uint8, RGB, small."""
    model_hash: str
    """The model whose scenes it is one of."""
    name: str = ""
    """As the user calls it; empty for the family's name."""
    z: Floats | None = None
    """`[z_size]`, standard normal scale, where the pin has one of its own; None where z walks on under it."""
    original: Picture | None = None
    """The user's picture that it was made from: its middle square, `[s, s, 3]` uint8, RGB, at most as large
    as the model paints. None for a scene that was painted."""

    def __post_init__(self) -> None:
        floats = [self.latent, self.flow] + ([] if self.z is None else [self.z])
        fine = all(array.dtype == np.float32 and bool(np.isfinite(array).all()) for array in floats)
        fine = fine and self.latent.ndim == 1 and self.flow.ndim == 2 and self.flow.shape[1] == 2
        fine = fine and (self.z is None or self.z.ndim == 1)
        if not fine or abs(float(np.linalg.norm(self.latent)) - 1.0) > _UNIT_TOLERANCE:
            raise PinError("A pin has numbers that no scene has.", "Pin the scene again.")
        pictures = [self.picture] + ([] if self.original is None else [self.original])
        if any(one.dtype != np.uint8 or one.ndim != 3 or one.shape[2] != 3 for one in pictures):
            raise PinError("A pin has a picture that is none.", "Pin the scene again.")
        arrays: list[NDArray[Any]] = [*floats, *pictures]
        for array in arrays:
            array.setflags(write=False)


Pins = tuple[Pin | None, ...]
"""What the slots hold, `SLOTS` entries; None is an empty slot."""
NO_PINS: Pins = (None,) * SLOTS


def pin_of(scene: Target, picture: Picture, model_hash: str, z: Floats | None = None) -> Pin:
    """A pin of its own arrays.

    Args:
        scene: the latent, flow and family that are painted.
        picture: how it looks, `[height, width, 3]`.
        model_hash: of the model that paints it.
        z: how it is composed, if that is to be kept.
    """
    latent, flow = scene.latent.astype(np.float32), scene.flow.astype(np.float32)
    own = None if z is None else z.astype(np.float32)
    return Pin(latent, flow, scene.family, thumbnail(picture), model_hash, z=own)


def thumbnail(picture: Picture, lines: int = THUMBNAIL) -> Picture:
    """`[height, width, 3]` reduced by a whole factor to about `lines` lines: means of square blocks."""
    height, width = picture.shape[:2]
    factor = max(1, min(round(height / lines), width))
    rows, columns = height // factor, width // factor
    total = np.zeros((rows, columns, 3), np.uint32)
    for row, column in itertools.product(range(factor), repeat=2):  # ten times quicker than a mean over axes
        total += picture[row : rows * factor : factor, column : columns * factor : factor]
    area = factor * factor
    small: Picture = ((total + area // 2) // area).astype(np.uint8)
    return small


def fits(pin: Pin, spec: EngineSpec) -> bool:
    """Whether the model can paint this pin."""
    shapes = pin.latent.shape == (spec.latent_size,) and pin.flow.shape == (spec.layers, 2)
    shapes = shapes and (pin.z is None or pin.z.shape == (spec.z_size,))
    return shapes and pin.model_hash == spec.model_hash


def counts(pins: Pins, controls: Mapping[str, float]) -> bool:
    """Whether any pin weighs anything."""
    return any(pin is not None and controls[name] > 0.0 for name, pin in zip(WEIGHTS, pins, strict=True))


def blend(heard: Target, pins: Pins, controls: Mapping[str, float], silence: Target) -> Target:
    """Where the scene is to go: what is heard and the pins, each as much as its control says.

    Empty slots weigh nothing. Where no pin weighs anything it is `heard` itself, whatever its own weight.
    `edit` moves the mixture along the difference of what is heard and silence (editing a picture with sound,
    Sung-Bin et al. 2023): in silence the pins are as they are, a sound changes them.
    """
    weighed = [
        (controls[name], pin)
        for name, pin in zip(WEIGHTS, pins, strict=True)
        if pin is not None and controls[name] > 0.0
    ]
    if not weighed:
        return heard
    parts: list[tuple[float, Target | Pin]] = [(controls[HEARD], heard), *weighed]
    total = sum(weight for weight, _ in parts)
    most, heaviest = max(parts, key=lambda part: part[0])
    latent = np.zeros(heard.latent.shape, np.float64)
    flow = np.zeros(heard.flow.shape, np.float64)
    for weight, part in parts:
        latent += weight * part.latent
        flow += (weight / total) * part.flow
    if controls[EDIT] > 0.0:
        latent = _edited(latent, total * controls[EDIT], heard, silence)
    length = math.sqrt(float(latent @ latent))
    unit = (latent / length).astype(np.float32) if length > _CANCELLED * total else heaviest.latent
    return Target(unit, flow.astype(np.float32), heaviest.family, most / total)


def _edited(
    latent: NDArray[np.float64], amount: float, heard: Target, silence: Target
) -> NDArray[np.float64]:
    least = min(float(latent.min()), float(heard.latent.min()), float(silence.latent.min()))
    moved: NDArray[np.float64] = latent + amount * (heard.latent.astype(np.float64) - silence.latent)
    # Where latents have no negative numbers, the generator was never taught any.
    return np.maximum(moved, 0.0) if least >= 0.0 else moved


@dataclass(frozen=True, eq=False)
class Anchor:
    """Where pins hold z, and how firmly."""

    z: NDArray[np.float64]
    """`[z_size]`: the mean of their own, each as much as its control says."""
    share: float
    """Over 0 up to 1: how much of z is theirs; the rest walks."""


def anchor(pins: Pins, controls: Mapping[str, float]) -> Anchor | None:
    """What z is held to by pins that have one; None where none of them weighs anything: then it walks alone.

    The walking z counts by as much as what is heard outweighs them together. So a picture that was found
    keeps its z while sound is mixed in up to its own weight: the sound changes what is shown, not how it is
    composed. Turned down further, it lets go evenly.
    """
    held = [
        (controls[name], pin.z)
        for name, pin in zip(WEIGHTS, pins, strict=True)
        if pin is not None and pin.z is not None and controls[name] > 0.0
    ]
    if not held:
        return None
    total = sum(weight for weight, _ in held)
    z = np.zeros(held[0][1].shape, np.float64)
    for weight, own in held:
        z += (weight / total) * own
    return Anchor(z, total / max(total, controls[HEARD]))


def recalled(slot: int) -> dict[str, float]:
    """The controls that show one slot (1 to 8) and nothing else."""
    return {HEARD: 0.0, EDIT: 0.0, **{name: float(name == WEIGHTS[slot - 1]) for name in WEIGHTS}}


def released() -> dict[str, float]:
    """The controls that let the scene follow what is heard alone."""
    return {control.name: control.default for control in MEMORY_CONTROLS}


class Memory:
    """The slots of one model, numbered from 1. Any thread may read and fill them."""

    def __init__(self, spec: EngineSpec, pins: Pins = NO_PINS) -> None:
        """Begin with `pins`; raises PinError where one is not this model's."""
        self.spec = spec
        self._lock = threading.Lock()
        self._pins = self._checked(pins)
        self._changes: list[tuple[int, Pin | None]] = []

    @property
    def pins(self) -> Pins:
        """What the slots hold now; the tuple never changes."""
        return self._pins

    def put(self, slot: int, pin: Pin | None) -> Pins:
        """Fill a slot, or empty it with None; returns what all slots held before.

        Raises:
            PinError: the pin is of another model.
            IndexError: there is no such slot.
        """
        if not 1 <= slot <= SLOTS:
            raise IndexError(f"slot {slot} of {SLOTS}")
        self._checked((pin,))
        with self._lock:
            before = self._pins
            self._pins = (*before[: slot - 1], pin, *before[slot:])
            self._changes.append((slot, pin))
        return before

    def put_all(self, pins: Pins) -> Pins:
        """Change all slots at once; returns what they held before. Raises PinError as `put` does."""
        self._checked(pins)
        with self._lock:
            before, self._pins = self._pins, pins
            self._changes.extend(
                (slot, pin)
                for slot, (old, pin) in enumerate(zip(before, pins, strict=True), start=1)
                if pin is not old
            )
        return before

    def begin(self) -> Pins:
        """What the slots hold, for a show that starts with it: changes until now are done with."""
        with self._lock:
            self._changes = []
            return self._pins

    def take_changes(self) -> list[tuple[int, Pin | None]]:
        """(slot, its pin or None) changed since the last call, oldest first."""
        if not self._changes:  # reading a list's truth needs no lock; a change just missed is taken next time
            return []
        with self._lock:
            changes, self._changes = self._changes, []
        return changes

    def _checked(self, pins: Pins) -> Pins:
        if not all(pin is None or fits(pin, self.spec) for pin in pins):
            raise PinError(
                f"That pin belongs to another model than {self.spec.model}.",
                "Open the model that it was made with, then use it there.",
            )
        return pins
