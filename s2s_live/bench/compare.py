"""How much faster than the published program Sound2Scene's official networks run here, side by side.

Both hear a clip of ten seconds and paint one picture of 128x128, batch 1, the same threads, random weights:
speed does not depend on what was learnt. The published program computes the whole spectrogram, runs the
networks as they are written, in eager PyTorch, and doubles maps before it convolves them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from s2s_live.bench.machine import describe
from s2s_live.engines.runtime import (
    Floats,
    Runtime,
    embedding_leeway,
    open_runtime,
    picture_leeway,
    psnr,
)
from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder, UnitEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig, GeneratorConfig
from s2s_live.engines.sound2scene.folding import stages
from s2s_live.engines.sound2scene.generator import Block, Generator, upsample
from s2s_live.engines.sound2scene.levels import tone_curve
from s2s_live.engines.sound2scene.live_painting import LivePainting
from s2s_live.features.log_psd import (
    OFFICIAL_SAMPLES,
    SAMPLE_RATE,
    LogPsd,
    LogPsdConfig,
    official_log_psd,
)

OFFICIAL_128 = GeneratorConfig(
    feature_size=2048,
    in_channels=(1536, 1536, 768, 384, 192),
    out_channels=(1536, 768, 384, 192, 96),
    z_chunk=20,
    attention_after=3,
)
"""`icgan_biggan_imagenet_res128`."""
OFFICIAL_ENCODER = AudioEncoderConfig(depth=18, width=64, embedding_size=2048)
MODEL = {"name": "icgan_biggan_imagenet_res128 and its ResNet-18, random weights", "hash": None}
HOP_S = 0.1
ROUNDS = 7
SAMPLES = 12
"""Scenes and sounds that 8-bit ranges are measured and compared on."""


class Published(nn.Module):
    """A generator computed as it is published: maps are doubled first, nothing is folded."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, z: Tensor, feature: Tensor) -> Tensor:
        """As `Generator`."""
        h, conditions = self.generator.begin(z, feature)
        for (block, after), q in zip(stages(self.generator), conditions, strict=True):
            h = _as_published(block, h, q)
            for module in after:
                h = module(h)
        return self.generator.finish(h)


def _as_published(block: Block, h: Tensor, q: Tensor) -> Tensor:
    a = functional.relu(block.bn1(h, q))
    a = functional.conv2d(upsample(a), block.conv1.weight, block.conv1.bias, padding=1)
    a = block.conv2(functional.relu(block.bn2(a, q)))
    return torch.add(a, block.conv_sc(upsample(h)))


@dataclass(frozen=True)
class Pair:
    """The official networks, as published and as they run in a show."""

    hear: UnitEncoder
    paint: Published
    paints: LivePainting
    """The same, folded."""
    hearing: Runtime
    painting: Runtime
    z: Floats


def compare(threads: int, *, reduced: bool) -> dict[str, object]:
    """Figures of one run; `reduced` gives both networks the leeway that they have in a show."""
    torch.set_num_threads(threads)
    pair = open_pair(threads, reduced=reduced)
    sound = swelling_noise()
    stream = LogPsd(LogPsdConfig())
    hop = round(HOP_S * SAMPLE_RATE)
    stream.push(sound[:-hop])
    window = official_log_psd(sound)[None, None].astype(np.float32)
    with torch.inference_mode():
        feature = pair.hear(torch.from_numpy(window))
    inputs = [pair.z, feature.numpy(), tone_curve()]

    def ours() -> NDArray[Any]:
        stream.push(sound[-hop:])
        heard = pair.hearing.run(stream.window()[None])
        return pair.painting.run(pair.z, heard, tone_curve())

    whole = _race(lambda: _published(pair, sound), ours)
    alone = _race(lambda: pair.paint(torch.from_numpy(pair.z), feature), lambda: pair.painting.run(*inputs))
    heard = _race(lambda: pair.hear(torch.from_numpy(window)), lambda: pair.hearing.run(window))
    expected, painted = _published(pair, sound)[0], _ours_afresh(pair, sound)
    return {
        "official_speedup": round(whole[0] / whole[1], 2),
        "generator_speedup": round(alone[0] / alone[1], 2),
        "published_ms": round(1e3 * whole[0], 1),
        "ours_ms": round(1e3 * whole[1], 1),
        "psnr_db": round(psnr(painted, expected), 1),
        "largest_difference": float(np.abs(painted - expected).max()),
        "contrast": round(float(expected.std()), 3),
        "runtime": {"hearing": pair.hearing.name, "painting": pair.painting.name},
        "threads": threads,
        **_over_floor("paint", pair.painting.name, pair.paints, inputs, alone[1], threads),
        **_over_floor("hear", pair.hearing.name, pair.hear, [window], heard[1], threads),
    }


def _over_floor(
    stage: str, kind: str, network: nn.Module, inputs: Sequence[Floats], seconds: float, threads: int
) -> dict[str, object]:
    """How far a stage is from what this processor could do at best; None where OpenVINO does not run it."""
    if not kind.startswith("openvino"):
        return {f"{stage}_over_floor": None}
    from s2s_live.bench.floor import measure_floor
    from s2s_live.engines.openvino_convert import convert

    floor = measure_floor(convert(network, inputs), kind, threads)
    return {
        f"{stage}_over_floor": round(seconds / floor.seconds, 2),
        f"{stage}_floor": {
            "ms": round(1e3 * seconds, 1),
            "floor_ms": round(1e3 * floor.seconds, 1),
            "gmacs": round(floor.gmacs, 2),
            "gmacs_per_s": round(floor.gmacs_per_s, 1),
        },
    }


def run_comparison(threads: int) -> dict[str, object]:
    """`official_speedup` and what belongs to it, on the processor: in 32 bits, and with a show's leeway."""
    figures: dict[str, object] = {"machine": describe(), "model": MODEL}
    figures["fp32"] = compare(threads, reduced=False)
    figures["reduced"] = compare(threads, reduced=True)
    return figures


def open_pair(threads: int, *, reduced: bool, device: str = "cpu") -> Pair:
    """The official networks with random weights; ours on `device`, with a show's leeway where `reduced`."""
    torch.manual_seed(0)
    encoder = UnitEncoder(AudioEncoder(OFFICIAL_ENCODER)).eval().requires_grad_(False)
    generator = Generator(OFFICIAL_128).eval().requires_grad_(False)
    rng = np.random.default_rng(0)
    z = rng.standard_normal((1, OFFICIAL_128.z_size)).astype(np.float32)
    frames = LogPsdConfig().frames
    hearing = open_runtime(
        lambda: encoder,
        lambda: [np.zeros((1, 1, 257, frames), np.float32)],
        device=device,
        threads=threads,
        leeway=embedding_leeway(_windows, whole_numbers=True) if reduced else None,
    )
    scenes = list(_scenes(rng))
    folded = LivePainting(generator, None).eval()
    painting = open_runtime(
        lambda: folded,
        lambda: scenes[0],
        device=device,
        threads=threads,
        leeway=picture_leeway(lambda: scenes) if reduced else None,
    )
    return Pair(encoder, Published(generator), folded, hearing, painting, z)


def _scenes(rng: np.random.Generator) -> Sequence[list[Floats]]:
    found = []
    for _ in range(SAMPLES):
        feature = np.abs(rng.standard_normal((1, OFFICIAL_128.feature_size))).astype(np.float32)
        z = rng.standard_normal((1, OFFICIAL_128.z_size)).astype(np.float32)
        found.append([z, feature / np.linalg.norm(feature), tone_curve()])
    return found


def _windows() -> Sequence[list[Floats]]:
    """Spectrograms of other sounds than the one that is compared."""
    sounds = (swelling_noise(seed) for seed in range(2, 2 + SAMPLES))
    return [[official_log_psd(sound)[None, None].astype(np.float32)] for sound in sounds]


def swelling_noise(seed: int = 1) -> Floats:
    """Ten seconds of noise that swells."""
    rng = np.random.default_rng(seed)
    swell = 0.2 + 0.15 * np.sin(np.arange(OFFICIAL_SAMPLES) / SAMPLE_RATE)
    return (swell * rng.standard_normal(OFFICIAL_SAMPLES)).clip(-1.0, 1.0).astype(np.float32)


def _published(pair: Pair, sound: Floats) -> Floats:
    window = official_log_psd(sound)[None, None].astype(np.float32)
    with torch.inference_mode():
        picture: Floats = pair.paint(torch.from_numpy(pair.z), pair.hear(torch.from_numpy(window))).numpy()
    return picture


def _ours_afresh(pair: Pair, sound: Floats) -> Floats:
    """From the samples to the picture, `[3, S, S]` in -1..1, in a stream that heard nothing before."""
    stream = LogPsd(LogPsdConfig())
    stream.push(sound)
    heard = pair.hearing.run(stream.window()[None])
    return _picture(pair.painting.run(pair.z, heard, tone_curve()))


def _race(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """Median seconds of either, turn by turn: what holds up the machine holds up both."""
    times: tuple[list[float], list[float]] = ([], [])
    with torch.inference_mode():
        for _ in range(ROUNDS + 1):
            for run, found in zip((first, second), times, strict=True):
                begun = time.perf_counter()
                run()
                found.append(time.perf_counter() - begun)
    # The first round warms up.
    slow, fast = (float(np.median(found[1:])) for found in times)
    return slow, fast


def _picture(levels: NDArray[Any]) -> Floats:
    """What painting gives, `[1, n, n, 12]` levels 0.5..255.5 or bytes, as `[3, 2n, 2n]` in -1..1."""
    middle = 0.0 if levels.dtype == np.uint8 else 0.5
    _, count, _, _ = levels.shape
    pixels = levels.reshape(count, count, 2, 2, 3).transpose(4, 0, 2, 1, 3).reshape(3, 2 * count, 2 * count)
    return ((pixels - middle) / 127.5 - 1.0).astype(np.float32)
