"""What takes minutes for a pin: a user's picture is found by inverting the model, a scene composed better."""

from __future__ import annotations

import os
import secrets
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from s2s_live.engines.base import Composed, Composes, Engine, Inverted, Inverts, Sighted
from s2s_live.engines.torch_loading import load_torch
from s2s_live.errors import ModelError, S2SError
from s2s_live.live.memory import Pin, thumbnail
from s2s_live.live.memory_file import NAME_LENGTH
from s2s_live.live.worker import Worker

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
"""Of the files that are taken for pictures; of those that move, the first picture counts."""
NICENESS = 10
"""Painting and hearing go first, where the system knows the difference between threads."""


def is_picture(path: Path) -> bool:
    """Whether a file is taken for a picture, by its name."""
    return path.suffix.lower() in SUFFIXES


def pin_of_picture(engine: Engine, path: Path) -> Pin:
    """A pin of where the scene would go for a picture, called as its file.

    Raises ModelError where the model cannot look at pictures, another S2SError for what is no picture.
    """
    if not (engine.spec.sees and isinstance(engine, Sighted)):
        raise ModelError(
            f"The model {engine.spec.model} cannot look at pictures.",
            "Choose one that was made with an image encoder, then drop the picture again.",
        )
    seen, original = engine.see(path), engine.square(path)
    return Pin(
        latent=seen.latent,
        flow=seen.flow,
        family=seen.family,
        picture=thumbnail(original),
        model_hash=engine.spec.model_hash,
        name=path.stem[:NAME_LENGTH],
        original=original,
    )


Found = Inverted | Composed
"""For the pin of a picture, and of a scene."""


class Finder(Worker):
    """Finds a pin's picture, or how its scene is best composed. Its thread leaves the cores to painting.

    What it publishes may be read from any thread.
    """

    def __init__(self, engine: Engine, pin: Pin, seed: int) -> None:
        """`seed` is that of the show. Raises ModelError where the model cannot."""
        super().__init__("s2s-finder")
        self.best: Found | None = None
        """The newest; None before the first."""
        self.failure: S2SError | None = None
        """Why it ended before its time."""
        self._failed = "The scene was not composed" if pin.original is None else "The picture was not found"
        self._ended = threading.Event()
        self._threads = engine.spec.threads
        self._steps = self._begin(engine, pin, seed)

    def _begin(self, engine: Engine, pin: Pin, seed: int) -> Iterator[Found]:
        if pin.original is not None and isinstance(engine, Inverts):
            return engine.invert(pin.original, seed, self._stop.is_set)
        if pin.original is None and isinstance(engine, Composes):
            return engine.compose(pin.latent, pin.z, seed, self._stop.is_set, secrets.randbits(31))
        what = "compose scenes" if pin.original is None else "find pictures"
        raise ModelError(f"The model {engine.spec.model} cannot {what}.", "Choose another model.")

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self._ended.is_set()

    def work(self) -> None:
        """One step; the last one ends it."""
        try:
            self.best = next(self._steps)
        except StopIteration:
            self.stop()
        except S2SError as error:
            self.failure = error
            self.stop()

    def _run(self) -> None:
        try:
            load_torch()
            import torch

            # Of this thread alone, but those that begin later take it over: theirs is put back for them.
            later = min(self._threads, torch.get_num_threads())
            torch.set_num_threads(1)
            try:
                _be_nice()
                super()._run()
            finally:
                torch.set_num_threads(later)
        except (ImportError, OSError) as error:  # a library of PyTorch's that is not there is either
            self._note(error)
        finally:
            self._ended.set()

    def _note(self, error: Exception) -> None:
        super()._note(error)
        self.failure = S2SError(f"{self._failed}: {error}", "The log file has the details.")
        self.stop()


def _be_nice() -> None:
    """Linux alone gives each thread a niceness; elsewhere this would slow down the whole show."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
