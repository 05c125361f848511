"""The official files of Sound2Scene, IC-GAN and SwAV as a model folder of ours.

Networks are folded in place, written one at a time and let go: importing takes little more memory than they
do in their files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from s2s_live.engines.sound2scene.config import AudioEncoderConfig, GeneratorConfig
from s2s_live.engines.sound2scene.description import (
    AUDIO_ENCODER,
    ENGINE,
    GENERATOR,
    IMAGE_ENCODER,
    Sound2SceneConfig,
)
from s2s_live.engines.sound2scene.image_encoder import FEATURE_SIZE, check_swav, swav_tensors
from s2s_live.engines.sound2scene.official import (
    check_encoder,
    check_generator,
    check_label,
    compare_config,
    encoder_config,
    fix_label,
    fixed_config,
    fold_generator,
    generator_config,
)
from s2s_live.engines.sound2scene.official_files import read_tensors, without_prefixes
from s2s_live.engines.sound2scene.official_folder import GeneratorFiles, find_generator
from s2s_live.engines.sound2scene.seeing import RESNET50
from s2s_live.engines.sound2scene.weights import check_tensor
from s2s_live.errors import ModelError
from s2s_live.features.log_psd import LogPsdConfig
from s2s_live.store.folder import ModelFolder, checksum, write_model_folder

HOP_S = 0.2
"""Seconds between hearings: the official encoder takes 9.5 GMACs for its ten seconds of sound."""
LICENCE = "CC BY-NC 4.0: not for commercial use (LICENCE.txt)"
LICENCE_FILE = "LICENCE.txt"
LICENCE_TEXT = """\
This model was put together on your computer from files that others published. s2s-live's own licence does
not cover it. As a whole it may not be used commercially.

Generator (IC-GAN, Facebook AI Research)
    Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)
    https://creativecommons.org/licenses/by-nc/4.0/legalcode
    Source: https://github.com/facebookresearch/ic_gan
    Its BigGAN parts derive from BigGAN-PyTorch by Andrew Brock, MIT licence.

Image encoder (SwAV, Facebook AI Research), where there is one
    Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)
    https://creativecommons.org/licenses/by-nc/4.0/legalcode
    Source: https://github.com/facebookresearch/swav

Audio encoder (Sound2Scene, Kim Sung-Bin and others)
    Published without a licence at first; the authors' repository has had the MIT licence since 2025. It was
    trained towards the features of SwAV.
    Source: https://github.com/kaist-ami/Sound2Scene

Changes: spectral normalisation is worked into the generator's weights, tensors are stored as safetensors.
"""
HINT = "Choose an audio encoder that was trained for this generator's features."


@dataclass(frozen=True)
class Official:
    """Where the official files lie."""

    audio_encoder: Path
    generator: Path
    """A published folder, or a generator's weights file."""
    image_encoder: Path | None = None


class Sound2SceneImport:
    """The files, opened and found to fit each other; nothing is written before `write`."""

    def __init__(self, files: Official, label: int | None = None) -> None:
        """Open the files.

        `label` makes a class-conditional generator paint this class of ImageNet's 1000 alone, as painting
        live needs it.

        Raises ModelError for whatever is not as published, or does not fit together.
        """
        self.files = files
        self._label = label
        self._found: GeneratorFiles = find_generator(files.generator)
        if files.image_encoder is not None:
            check_swav(swav_tensors(files.image_encoder))  # read again when it is written
        self._encoder = _encoder_tensors(files.audio_encoder)
        self.encoder: AudioEncoderConfig = encoder_config(self._encoder)
        check_encoder(self._encoder, self.encoder)
        self._generator = without_prefixes(read_tensors(self._found.weights), "module.")
        self.generator: GeneratorConfig = generator_config(self._generator)
        if self._found.config is not None:
            compare_config(self._found.config, self.generator, str(self._found.config_file))
        check_generator(self._generator, self.generator)
        self._check_fit()

    @property
    def default_name(self) -> str:
        """What the model is called unless it is given a name."""
        label = "" if self._label is None else f"-class{self._label}"
        return f"sound2scene-{self.generator.resolution}{label}"

    @property
    def summary(self) -> str:
        """Both networks in a line."""
        encoder, generator = self.encoder, self.generator
        pool = "NetVLAD" if encoder.pool == "vlad" else "mean"
        classes = f", {generator.classes} classes" if generator.classes else ""
        return (
            f"ResNet-{encoder.depth} ({pool}) gives {encoder.embedding_size} numbers; "
            f"IC-GAN of {generator.blocks} blocks paints {generator.resolution} lines{classes}"
        )

    @property
    def notes(self) -> list[str]:
        """What a user should know about this model."""
        notes = []
        if self.generator.classes and self._label is None:
            notes.append(
                "This generator paints one of many classes: the control Class chooses it, "
                "or --label fixes one at the import."
            )
        extractor = (self._found.config or {}).get("feature_extractor")
        if extractor == "classification" or (extractor is None and self.generator.classes):
            notes.append(
                "This generator was trained on features of a classifier, the published encoders on "
                "SwAV's: together they paint, but not what is heard or seen."
            )
        return notes

    def write(self, folder: Path, name: str) -> ModelFolder:
        """Write the model folder at once or not at all, and leave the tensors. Raises ModelError."""
        generator = self.generator
        if self._label is not None:
            generator = fixed_config(generator)
        config = Sound2SceneConfig(LogPsdConfig(), self.encoder, generator, families=(), hop_s=HOP_S)
        manifest = {
            "name": name,
            "engine": ENGINE,
            "licence": LICENCE,
            "trained": {"how": "by the authors of Sound2Scene, IC-GAN and SwAV; imported from their files"},
            "origin": self._origin(),
            **config.to_json(),
        }
        if self.files.image_encoder is not None:
            manifest["image_encoder"] = {"network": RESNET50, "feature_size": FEATURE_SIZE}
        return write_model_folder(folder, manifest, self._networks(), {LICENCE_FILE: LICENCE_TEXT})

    def _check_fit(self) -> None:
        wanted = self.generator.feature_size
        if self.encoder.embedding_size != wanted:
            raise ModelError(
                f"The audio encoder gives {self.encoder.embedding_size} numbers, "
                f"and the generator takes features of {wanted}.",
                HINT,
            )
        if self.files.image_encoder is not None and wanted != FEATURE_SIZE:
            raise ModelError(
                f"The image encoder gives {FEATURE_SIZE} numbers, and the generator takes {wanted}.",
                "Leave the image encoder out.",
            )
        if self._label is not None:
            check_label(self.generator, self._label)

    def _networks(self) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
        """Each network's tensors, the largest first; let go as soon as the next is asked for."""
        yield GENERATOR, self._folded()
        self._generator = {}
        yield AUDIO_ENCODER, self._encoder
        self._encoder = {}
        if self.files.image_encoder is not None:
            yield IMAGE_ENCODER, swav_tensors(self.files.image_encoder)

    def _folded(self) -> dict[str, Tensor]:
        folded = fold_generator(self._generator, classes=self.generator.classes > 0)
        if self._label is not None:
            folded = fix_label(folded, self.generator, self._label)
        for name, tensor in folded.items():
            # A weight of zeros has no spectral norm to be divided by.
            check_tensor(tensor, tuple(tensor.shape), f"The generator, folded: {name}")
        return folded

    def _origin(self) -> dict[str, Any]:
        files = {AUDIO_ENCODER: self.files.audio_encoder, GENERATOR: self._found.weights}
        if self.files.image_encoder is not None:
            files[IMAGE_ENCODER] = self.files.image_encoder
        origin: dict[str, Any] = {
            role: {"file": f"{path.resolve().parent.name}/{path.name}", "sha256": checksum(path)}
            for role, path in files.items()
        }
        if self._label is not None:
            origin["label"] = self._label
        return origin


def _encoder_tensors(path: Path) -> dict[str, Tensor]:
    return without_prefixes(read_tensors(path), "module.", "audnet.")
