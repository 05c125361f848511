"""The networks against the official code's outputs, with weights made from names and shapes."""

from functools import partial

import numpy as np
import pytest
import soundfile
import torch

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.image_encoder import load_swav
from s2s_live.engines.sound2scene.image_input import feature_input
from s2s_live.engines.sound2scene.levels import to_picture, tone_curve
from s2s_live.engines.sound2scene.live_painting import LivePainting
from s2s_live.engines.sound2scene.official import (
    check_encoder,
    check_generator,
    compare_config,
    encoder_config,
    fix_label,
    fixed_config,
    fold_generator,
    generator_config,
    spectral_norm,
)
from s2s_live.engines.sound2scene.official_files import without_prefixes
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.engines.sound2scene.weights import load_weights
from s2s_live.features.log_psd import official_log_psd

pytestmark = pytest.mark.slow
ENCODERS = [
    ("r18_avgpool", 12_220_864),
    ("r18_vlad", 27_965_904),
    ("r34_avgpool", 22_329_024),
    ("r34_vlad", 38_074_064),
    ("r50_avgpool", 27_698_112),
    ("r101_avgpool", 46_690_240),
    ("r152_avgpool", 62_333_888),
]
RES64 = "icgan_biggan_imagenet_res64"
GENERATORS = [
    RES64,
    "icgan_biggan_imagenet_res128",
    "icgan_biggan_imagenet_res256",
    "icgan_biggan_imagenet_res256_halfcap",
    "icgan_biggan_coco_res128",
    "icgan_biggan_coco_res256",
    "cc_icgan_biggan_imagenet_res64",
    "cc_icgan_biggan_imagenet_res128",
    "cc_icgan_biggan_imagenet_res256",
    "cc_icgan_biggan_imagenet_res256_halfcap",
]


@pytest.fixture(autouse=True)
def no_gradients():
    with torch.no_grad():
        yield


def watched(modules):
    """What these modules, by name, give; filled when they run."""
    outputs = {}

    def keep(name, _module, _inputs, output):
        outputs[name] = output.clone()  # what follows may write into it

    for name, module in modules.items():
        module.register_forward_hook(partial(keep, name))
    return outputs


def official_encoder(reference, name):
    weights = without_prefixes(reference.weights(f"audio_encoder_{name}"), "audnet.")
    config = encoder_config(weights)
    check_encoder(weights, config)
    encoder = AudioEncoder(config).eval()
    load_weights(encoder, weights, "official")
    return encoder


@pytest.mark.parametrize(("name", "parameters"), ENCODERS)
def test_the_audio_encoders(reference, name, parameters):
    encoder = official_encoder(reference, name)
    assert sum(parameter.numel() for parameter in encoder.parameters()) == parameters
    # The official pooling is watched before the last layer, its embedding after the ReLU that follows.
    inputs = {"rand": reference.noise("enc", (2, 1, 257, 98))}
    if reference.keys(f"enc/{name}/file10s/"):
        clip, _ = soundfile.read(reference.root / "file10s.wav", dtype="float64")
        inputs["file10s"] = torch.from_numpy(official_log_psd(clip)).float()[None, None]
    stages = ["maxpool", "layer1", "layer2", "layer3", "layer4"]
    outputs = watched({stage: getattr(encoder, stage) for stage in stages})
    tolerance = 1e-3 if "vlad" in name else 1e-4
    for case, spectrogram in inputs.items():
        keys = reference.keys(f"enc/{name}/{case}/")
        assert {"pooled", "emb"} <= {key.rpartition("/")[2] for key in keys}
        outputs["emb"] = encoder(spectrogram)
        outputs["pooled"] = encoder.pooled(spectrogram)
        for key in keys:
            reference.check(key, outputs[key.rpartition("/")[2]], of_max=tolerance)


@pytest.mark.parametrize("legacy", [False, True])
def test_the_image_encoder(reference, tmp_path, legacy):
    path = tmp_path / "swav.pth.tar"
    torch.save(
        reference.weights("swav_resnet50"), path, _use_new_zipfile_serialization=not legacy
    )  # SwAV's own file is of the older kind
    encoder = load_swav(path)
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 23_508_032
    outputs = watched({"layer4": encoder.layer4})
    inputs = {
        "file": feature_input(reference.root / "frame.jpg")[None],
        "rand": reference.noise("swav", (1, 3, 224, 224)),
    }
    for case, pictures in inputs.items():
        outputs["features"] = encoder(pictures)
        outputs["unit_features"] = unit(outputs["features"])
        keys = reference.keys(f"swav/{case}/")
        assert len(keys) >= 2
        for key in keys:
            reference.check(key, outputs[key.rpartition("/")[2]], of_max=1e-4)


def official_generator(reference, name):
    """(generator, spectral norms in the official order, folded weights)."""
    manifest, weights = reference.manifest(name), reference.weights(name)
    config = generator_config(weights)
    compare_config(manifest["config"], config, name)
    check_generator(weights, config)
    assert (config.z_chunk, config.z_size) == (manifest["z_chunk"], manifest["dim_z_effective"])
    sigmas = [
        spectral_norm(weights[f"{stem}.weight"], weights[f"{stem}.u0"]).item()
        for stem in manifest["spectral_norm_modules"]
    ]
    folded = fold_generator(weights, classes=config.classes > 0)
    with torch.device("meta"):
        generator = Generator(config)
    generator.load_state_dict(folded, assign=True)
    rest = {name for name, _ in generator.named_buffers()} - set(folded)
    assert all(name.startswith("grid") for name in rest)
    return generator.eval(), sigmas, folded


def inputs_of(reference, name, config):
    z = reference.noise("z." + name, (2, config.z_size))
    feature = unit(reference.noise("feats." + name, (2, config.feature_size)).abs())
    label = torch.from_numpy(reference.golden["gen/labels"]) if config.classes else None
    return z, feature, label


@pytest.mark.parametrize("name", GENERATORS)
def test_the_generators(reference, name):
    generator, sigmas, _ = official_generator(reference, name)
    z, feature, label = inputs_of(reference, name, generator.config)
    outputs = watched(
        {
            f"block{index}.{part}": module
            for index, stage in enumerate(generator.blocks)
            for part, module in enumerate(stage)
        }
    )
    outputs["image"] = generator(z, feature, label=label)
    outputs["sigma"] = np.array(sigmas)
    conditions = generator.begin(z, feature, label)[1]
    outputs["y"] = conditions[0][:, : -generator.config.z_chunk]
    keys = reference.keys(f"gen/{name}/")
    assert len(keys) == len(outputs)
    for key in keys:
        part = key.rpartition("/")[2]
        accept = {"absolute": 2e-4} if part == "image" else {"of_max": 1e-4}
        reference.check(key, outputs[part], **accept)


def test_a_fixed_label_paints_what_the_official_generator_paints_with_it(reference):
    name = "cc_icgan_biggan_imagenet_res64"
    generator, _, folded = official_generator(reference, name)
    z, feature, labels = inputs_of(reference, name, generator.config)
    pictures = []
    for row, label in enumerate(labels.tolist()):
        fixed = Generator(fixed_config(generator.config)).eval()
        load_weights(fixed, fix_label(folded, generator.config, label), "fixed")
        pictures.append(fixed(z[row : row + 1], feature[row : row + 1]))
    reference.check(f"gen/{name}/image", torch.cat(pictures), absolute=2e-4)


def test_gradients_for_inversion(reference):
    generator, _, _ = official_generator(reference, RES64)
    generator.requires_grad_(False)
    z, feature, _ = inputs_of(reference, RES64, generator.config)
    target = torch.tanh(reference.noise("target", (2, 3, 64, 64)))
    with torch.enable_grad():
        z.requires_grad_()
        feature.requires_grad_()
        mse = torch.nn.functional.mse_loss(generator(z, feature), target)
        mse.backward()
    for key, found in {"mse": mse.detach(), "grad_z": z.grad, "grad_feats": feature.grad}.items():
        reference.check(f"gen/inversion/{key}", found, of_max=1e-3)


def test_painting_live_is_the_official_generator(reference):
    generator, _, folded = official_generator(reference, RES64)
    whole = Generator(generator.config).eval().requires_grad_(False)
    load_weights(whole, folded, "official")
    z, feature, _ = inputs_of(reference, RES64, generator.config)
    ours = whole(z, feature).numpy()
    levels = LivePainting(whole, None).eval()(z[:1], feature[:1], torch.from_numpy(tone_curve())).numpy()
    assert np.abs(to_picture(levels) - (ours[0].transpose(1, 2, 0) + 1) * 127.5).max() <= 0.51
