"""The encoder and the generator against the official code's outputs, with weights made from names and shapes.

Runs where S2S_REFERENCE names a folder of references with `fill.py` and `sound2scene/`, or the latter itself.
S2S_REFERENCE_SALT says with which salt they were made.
"""

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder, unit
from s2s_live.engines.sound2scene.config import AudioEncoderConfig, GeneratorConfig
from s2s_live.engines.sound2scene.folding import to_picture, tone_curve
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.live_painting import LivePainting
from s2s_live.engines.sound2scene.official import fold_generator
from s2s_live.engines.sound2scene.weights import load_weights

GIVEN = Path(os.environ.get("S2S_REFERENCE", "nowhere"))
REFERENCE = GIVEN / "sound2scene" if (GIVEN / "sound2scene").is_dir() else GIVEN
SALT = os.environ.get("S2S_REFERENCE_SALT", "public")
FILL = REFERENCE.parent / "fill.py"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (REFERENCE / "golden.npz").is_file() or not FILL.is_file(),
        reason="S2S_REFERENCE names no folder with sound2scene/golden.npz and fill.py",
    ),
]
RES64 = "icgan_biggan_imagenet_res64"


@pytest.fixture(scope="module")
def fill():
    spec = importlib.util.spec_from_file_location("fill", FILL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def golden():
    with np.load(REFERENCE / "golden.npz", allow_pickle=False) as file:
        wanted = [name for name in file.files if name.startswith((f"gen/{RES64}/", "enc/r18_avgpool/rand"))]
        return {name: file[name] for name in wanted}


def weights_of(fill, model):
    manifest = json.loads((REFERENCE / "manifest" / f"{model}.json").read_text())["tensors"]
    filled = fill.fill_state_dict(manifest, salt=SALT)
    return {name: torch.as_tensor(array * manifest[name].get("gain", 1)) for name, array in filled.items()}


def noise(fill, name, shape):
    flat = fill.fill_tensor("input." + name, (int(np.prod(shape)),), salt=SALT)
    return torch.from_numpy(10 * flat.reshape(shape))


def sampled(array, length):
    flat = np.asarray(array).ravel()
    return flat if length == flat.size else flat[(np.arange(length) * (flat.size - 1)) // (length - 1)]


def test_the_audio_encoder_is_the_official_one(fill, golden):
    encoder = AudioEncoder(AudioEncoderConfig(18, 64, 2048)).eval()
    weights = weights_of(fill, "audio_encoder_r18_avgpool")
    load_weights(
        encoder, {name.removeprefix("audnet."): tensor for name, tensor in weights.items()}, "official"
    )
    with torch.no_grad():
        ours = encoder(noise(fill, "enc", (2, 1, 257, 98))).numpy()
    theirs = golden["enc/r18_avgpool/rand/emb"].ravel()
    np.testing.assert_allclose(sampled(ours, theirs.size), theirs, atol=1e-4 * np.abs(theirs).max())


def test_the_generator_and_its_rewriting_are_the_official_one(fill, golden):
    config = GeneratorConfig(
        feature_size=2048,
        in_channels=(1024, 1024, 512, 256),
        out_channels=(1024, 512, 256, 128),
        z_chunk=24,
        attention_after=2,
    )
    generator = Generator(config).eval().requires_grad_(False)
    load_weights(generator, fold_generator(weights_of(fill, RES64)), "official")
    z = noise(fill, "z." + RES64, (2, 120))
    feature = unit(noise(fill, "feats." + RES64, (2, 2048)).abs())
    ours = generator(z, feature).numpy()
    theirs = golden[f"gen/{RES64}/image"].ravel()
    np.testing.assert_allclose(sampled(ours, theirs.size), theirs, atol=2e-4)
    painting = LivePainting(generator, None).eval()
    levels = painting(z[:1], feature[:1], torch.from_numpy(tone_curve())).numpy()
    assert np.abs(to_picture(levels) - (ours[0].transpose(1, 2, 0) + 1) * 127.5).max() <= 0.51
