"""Reads what paints from a model folder, without what the audio encoder needs to be imported."""

from __future__ import annotations

import numpy as np

from s2s_live.engines.base import Floats
from s2s_live.engines.sound2scene.config import HINT
from s2s_live.engines.sound2scene.description import GENERATOR, UPSCALER, Sound2SceneConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.upscaler import Upscaler
from s2s_live.engines.sound2scene.weights import load_weights
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder


def load_generator(folder: ModelFolder, config: Sound2SceneConfig, label: int | None = None) -> Generator:
    """The generator of a model folder, in eval mode; of one of classes, with a `label`, one that paints this
    class alone. Raises ModelError where it does not fit."""
    tensors, numbers = folder.load(GENERATOR), config.generator
    if label is not None:
        # This brings torchvision with it, a second that a start can do without.
        from s2s_live.engines.sound2scene.official import fix_label, fixed_config

        tensors, numbers = fix_label(tensors, numbers, label), fixed_config(numbers)
    generator = Generator(numbers).eval().requires_grad_(False)
    load_weights(generator, tensors, "The generator")
    return generator


def load_classes(folder: ModelFolder, config: Sound2SceneConfig) -> Floats | None:
    """Embeddings `[classes, class_size]` of a generator's classes, None where it has none.

    Raises ModelError where they are not those of the manifest.
    """
    if not config.generator.classes:
        return None
    table = folder.load(GENERATOR).get("shared.weight")
    if table is None or table.shape != (config.generator.classes, config.generator.class_size):
        raise ModelError("The generator's classes are not those of its manifest.", HINT)
    return np.ascontiguousarray(table.float().numpy())


def load_upscaler(folder: ModelFolder, config: Sound2SceneConfig) -> Upscaler | None:
    """The upscaler of a model folder, in eval mode; None where it has none. Raises ModelError."""
    if config.upscaler is None:
        return None
    upscaler = Upscaler(config.upscaler).eval().requires_grad_(False)
    load_weights(upscaler, folder.load(UPSCALER), "The upscaler")
    return upscaler
