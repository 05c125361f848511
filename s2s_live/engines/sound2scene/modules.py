"""The modules that painting networks are made of, from a model folder's weights."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from s2s_live.engines.sound2scene.description import Sound2SceneConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.live_painting import LivePainting, StillPlanes
from s2s_live.engines.sound2scene.loading import load_generator, load_upscaler
from s2s_live.engines.sound2scene.upscaler import Upscaler
from s2s_live.store.folder import ModelFolder


@dataclass(frozen=True)
class PaintingModules:
    """What paints, and the noise it takes."""

    config: Sound2SceneConfig
    generator: Generator
    upscaler: Upscaler | None
    """Where pictures are to have twice the lines."""

    @classmethod
    def load(cls, folder: ModelFolder, config: Sound2SceneConfig, *, fine: bool) -> PaintingModules:
        """Read them from a folder. Raises ModelError."""
        upscaler = load_upscaler(folder, config) if fine else None
        return cls(config, load_generator(folder, config), upscaler)

    def painting(self) -> nn.Module:
        """The network that paints a frame."""
        return LivePainting(self.generator, self.config.fields, self.upscaler).eval()

    def still(self) -> nn.Module:
        """The network that works out what stands still in the scenes of a seed."""
        if self.config.fields is None:
            raise ValueError("this model takes no noise fields")
        return StillPlanes(self.generator, self.config.fields, self.upscaler).eval()
