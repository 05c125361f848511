"""What a Sound2Scene model folder says in numbers: networks, front end, families. Loads no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from s2s_live.engines.base import Floats
from s2s_live.engines.sound2scene.change_detector import LISTENS
from s2s_live.engines.sound2scene.config import OTHER_WEIGHTS, AudioEncoderConfig, GeneratorConfig
from s2s_live.engines.sound2scene.upscaler_config import UpscalerConfig
from s2s_live.errors import ModelError
from s2s_live.features.log_mel import LogMelConfig
from s2s_live.features.log_psd import LogPsdConfig
from s2s_live.features.opening import open_front_end
from s2s_live.store.folder import SUFFIX, ModelFolder
from s2s_live.world.channels import FieldConfig

ENGINE = "sound2scene"
AUDIO_ENCODER, GENERATOR, FAMILIES = "audio_encoder", "generator", "families"
UPSCALER = "upscaler"
IMAGE_ENCODER = "image_encoder"
LANDMARKS = "landmarks"
CHANGES = "change_detector"


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
    """Seconds between looks at the sound, see `EngineSpec`."""
    upscaler: UpscalerConfig | None = None
    """Where the model has a network for twice the lines."""
    landmark_sharpness: float | None = None
    """How sharply what is heard is drawn to the model's landmarks; None where it has none."""

    def __post_init__(self) -> None:
        if self.audio_encoder.embedding_size != self.generator.feature_size:
            raise ModelError("Audio encoder and generator do not speak of the same features.", OTHER_WEIGHTS)
        if len(set(self.families)) != len(self.families):
            raise ModelError("The manifest names a family twice.", OTHER_WEIGHTS)
        if self.silence and self.silence not in self.families:
            raise ModelError(f"The manifest's silence, {self.silence!r}, is no family of it.", OTHER_WEIGHTS)
        for name in ("temperature", "hop_s", "landmark_sharpness"):
            number = getattr(self, name)
            if name == "landmark_sharpness" and number is None:
                continue
            if isinstance(number, bool) or not isinstance(number, int | float) or not 1e-4 <= number <= 100:
                raise ModelError(f"The manifest's {name} is {number!r}.", OTHER_WEIGHTS)
        self._check_fields()
        if self.upscaler and self.upscaler.planes:
            ends = (self.fields.counts[-1], self.fields.resolutions[-1]) if self.fields else None
            if ends != (self.upscaler.planes, self.generator.resolution):
                said = "The manifest's noise fields are not those that its upscaler takes."
                raise ModelError(said, OTHER_WEIGHTS)

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
            said = "The manifest's noise fields are not those that its generator takes."
            raise ModelError(said, OTHER_WEIGHTS)

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
            "landmark_sharpness": self.landmark_sharpness,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sound2SceneConfig:
        """Read from a manifest; entries of others are left alone. Raises ModelError."""
        families = data.get("families", [])
        if not isinstance(families, list) or not all(isinstance(name, str) and name for name in families):
            raise ModelError("The manifest's families are not a list of names.", OTHER_WEIGHTS)
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
            landmark_sharpness=data.get("landmark_sharpness"),
        )


def _read_fields(data: Any) -> FieldConfig | None:
    if data is None:
        return None
    try:
        return FieldConfig.from_dict(data)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The manifest's noise fields cannot be read ({error}).", OTHER_WEIGHTS) from error


@dataclass(frozen=True)
class Families:
    """Where the families lie among the embeddings and how their scenes move."""

    prototypes: Floats
    """`[families, D]`, unit."""
    flow: Floats
    """`[families, layers, 2]`, scene widths per second at full speed."""


def load_families(folder: ModelFolder, config: Sound2SceneConfig) -> Families:
    """The families of a model folder. Raises ModelError where they do not fit its manifest."""
    count, size = len(config.families), config.audio_encoder.embedding_size
    if not count:
        return Families(np.zeros((0, size), np.float32), np.zeros((0, config.layers, 2), np.float32))
    found = {}
    for name, shape in {"prototypes": (count, size), "flow": (count, config.layers, 2)}.items():
        values = folder.load_array(FAMILIES, name)
        if values is None:
            raise ModelError(f"The families' file lacks {name}.", OTHER_WEIGHTS)
        if values.shape != shape or not np.issubdtype(values.dtype, np.floating):
            said = f"{values.dtype} {list(values.shape)}"
            raise ModelError(f"The families' {name} are {said}, not numbers {list(shape)}.", OTHER_WEIGHTS)
        found[name] = values.astype(np.float32)
        if not np.isfinite(found[name]).all():
            raise ModelError(f"The families' {name} hold numbers that are not finite.", OTHER_WEIGHTS)
    lengths = np.linalg.norm(found["prototypes"], axis=1, keepdims=True)
    return Families(found["prototypes"] / np.maximum(lengths, 1e-12), found["flow"])


def load_classes(folder: ModelFolder, config: Sound2SceneConfig) -> Floats | None:
    """Embeddings `[classes, class_size]` of a generator's classes, None where it has none.

    Raises ModelError where they are not those of the manifest.
    """
    if not config.generator.classes:
        return None
    # Hundreds of megabytes, which who opens an engine has verified with the rest.
    table = folder.load_array(GENERATOR, "shared.weight", verified=True)
    if table is None or table.shape != (config.generator.classes, config.generator.class_size):
        raise ModelError("The generator's classes are not those of its manifest.", OTHER_WEIGHTS)
    return np.ascontiguousarray(table, np.float32)


def can_see(folder: ModelFolder) -> bool:
    """Whether the model has an image encoder."""
    return f"{IMAGE_ENCODER}{SUFFIX}" in folder.manifest.files


def detects_changes(folder: ModelFolder, config: Sound2SceneConfig) -> bool:
    """Whether the model has a change detector and ears that it is of use to.

    Raises ModelError where they do not listen through the same front end.
    """
    front_end = config.front_end
    if f"{CHANGES}{SUFFIX}" not in folder.manifest.files:
        return False
    if not isinstance(front_end, LogMelConfig) or replace(front_end, newest_sound=False) != LISTENS:
        raise ModelError("The change detector is of another front end.", OTHER_WEIGHTS)
    return front_end.newest_sound
