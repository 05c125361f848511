"""Keeps every model's pins in the user's data folder, from one show to the next."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from s2s_live.engines.base import EngineSpec
from s2s_live.errors import PinError
from s2s_live.live.memory import NO_PINS, Pins
from s2s_live.live.memory_file import SUFFIX, DamagedError, check_model, read_pins, write_pins
from s2s_live.store.places import user_memory

log = logging.getLogger(__name__)


class MemoryKeeper:
    """One file for each model. Any thread may call it; `open` and `save` touch the disk, `note` does not.

    Two programs may keep pins of one model: each writes the slots that it changed, and leaves the others.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else user_memory()
        self._lock = threading.Lock()
        self._disk = threading.Lock()
        self._known: dict[str, Pins] = {}
        self._written: dict[str, Pins] = {}
        """What was known when the file was last read or written."""
        self._unsaved: dict[str, EngineSpec] = {}
        """By hash, the models whose pins have changed since."""
        self._closed: dict[str, PinError] = {}
        """By hash, why a file that cannot be read must not be written over."""

    def path(self, model_hash: str) -> Path:
        """The file of a model."""
        return self._folder / f"{model_hash}{SUFFIX}"

    def open(self, spec: EngineSpec) -> tuple[Pins, PinError | None]:
        """The pins of a model and, where the file is no good, what the user should know.

        A damaged file is set aside under another name and the memory begins empty.
        """
        with self._lock:
            if spec.model_hash in self._known:
                return self._known[spec.model_hash], None
        pins, trouble = self._read(spec)
        with self._lock:
            self._known.setdefault(spec.model_hash, pins)
            self._written.setdefault(spec.model_hash, pins)
        if trouble is not None:
            log.warning("%s", trouble)
        return pins, trouble

    def note(self, spec: EngineSpec, pins: Pins) -> None:
        """These are the model's pins now; the next `save` writes them."""
        with self._lock:
            self._known[spec.model_hash] = pins
            self._unsaved[spec.model_hash] = spec

    def save(self) -> None:
        """Write what has changed. Raises PinError; what could not be written is tried again the next time."""
        with self._disk:
            with self._lock:
                waiting, self._unsaved = self._unsaved, {}
            failed: PinError | None = None
            for model_hash, spec in waiting.items():
                try:
                    self._write(spec)
                except PinError as error:
                    failed = error
                    with self._lock:
                        self._unsaved.setdefault(model_hash, spec)
            if failed is not None:
                raise failed

    def _write(self, spec: EngineSpec) -> None:
        key = spec.model_hash
        if key in self._closed:
            raise self._closed[key]
        pins, before = self._known[key], self._written.get(key, NO_PINS)
        there, _ = self._read(spec, before)
        if key in self._closed:
            raise self._closed[key]
        merged = tuple(
            mine if mine is not old else theirs for mine, old, theirs in zip(pins, before, there, strict=True)
        )
        write_pins(self.path(key), spec.model, key, merged)
        self._written[key] = pins

    def _read(self, spec: EngineSpec, otherwise: Pins = NO_PINS) -> tuple[Pins, PinError | None]:
        """What the file holds; `otherwise` where there is none that can be read."""
        path = self.path(spec.model_hash)
        if not path.exists():
            return otherwise, None
        try:
            return check_model(read_pins(path), spec), None
        except DamagedError as error:
            return otherwise, self._set_aside(path, spec, error)
        except PinError as error:
            return otherwise, self._leave(spec, error)

    def _set_aside(self, path: Path, spec: EngineSpec, error: PinError) -> PinError:
        """Rename the file, so that saving cannot destroy it."""
        kept, number = path.with_suffix(f".damaged{SUFFIX}"), 1
        while kept.exists():
            number += 1
            kept = path.with_suffix(f".damaged-{number}{SUFFIX}")
        try:
            path.rename(kept)
        except OSError:
            return self._leave(spec, error)
        return PinError(
            f"The memory of {spec.model} cannot be read and begins empty.",
            f"The file was kept as {kept}.",
        )

    def _leave(self, spec: EngineSpec, error: PinError) -> PinError:
        """Let be what can be neither read nor moved; pins of this run are not saved over it."""
        trouble = PinError(
            f"{error.message} Pins of {spec.model} are not saved meanwhile.",
            "Mend or move that file, then start again; or save the memory to another file.",
        )
        self._closed[spec.model_hash] = trouble
        return trouble
