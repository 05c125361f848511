"""What a Sound2Scene model folder says in numbers: networks, front end, families. Loads no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from s2s_live.engines.sound2scene.config import AudioEncoderConfig, GeneratorConfig
from s2s_live.engines.sound2scene.upscaler import UpscalerConfig
from s2s_live.engines.sound2scene.weights import HINT, check_tensor
from s2s_live.errors import ModelError
from s2s_live.features.log_mel import LogMelConfig
from s2s_live.features.log_psd import LogPsdConfig
from s2s_live.features.opening import open_front_end
from s2s_live.store.folder import ModelFolder
from s2s_live.world.channels import FieldConfig

ENGINE = "sound2scene"
AUDIO_ENCODER, GENERATOR, FAMILIES = "audio_encoder", "generator", "families"
UPSCALER = "upscaler"
IMAGE_ENCODER = "image_encoder"


@dataclass(frozen=True)
class Sound2SceneConfig:
    """What a manifest says beside name, licence and files."""

    front_end: LogMelConfig | LogPsdConfig
    audio_encoder: AudioEncoderConfig
    generator: GeneratorConfig
    families: tuple[str, ...]
    """Ids in the order of the prototypes; may be empty."""
    fields: FieldConfig | None = None
    """The noise the generator's blocks take; None exactly where the generator takes none."""
    silence: str = ""
    """The family where the scene rests."""
    temperature: float = 0.1
    """Of the softmax over negative distances to the prototypes."""
    hop_s: float = 0.1
    """Seconds between hearings."""
    upscaler: UpscalerConfig | None = None
    """Where the model has a network for twice the lines."""

    def __post_init__(self) -> None:
        if self.audio_encoder.embedding_size != self.generator.feature_size:
            raise ModelError("Audio encoder and generator do not speak of the same features.", HINT)
        if len(set(self.families)) != len(self.families):
            raise ModelError("The manifest names a family twice.", HINT)
        if self.silence and self.silence not in self.families:
            raise ModelError(f"The manifest's silence, {self.silence!r}, is no family of it.", HINT)
        for name in ("temperature", "hop_s"):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int | float) or not 1e-4 <= number <= 100:
                raise ModelError(f"The manifest's {name} is {number!r}.", HINT)
        self._check_fields()
        if self.upscaler and self.upscaler.planes:
            ends = (self.fields.counts[-1], self.fields.resolutions[-1]) if self.fields else None
            if ends != (self.upscaler.planes, self.generator.resolution):
                raise ModelError("The manifest's noise fields are not those that its upscaler takes.", HINT)

    def _check_fields(self) -> None:
        wanted, given = self.generator.fields, self.fields
        if wanted is None and given is None:
            return
        generator = self.generator
        sizes = tuple(generator.block_resolution(index) for index in range(generator.blocks))
        counts = wanted.planes if wanted else ()
        if wanted and wanted.fine:
            sizes, counts = (*sizes, generator.resolution), (*counts, wanted.fine)
        if wanted is None or given is None or given.counts != counts or given.resolutions != sizes:
            raise ModelError("The manifest's noise fields are not those that its generator takes.", HINT)

    @property
    def layers(self) -> int:
        """Field layers that move by themselves."""
        return self.fields.layers if self.fields else 0

    def to_json(self) -> dict[str, Any]:
        """As the manifest takes it."""
        return {
            "front_end": self.front_end.to_json(),
            "audio_encoder": self.audio_encoder.to_json(),
            "generator": self.generator.to_json(),
            "fields": self.fields.to_dict() if self.fields else None,
            "families": list(self.families),
            "silence": self.silence,
            "temperature": self.temperature,
            "hop_s": self.hop_s,
            "upscaler": self.upscaler.to_json() if self.upscaler else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sound2SceneConfig:
        """Read from a manifest; entries of others are left alone. Raises ModelError."""
        families = data.get("families", [])
        if not isinstance(families, list) or not all(isinstance(name, str) and name for name in families):
            raise ModelError("The manifest's families are not a list of names.", HINT)
        upscaler = data.get("upscaler")
        return cls(
            front_end=open_front_end(data.get("front_end")).config,
            audio_encoder=AudioEncoderConfig.from_json(data.get("audio_encoder", {})),
            generator=GeneratorConfig.from_json(data.get("generator", {})),
            families=tuple(families),
            fields=_read_fields(data.get("fields")),
            silence=data.get("silence", ""),
            temperature=data.get("temperature", cls.temperature),
            hop_s=data.get("hop_s", cls.hop_s),
            upscaler=UpscalerConfig.from_json(upscaler) if upscaler is not None else None,
        )


def _read_fields(data: Any) -> FieldConfig | None:
    if data is None:
        return None
    try:
        return FieldConfig.from_dict(data)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The manifest's noise fields cannot be read ({error}).", HINT) from error


@dataclass(frozen=True)
class Families:
    """Where the families lie among the embeddings and how their scenes move."""

    prototypes: Tensor
    """`[families, D]`, unit."""
    flow: Tensor
    """`[families, layers, 2]`, scene widths per second at full speed."""


def load_families(folder: ModelFolder, config: Sound2SceneConfig) -> Families:
    """The families of a model folder. Raises ModelError where they do not fit its manifest."""
    count, size = len(config.families), config.audio_encoder.embedding_size
    if not count:
        return Families(torch.zeros(0, size), torch.zeros(0, config.layers, 2))
    tensors = folder.load(FAMILIES)
    for name, shape in {"prototypes": (count, size), "flow": (count, config.layers, 2)}.items():
        if name not in tensors:
            raise ModelError(f"The families' file lacks {name}.", HINT)
        check_tensor(tensors[name], shape, f"The families' {name}")
    return Families(functional.normalize(tensors["prototypes"].float(), dim=1), tensors["flow"].float())
