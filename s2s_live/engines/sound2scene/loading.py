"""Reads what paints from a model folder, without what the audio encoder needs to be imported."""

from __future__ import annotations

from s2s_live.engines.sound2scene.description import GENERATOR, UPSCALER, Sound2SceneConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.upscaler import Upscaler
from s2s_live.engines.sound2scene.weights import load_weights
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


def load_upscaler(folder: ModelFolder, config: Sound2SceneConfig) -> Upscaler | None:
    """The upscaler of a model folder, in eval mode; None where it has none. Raises ModelError."""
    if config.upscaler is None:
        return None
    upscaler = Upscaler(config.upscaler).eval().requires_grad_(False)
    load_weights(upscaler, folder.load(UPSCALER), "The upscaler")
    return upscaler
