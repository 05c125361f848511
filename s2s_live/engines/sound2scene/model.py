"""A Sound2Scene model folder with its weights in their networks: reading and writing it whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.change_network import ChangeNetwork
from s2s_live.engines.sound2scene.description import (
    AUDIO_ENCODER,
    CHANGES,
    ENGINE,
    FAMILIES,
    GENERATOR,
    IMAGE_ENCODER,
    LANDMARKS,
    UPSCALER,
    Families,
    Sound2SceneConfig,
    detects_changes,
    load_families,
)
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.landmarks import Landmarks, load_landmarks
from s2s_live.engines.sound2scene.loading import load_generator, load_upscaler
from s2s_live.engines.sound2scene.seeing import SMALL
from s2s_live.engines.sound2scene.upscaler import Upscaler
from s2s_live.engines.sound2scene.weights import load_weights
from s2s_live.engines.sound2scene.world_encoder import WorldEncoder
from s2s_live.store.folder import ModelFolder, write_model_folder

__all__ = [
    "Families",
    "Sound2SceneConfig",
    "Sound2SceneModel",
    "load_audio_encoder",
    "load_change_network",
    "load_generator",
    "load_model",
    "write_model",
]


@dataclass(frozen=True)
class Sound2SceneModel:
    """Networks in eval mode, their weights loaded."""

    config: Sound2SceneConfig
    audio_encoder: AudioEncoder
    generator: Generator
    families: Families
    upscaler: Upscaler | None = None
    image_encoder: WorldEncoder | None = None
    """Only written: who looks at pictures reads it by itself (`Sight`)."""
    landmarks: Landmarks | None = None
    change_network: ChangeNetwork | None = None


def load_audio_encoder(folder: ModelFolder, config: Sound2SceneConfig) -> AudioEncoder:
    """The audio encoder of a model folder, in eval mode. Raises ModelError where it does not fit."""
    encoder = AudioEncoder(config.audio_encoder)
    encoder.eval().requires_grad_(False)
    load_weights(encoder, folder.load(AUDIO_ENCODER), "The audio encoder")
    return encoder


def load_change_network(folder: ModelFolder) -> ChangeNetwork:
    """The network of a model that `detects_changes`, in eval mode. Raises ModelError for other weights."""
    network = ChangeNetwork().eval().requires_grad_(False)
    load_weights(network, folder.load(CHANGES), "The change detector")
    return network


def load_model(folder: ModelFolder) -> Sound2SceneModel:
    """Read a whole model folder. Raises ModelError for whatever does not fit."""
    config = Sound2SceneConfig.from_json(folder.data)
    return Sound2SceneModel(
        config,
        load_audio_encoder(folder, config),
        load_generator(folder, config),
        load_families(folder, config),
        load_upscaler(folder, config),
        landmarks=load_landmarks(folder, config),
        change_network=load_change_network(folder) if detects_changes(folder, config) else None,
    )


def write_model(
    folder: Path,
    model: Sound2SceneModel,
    *,
    name: str,
    licence: str,
    trained: Mapping[str, Any],
) -> ModelFolder:
    """Write a model folder that `load_model` reads. `trained` tells how it was made. Raises ModelError."""
    manifest = {
        "name": name,
        "engine": ENGINE,
        "licence": licence,
        "trained": dict(trained),
        **model.config.to_json(),
    }
    weights: dict[str, Mapping[str, Tensor]] = {
        AUDIO_ENCODER: model.audio_encoder.state_dict(),
        GENERATOR: model.generator.state_dict(),
    }
    if model.config.families:
        weights[FAMILIES] = {
            "prototypes": torch.from_numpy(model.families.prototypes),
            "flow": torch.from_numpy(model.families.flow),
        }
    if model.upscaler is not None:
        weights[UPSCALER] = model.upscaler.state_dict()
    if model.landmarks is not None:
        weights[LANDMARKS] = {"embedding": torch.from_numpy(model.landmarks.embedding).half()}
    if model.change_network is not None:
        weights[CHANGES] = model.change_network.state_dict()
    if model.image_encoder is not None:
        size = model.image_encoder.head.out_features
        manifest["image_encoder"] = {"network": SMALL, "feature_size": size}
        weights[IMAGE_ENCODER] = model.image_encoder.state_dict()
    return write_model_folder(folder, manifest, weights)
