"""CLIP as judge of what a picture shows: the similarity of pictures and names of categories."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from s2s_live.engines.sound2scene.official_files import read_tensors, without_prefixes
from s2s_live.errors import ModelError

ARCHITECTURE = "ViT-B-32-quickgelu"
"""ViT-B/32 with the activation that OpenAI's weights were trained with."""
PROMPT = "{}"
MISSING = "R@1 and R@5 need the package open_clip: `pip install open_clip_torch`."
_EXTRAS = ("input_resolution", "context_length", "vocab_size")


def available() -> bool:
    """Whether open_clip can be imported."""
    try:
        import open_clip  # noqa: F401
    except ImportError:
        return False
    return True


class ClipJudge:
    """A CLIP of open_clip's, in eval mode.

    Args:
        path: its weights, a state dict with open_clip's names (`open_clip_model.safetensors`).
        architecture: open_clip's name of it.
        prompt: how a category is put in words; `{}` is its name.

    Raises ModelError for an unknown architecture, or weights that cannot be read or do not fit.
    """

    def __init__(self, path: Path, architecture: str = ARCHITECTURE, prompt: str = PROMPT) -> None:
        import open_clip

        if architecture not in open_clip.list_models():
            raise ModelError(f"open_clip knows no {architecture!r}.", f"The usual one is {ARCHITECTURE}.")
        self._model: Any = open_clip.create_model(architecture, load_weights=False)
        self._words: Any = open_clip.get_tokenizer(architecture)
        self._prompt = prompt
        tensors = without_prefixes(read_tensors(path), "module.")
        try:
            self._model.load_state_dict({k: v for k, v in tensors.items() if k not in _EXTRAS})
        except RuntimeError as error:
            said = str(error).split("\n")[1].strip() if "\n" in str(error) else str(error)
            hint = f"Give weights of {architecture} with open_clip's names, or another --clip-architecture."
            raise ModelError(f"{path} does not fit ({said[:160]}).", hint) from error
        self._model.eval().requires_grad_(False)

    @torch.no_grad()
    def categories(self, names: Sequence[str]) -> Tensor:
        """Unit embeddings `[C, D]` of the names in words."""
        texts = self._words([self._prompt.replace("{}", name) for name in names])
        return functional.normalize(self._model.encode_text(texts).float(), dim=1)

    @torch.no_grad()
    def pictures(self, pictures: Tensor) -> Tensor:
        """Unit embeddings `[B, D]` of square pictures `[B, 3, S, S]` in -1..1.

        Resized by an antialiased bicubic filter, as CLIP's own preprocessing does.
        """
        visual = self._model.visual
        size = visual.image_size
        side = size if isinstance(size, tuple) else (size, size)
        resized = functional.interpolate(pictures, side, mode="bicubic", antialias=True).clamp(-1.0, 1.0)
        mean, deviation = (
            torch.tensor(values)[:, None, None] for values in (visual.image_mean, visual.image_std)
        )
        shown = (0.5 * resized + 0.5 - mean) / deviation
        return functional.normalize(self._model.encode_image(shown).float(), dim=1)
