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
    """One file for each model. Any thread may call it; `open` and `save` touch the disk, `note` does not."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else user_memory()
        self._lock = threading.Lock()
        self._disk = threading.Lock()
        self._known: dict[str, Pins] = {}
        self._unsaved: dict[str, str] = {}
        """Name by hash, of models whose pins have changed since they were written."""
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
        if trouble is not None:
            log.warning("%s", trouble)
        return pins, trouble

    def note(self, spec: EngineSpec, pins: Pins) -> None:
        """These are the model's pins now; the next `save` writes them."""
        with self._lock:
            self._known[spec.model_hash] = pins
            self._unsaved[spec.model_hash] = spec.model

    def save(self) -> None:
        """Write what has changed. Raises PinError; what could not be written is tried again the next time."""
        with self._disk:
            with self._lock:
                waiting, self._unsaved = self._unsaved, {}
            failed: PinError | None = None
            for model_hash, model in waiting.items():
                try:
                    self._write(model_hash, model)
                except PinError as error:
                    failed = error
                    with self._lock:
                        self._unsaved.setdefault(model_hash, model)
            if failed is not None:
                raise failed

    def _write(self, model_hash: str, model: str) -> None:
        if model_hash in self._closed:
            raise self._closed[model_hash]
        write_pins(self.path(model_hash), model, model_hash, self._known[model_hash])

    def _read(self, spec: EngineSpec) -> tuple[Pins, PinError | None]:
        path = self.path(spec.model_hash)
        if not path.exists():
            return NO_PINS, None
        try:
            return check_model(read_pins(path), spec), None
        except DamagedError as error:
            return NO_PINS, self._set_aside(path, spec, error)
        except PinError as error:
            return NO_PINS, self._leave(spec, error)

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
