"""Files of pins: one safetensors file, tensors and plain text; reading one runs nothing.

Tensors are `<slot>.latent`, `<slot>.flow` and `<slot>.picture`, and where the pin has them `<slot>.z` and
`<slot>.original`; the text under `pins` in the metadata is JSON with the version, the model and each slot's
name and family. Version 1 knew neither z nor original.
"""

from __future__ import annotations

import errno
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
from numpy.typing import NDArray
from safetensors.numpy import load, save

from s2s_live.engines.base import EngineSpec
from s2s_live.errors import PinError
from s2s_live.live.memory import SLOTS, Pin, Pins, fits

VERSION = 2
SUFFIX = ".s2smemory"
NAME_LENGTH = 60
"""Characters of a pin's name or family that are kept."""
_MOST_BYTES = 64 * 2**20
"""No file of eight pins is larger: what is, is something else."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_ANOTHER = "Open another file, or a copy of this one."
_ELSEWHERE = "Choose another folder, or one that you may write to."


class DamagedError(PinError):
    """The file's content is no memory, or one of a newer version: keep it, but do not write over it."""


@dataclass(frozen=True)
class Kept:
    """What a file holds."""

    model: str
    """Name of the model when it was saved."""
    model_hash: str
    pins: Pins


def write_pins(path: Path, model: str, model_hash: str, pins: Pins) -> None:
    """Write the pins to `path`, whole or not at all; a file that is there is replaced.

    Raises PinError when it cannot be written; what was there before then stays.
    """
    tensors: dict[str, NDArray[Any]] = {}
    slots: dict[str, dict[str, str]] = {}
    for slot, pin in enumerate(pins, start=1):
        if pin is not None:
            tensors |= {f"{slot}.{part}": array for part, array in _arrays(pin).items()}
            slots[str(slot)] = {"name": pin.name[:NAME_LENGTH], "family": pin.family[:NAME_LENGTH]}
    text = json.dumps({"version": VERSION, "model": model, "model_hash": model_hash, "slots": slots})
    try:
        _replace(path, save(tensors, {"pins": text}))
    except OSError as error:
        raise _unwritable(path, error) from error


def read_pins(path: Path) -> Kept:
    """Read a file of pins.

    Raises:
        DamagedError: it is no file of pins, damaged, or of a newer version.
        PinError: it cannot be read at all.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DamagedError(f"{path} is no memory of s2s-live: it is too large.", _ANOTHER)
        content = path.read_bytes()
    except OSError as error:
        raise PinError(f"{path} cannot be read ({error.strerror}).", "Check its permissions.") from error
    try:
        return _parse(content)
    except DamagedError as error:
        raise DamagedError(f"{path}: {error.message}", error.hint) from error
    except (safetensors.SafetensorError, PinError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise DamagedError(f"{path} is damaged, or no memory of s2s-live.", _ANOTHER) from error


def check_model(kept: Kept, spec: EngineSpec) -> Pins:
    """The pins, if this model can paint them; raises PinError, which names both models, if not."""
    if kept.model_hash != spec.model_hash:
        other = kept.model if kept.model != spec.model else f"another version of {kept.model}"
        raise PinError(
            f"These pins were made with {other}; the model that is open is {spec.model}.",
            f"Open {other} first, then this memory.",
        )
    if not all(pin is None or fits(pin, spec) for pin in kept.pins):
        raise DamagedError(f"The pins say that they are of {spec.model}, but do not fit it.", _ANOTHER)
    return kept.pins


def _parse(content: bytes) -> Kept:
    tensors = load(content)
    length = int.from_bytes(content[:8], "little")  # `load` has checked it
    data = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["pins"])
    if not isinstance(data["version"], int) or data["version"] > VERSION:
        raise DamagedError("it is from a newer version of s2s-live.", "Open it with that version.")
    model, model_hash, slots = str(data["model"]), str(data["model_hash"]), data["slots"]
    if set(slots) - {str(slot) for slot in range(1, SLOTS + 1)}:
        raise ValueError("slots that there are not")
    pins = tuple(
        _pin(tensors, str(slot), slots[str(slot)], model_hash) if str(slot) in slots else None
        for slot in range(1, SLOTS + 1)
    )
    return Kept(model, model_hash, pins)


def _arrays(pin: Pin) -> dict[str, NDArray[Any]]:
    """What a file holds of a pin, by name."""
    arrays: dict[str, NDArray[Any]] = {"latent": pin.latent, "flow": pin.flow, "picture": pin.picture}
    if pin.z is not None:
        arrays["z"] = pin.z
    if pin.original is not None:
        arrays["original"] = pin.original
    return arrays


def _pin(tensors: Mapping[str, Any], slot: str, words: Mapping[str, Any], model_hash: str) -> Pin:
    return Pin(
        latent=tensors[f"{slot}.latent"],
        flow=tensors[f"{slot}.flow"],
        family=str(words["family"])[:NAME_LENGTH],
        picture=tensors[f"{slot}.picture"],
        model_hash=model_hash,
        name=str(words["name"])[:NAME_LENGTH],
        z=tensors.get(f"{slot}.z"),
        original=tensors.get(f"{slot}.original"),
    )


def _replace(path: Path, content: bytes) -> None:
    """Write through a temporary file, on the disk before it takes the name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".memory-", suffix=SUFFIX)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _unwritable(path: Path, error: OSError) -> PinError:
    if error.errno in _FULL:
        return PinError(f"The disk is full: {path} was not saved.", "Free some space, then save again.")
    return PinError(f"{path} cannot be written ({error.strerror}).", _ELSEWHERE)
