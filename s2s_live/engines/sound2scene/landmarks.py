"""Draws what is heard to where pictures lie.

An audio encoder places a sound near the embeddings of the pictures it goes with, often beside them all: where
no picture lies, and where the generator was never taught to paint. One step of retrieval from an associative
memory (Ramsauer et al. 2021, "Hopfield Networks is All You Need", equation 3) with pictures' embeddings as
its patterns leads there from nearby, and between those that are as near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from s2s_live.engines.base import Floats
from s2s_live.engines.sound2scene.config import OTHER_WEIGHTS
from s2s_live.engines.sound2scene.description import LANDMARKS, Sound2SceneConfig
from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder


@dataclass(frozen=True)
class Landmarks:
    """Embeddings of pictures, and how sharply the nearest of them count."""

    embedding: Floats
    """`[N, D]`, unit."""
    sharpness: float
    """Inverse temperature of the softmax over cosine similarities; greater: the nearest alone."""

    def draw(self, latents: Floats) -> Floats:
        """Unit latents `[..., D]` drawn to the landmarks around them, unit."""
        similar = self.sharpness * (latents @ self.embedding.T)
        weights = np.exp(similar - similar.max(axis=-1, keepdims=True))
        mean = weights @ self.embedding
        return np.asarray(mean / np.linalg.norm(mean, axis=-1, keepdims=True), np.float32)


def load_landmarks(folder: ModelFolder, config: Sound2SceneConfig) -> Landmarks | None:
    """The landmarks of a model folder; None where its manifest speaks of none.

    Raises ModelError where they do not fit.
    """
    if config.landmark_sharpness is None:
        return None
    found = folder.load_array(LANDMARKS, "embedding")
    size = config.audio_encoder.embedding_size
    if found is None or found.ndim != 2 or found.shape[1] != size or not len(found):
        said = "nothing" if found is None else f"{found.dtype} {list(found.shape)}"
        raise ModelError(f"The landmarks are {said}, not rows of {size} numbers.", OTHER_WEIGHTS)
    rows = found.astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not (lengths > 0).all():
        raise ModelError("The landmarks hold rows that are no directions.", OTHER_WEIGHTS)
    return Landmarks(rows / lengths, config.landmark_sharpness)
