"""Official state dicts as ours: which network they are of, by names and shapes, and spectral norm folded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import count, takewhile
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import ENCODER_STAGES, AudioEncoderConfig, GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.weights import FOREIGN, check_weights
from s2s_live.errors import ModelError

SN_EPS = 1e-6
BN_EPS = 1e-5


def encoder_config(tensors: Mapping[str, Tensor]) -> AudioEncoderConfig:
    """Depth, width, pooling and embedding of an audio encoder, from names and shapes.

    Raises ModelError where they are of no such network.
    """
    what = "The audio encoder"
    stages = tuple(_counted(tensors, f"layer{stage}.{{}}.conv1.weight") for stage in range(1, 5))
    bottleneck = "layer1.0.conv3.weight" in tensors
    depth = next((depth for depth, known in ENCODER_STAGES.items() if known == (bottleneck, stages)), None)
    if depth is None:
        raise ModelError(f"{what} is no ResNet of depth {list(ENCODER_STAGES)}: blocks {stages}.", FOREIGN)
    vlad = "avgpool.centroids" in tensors
    width, *_ = _shape(tensors, "conv1.weight", 4, what)
    embedding, _ = _shape(tensors, "fc_.weight" if vlad else "fc.weight", 2, what)
    return AudioEncoderConfig(depth, width, embedding, "vlad" if vlad else "avg")


def check_encoder(tensors: Mapping[str, Tensor], config: AudioEncoderConfig) -> None:
    """Raise ModelError unless these are all tensors of that encoder, by name and shape, and no others."""
    with torch.device("meta"):
        network = AudioEncoder(config)
    check_weights(network.state_dict(), tensors, "The audio encoder", FOREIGN)


def generator_config(tensors: Mapping[str, Tensor]) -> GeneratorConfig:
    """The numbers of an IC-GAN BigGAN generator, from names and shapes.

    Raises ModelError where they are of no such network.
    """
    what = "The generator"
    blocks = _counted(tensors, "blocks.{}.0.conv1.weight")
    if not blocks:
        raise ModelError(f"{what} has no blocks: it is no BigGAN of IC-GAN.", FOREIGN)
    convs = [_shape(tensors, f"blocks.{index}.0.conv1.weight", 4, what) for index in range(blocks)]
    first, chunk = _shape(tensors, "linear.weight", 2, what)
    shared, feature = _shape(tensors, "shared_feat.weight", 2, what)
    _, condition = _shape(tensors, "blocks.0.0.bn1.gain.weight", 2, what)
    attention = [index for index in range(blocks) if f"blocks.{index}.1.gamma" in tensors]
    if len(attention) > 1 or first % convs[0][1]:
        raise ModelError(f"{what} is built otherwise than those of IC-GAN.", FOREIGN)
    config = GeneratorConfig(
        feature_size=feature,
        in_channels=tuple(shape[1] for shape in convs),
        out_channels=tuple(shape[0] for shape in convs),
        z_chunk=chunk,
        shared_size=shared,
        bottom=math.isqrt(first // convs[0][1]),
        attention_after=attention[0] if attention else None,
    )
    if condition == shared + chunk:
        return config
    classes, size = _shape(tensors, "shared.weight", 2, what)
    return replace(config, classes=classes, class_size=size)


def check_generator(tensors: Mapping[str, Tensor], config: GeneratorConfig) -> None:
    """Raise ModelError unless these are all tensors of an official generator of these numbers, and no others.

    That is ours and for each weight the two buffers of its spectral norm. The embedding of labels is there
    without classes too.
    """
    with torch.device("meta"):
        network = Generator(config)
        extra: dict[str, Tensor] = {}
        for stem, module in network.named_modules():
            if isinstance(module, nn.Linear | nn.Conv2d):
                extra[f"{stem}.u0"] = torch.empty(1, module.weight.shape[0])
                extra[f"{stem}.sv0"] = torch.empty(1)
    if not config.classes and "shared.weight" in tensors:
        extra["shared.weight"] = tensors["shared.weight"]  # never used, so of any size
    check_weights({**network.state_dict(), **extra}, tensors, "The generator", FOREIGN)


def compare_config(said: Mapping[str, Any], config: GeneratorConfig, where: str) -> None:
    """Raise ModelError where the configuration beside the weights speaks of another network than they are.

    `said` is what IC-GAN keeps in its `state_dict_best0.pth`; what it leaves out is taken as usual.
    """
    attention = config.attention_after
    expected = {
        "resolution": config.resolution,
        "G_ch": config.in_channels[0] // 16,
        "G_attn": "0" if attention is None else str(config.block_resolution(attention)),
        "shared_dim_feat": config.shared_size,
        "class_cond": config.classes > 0,
        "instance_cond": True,
        "hier": True,
        "G_shared_feat": True,
        "G_nl": "relu",
        "G_param": "SN",
        "num_G_SVs": 1,
        "num_G_SV_itrs": 1,
        "SN_eps": SN_EPS,
        "BN_eps": BN_EPS,
        "norm_style": "bn",
    }
    for name, value in expected.items():
        if name in said and not (isinstance(said[name], int | float | str) and said[name] == value):
            raise ModelError(
                f"{where}: {name} is {said[name]!r}, and the weights, or this program, have {value!r}.",
                "Put the weights and the configuration that belong together into one folder.",
            )
    size = said.get("dim_z")
    if size is not None and not (isinstance(size, int) and size // (config.blocks + 1) == config.z_chunk):
        raise ModelError(f"{where}: dim_z is {size!r}, and the weights take {config.z_size}.", FOREIGN)


def fold_generator(tensors: dict[str, Tensor], *, classes: bool = False) -> dict[str, Tensor]:
    """The same dict of an official generator, every weight divided by its spectral norm in place.

    The official network does that division at each step, from the buffers `u0` (and logs it in `sv0`), which
    therefore go. Without `classes` the embedding of labels goes too: it is there and never used. In place,
    since there are hundreds of megabytes.
    """
    stems = [name.removesuffix(".u0") for name in tensors if name.endswith(".u0")]
    for stem in stems:
        weight = tensors[f"{stem}.weight"]
        weight.div_(spectral_norm(weight, tensors.pop(f"{stem}.u0")))
        tensors.pop(f"{stem}.sv0", None)
    if not classes:
        tensors.pop("shared.weight", None)
    return tensors


def spectral_norm(weight: Tensor, vector: Tensor) -> Tensor:
    """Largest singular value of `weight [out, ...]`, by one power iteration from `vector [1, out]`."""
    matrix = weight.flatten(1)
    right = functional.normalize(vector @ matrix, eps=SN_EPS)
    left = functional.normalize(right @ matrix.T, eps=SN_EPS)
    return (right @ matrix.T @ left.T).squeeze()


def fix_label(tensors: Mapping[str, Tensor], config: GeneratorConfig, label: int) -> dict[str, Tensor]:
    """A folded class-conditional generator as one without classes that always paints this one; exact.

    A label is a constant beside the projected feature: it becomes rows of that projection which look at
    nothing and have the label's numbers as their bias. `fixed_config` gives the numbers of the result.
    Raises ModelError for a label there is not.
    """
    check_label(config, label)
    fixed = {name: tensor for name, tensor in tensors.items() if name != "shared.weight"}
    weight, bias = tensors["shared_feat.weight"], tensors["shared_feat.bias"]
    fixed["shared_feat.weight"] = torch.cat([weight.new_zeros(config.class_size, weight.shape[1]), weight])
    fixed["shared_feat.bias"] = torch.cat([tensors["shared.weight"][label], bias])
    return fixed


def fixed_config(config: GeneratorConfig) -> GeneratorConfig:
    """The numbers of a class-conditional generator whose label `fix_label` has fixed."""
    return replace(config, classes=0, shared_size=config.class_size + config.shared_size)


def check_label(config: GeneratorConfig, label: int) -> None:
    """Raise ModelError unless the generator has this class."""
    if not 0 <= label < config.classes:
        hint = f"Give one of 0..{config.classes - 1}." if config.classes else "Leave --label out."
        raise ModelError(f"The generator has no class {label}.", hint)


def _counted(tensors: Mapping[str, Tensor], name: str) -> int:
    """How many of `name` with 0, 1, 2 ... in it there are, one after the other."""
    return sum(1 for _ in takewhile(lambda index: name.format(index) in tensors, count()))


def _shape(tensors: Mapping[str, Tensor], name: str, axes: int, what: str) -> tuple[int, ...]:
    if name not in tensors:
        raise ModelError(f"{what} lacks {name}.", FOREIGN)
    shape = tuple(tensors[name].shape)
    if len(shape) != axes or not all(shape):
        raise ModelError(f"{what}: {name} has shape {list(shape)}, with {axes} axes expected.", FOREIGN)
    return shape
