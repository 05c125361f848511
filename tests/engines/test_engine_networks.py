"""The two networks: shapes, names, numbers that cannot be, and the rewriting that makes painting cheap."""

import json
from dataclasses import replace

import pytest
import torch
import torchvision

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import CLUSTERS, AudioEncoderConfig, FieldsConfig, GeneratorConfig
from s2s_live.engines.sound2scene.costs import encoder_macs
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.netvlad import NetVlad
from s2s_live.engines.sound2scene.presets import BUNDLED_GENERATOR
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.errors import ModelError

SMALL = GeneratorConfig(
    feature_size=12,
    in_channels=(16, 16, 8),
    out_channels=(16, 8, 8),
    z_chunk=3,
    shared_size=10,
    norm="none",
    fields=FieldsConfig(planes=(3, 0, 2), kernels=(3, 3, 1)),
)
OFFICIAL_64 = GeneratorConfig(
    feature_size=2048,
    in_channels=(1024, 1024, 512, 256),
    out_channels=(1024, 512, 256, 128),
    z_chunk=24,
    attention_after=2,
)


def fields_of(config, batch=2):
    return [
        torch.randn(batch, planes, config.block_resolution(i), config.block_resolution(i))
        for i, planes in enumerate(config.fields.planes)
    ]


@pytest.mark.parametrize("depth", [18, 34, 50])
def test_the_encoder_is_torchvisions_resnet_followed_by_relu(depth):
    ours = AudioEncoder(AudioEncoderConfig(depth, 64, 96)).eval()
    theirs = getattr(torchvision.models, f"resnet{depth}")(num_classes=96).eval()
    theirs.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 1, 64, 50)
    with torch.no_grad():
        assert torch.equal(ours(x), torch.relu(theirs(x)))


def test_a_narrow_encoder_has_its_width_everywhere():
    encoder = AudioEncoder(AudioEncoderConfig(18, 8, 5))
    assert encoder.conv1.weight.shape[0] == 8
    assert encoder.fc.weight.shape == (5, 64)
    assert encoder(torch.randn(3, 1, 64, 100)).shape == (3, 5)


def test_the_unit_of_nothing_is_nothing():
    assert not unit(torch.zeros(1, 4)).isnan().any()
    assert torch.allclose(unit(torch.tensor([[3.0, 4.0]])), torch.tensor([[0.6, 0.8]]))


def test_pictures_have_the_promised_shape_and_range():
    picture = Generator(SMALL)(torch.randn(2, 12), unit(torch.rand(2, 12)), fields_of(SMALL))
    assert picture.shape == (2, 3, 32, 32)
    assert picture.abs().max() <= 1


def test_a_longer_z_is_cut():
    generator = Generator(SMALL).eval()
    z, feature, fields = torch.randn(1, 20), unit(torch.rand(1, 12)), fields_of(SMALL, 1)
    assert torch.equal(generator(z, feature, fields), generator(z[:, :12], feature, fields))


def test_every_input_moves_the_picture():
    generator = Generator(SMALL).eval()
    z, feature, fields = torch.randn(1, 12), unit(torch.rand(1, 12)), fields_of(SMALL, 1)
    before = generator(z, feature, fields)
    assert (generator(z + 1, feature, fields) - before).abs().mean() > 1e-3
    assert (generator(z, unit(torch.rand(1, 12)), fields) - before).abs().mean() > 1e-3
    for index in (0, 2):
        moved = [f + (i == index) for i, f in enumerate(fields)]
        assert (generator(z, feature, moved) - before).abs().mean() > 1e-3


def test_missing_fields_are_refused():
    with pytest.raises(ValueError, match="noise fields"):
        Generator(SMALL)(torch.randn(1, 12), torch.rand(1, 12))


def test_official_parameter_names():
    with torch.device("meta"):
        names = set(Generator(OFFICIAL_64).state_dict())
    expected = {"shared_feat.weight", "linear.bias", "blocks.0.0.conv1.weight", "blocks.3.0.conv_sc.bias"}
    expected |= {"blocks.1.0.bn1.gain.weight", "blocks.1.0.bn2.stored_var", "blocks.2.1.theta.weight"}
    expected |= {
        "blocks.2.1.gamma",
        "output_layer.0.stored_mean",
        "output_layer.0.gain",
        "output_layer.2.weight",
    }
    assert expected <= names
    assert not any("grid" in name or "conv_f" in name for name in names)


def test_parameters_of_the_official_64_pixel_generator():
    with torch.device("meta"):
        generator = Generator(OFFICIAL_64)
    assert sum(p.numel() for p in generator.parameters()) == 36_655_876 - 1000 * 128


def test_the_bundled_generator_stays_affordable():
    generator = Generator(BUNDLED_GENERATOR)
    assert BUNDLED_GENERATOR.resolution == 256
    assert sum(p.numel() for p in generator.parameters()) < 4_000_000


@pytest.mark.parametrize("config", [SMALL, OFFICIAL_64, BUNDLED_GENERATOR, AudioEncoderConfig(18, 64, 2048)])
def test_configs_survive_json(config):
    assert type(config).from_json(json.loads(json.dumps(config.to_json()))) == config


@pytest.mark.parametrize(
    "change",
    [
        {"z_chunk": 0},
        {"z_chunk": True},
        {"mapping": 8},
        {"shuffle": 3},
        {"final_kernel": 1},
        {"shuffle": 2, "final_kernel": 2},
        {"shuffle": 2, "fields": {"planes": [3, 0, 0], "kernels": [3, 3, 1], "fine": 2}},
        {"fields": {"planes": [3, 0, 2], "kernels": [3, 3, 1], "mattes": 2}},
        {"shuffle": 2, "fields": {"planes": [3, 0, 2], "kernels": [3, 3, 1], "fine": 2, "mattes": 2}},
        {"fields": {"planes": [3, 0, 2], "kernels": [3, 3, 1], "lines": 1}},
        {"fields": {"planes": [3, 0, 2], "kernels": [3, 3, 1], "templates": -1}},
        {"fields": {"planes": [3, 2, 0], "kernels": [3, 3, 1], "templates": 2}},
        {"in_channels": [16, 16]},
        {"in_channels": [16, 9, 8]},
        {"in_channels": "16"},
        {"norm": "layer"},
        {"attention_after": 3},
        {"fields": {"planes": [1], "kernels": [1]}},
        {"fields": {"planes": [3, 0, 2], "kernels": [3, 2, 1]}},
        {"fields": {"planes": [3, 0, 2]}},
        {"fields": 3},
        {"colour": 1},
    ],
)
def test_impossible_numbers_are_model_errors(change):
    with pytest.raises(ModelError):
        GeneratorConfig.from_json({**SMALL.to_json(), **change})


def test_missing_numbers_are_model_errors():
    with pytest.raises(ModelError, match="width"):
        AudioEncoderConfig.from_json({"depth": 18, "embedding_size": 8})
    with pytest.raises(ModelError, match="depth"):
        AudioEncoderConfig(19, 64, 8)
    with pytest.raises(ModelError):
        AudioEncoderConfig.from_json(["depth"])
    with pytest.raises(ModelError, match="multiple of 8"):
        replace(SMALL, attention_after=1, in_channels=(16, 16, 9), out_channels=(16, 9, 9))


@pytest.mark.parametrize(("depth", "pool"), [(18, "avg"), (34, "avg"), (50, "avg"), (18, "vlad")])
def test_the_encoders_cost_is_counted_right(depth, pool):
    config = AudioEncoderConfig(depth, 16, 24, pool)
    counted = 0

    def count(module, inputs, output):
        nonlocal counted
        if isinstance(module, torch.nn.Conv2d):
            counted += output.numel() * module.weight[0].numel()
        elif isinstance(module, torch.nn.Linear):
            counted += output.numel() * module.in_features
        elif isinstance(module, NetVlad):
            counted += inputs[0].numel() * CLUSTERS

    encoder = AudioEncoder(config).eval()
    for module in encoder.modules():
        module.register_forward_hook(count)
    encoder(torch.zeros(1, 1, 63, 101))
    assert encoder_macs(config, (63, 101)) == counted
