"""The official networks beside the generator: NetVLAD as written down, SwAV as torchvision's ResNet-50."""

import pytest
import torch
import torchvision

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig, GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.image_encoder import SwavEncoder, load_swav
from s2s_live.engines.sound2scene.netvlad import NetVlad
from s2s_live.engines.sound2scene.official import compare_config, encoder_config
from s2s_live.errors import ModelError


def vlad_by_places(pool, maps):
    """The same, place by place and cluster by cluster."""
    clusters, features = pool.centroids.shape
    result = torch.zeros(len(maps), clusters, features)
    for index, picture in enumerate(maps):
        for place in picture.flatten(1).T:
            x = place / place.norm()
            scores = pool.conv.weight.flatten(1) @ x + pool.conv.bias
            for k, share in enumerate(scores.softmax(0)):
                result[index, k] += share * (x - pool.centroids[k])
    result = result / result.norm(dim=2, keepdim=True)
    flat = result.flatten(1)
    return flat / flat.norm(dim=1, keepdim=True)


@torch.no_grad()
@pytest.mark.parametrize("size", [(1, 1), (3, 4), (5, 2)])
def test_netvlad_is_its_definition(size):
    torch.manual_seed(0)
    pool = NetVlad(6, clusters=4)
    pool.conv.weight.mul_(0.02)  # as it begins, every place goes to one cluster wholly
    pool.conv.bias.normal_()
    maps = torch.randn(2, 6, *size)
    torch.testing.assert_close(pool(maps), vlad_by_places(pool, maps), rtol=1e-5, atol=1e-6)
    assert pool(maps).norm(dim=1) == pytest.approx(1.0, abs=1e-5)


def test_netvlad_begins_as_the_official_one():
    pool = NetVlad(6, clusters=4)
    assert 0.0 <= pool.centroids.min() < pool.centroids.max() < 1.0
    assert torch.equal(pool.conv.weight.flatten(1), 200.0 * pool.centroids)
    assert torch.equal(pool.conv.bias, -100.0 * pool.centroids.norm(dim=1))
    encoder = AudioEncoder(AudioEncoderConfig(18, 4, 8, "vlad"))
    assert torch.equal(encoder.avgpool.conv.weight.flatten(1), 200.0 * encoder.avgpool.centroids)


@pytest.mark.parametrize(("depth", "parameters"), [(18, 27_965_904), (34, 38_074_064)])
def test_encoders_that_pool_with_netvlad(depth, parameters):
    config = AudioEncoderConfig(depth, 64, 2048, "vlad")
    with torch.device("meta"):
        encoder = AudioEncoder(config)
    assert sum(parameter.numel() for parameter in encoder.parameters()) == parameters
    assert encoder_config(encoder.state_dict()) == config
    assert encoder(torch.empty(2, 1, 257, 98, device="meta")).shape == (2, 2048)


@pytest.mark.parametrize(("depth", "pool"), [(50, "vlad"), (18, "max"), (152, "vlad")])
def test_poolings_that_there_are_not(depth, pool):
    with pytest.raises(ModelError):
        AudioEncoderConfig(depth, 64, 2048, pool)


def test_a_manifest_of_before_pools_with_the_mean():
    assert AudioEncoderConfig.from_json({"depth": 18, "width": 8, "embedding_size": 4}).pool == "avg"


@torch.no_grad()
@pytest.mark.parametrize("suffix", [".pth.tar", ".safetensors"])
def test_swav_is_the_resnet_without_its_last_layer(tmp_path, suffix):
    import safetensors.torch

    theirs = torchvision.models.resnet50().eval()
    # A classifier's file holds the last layer too, SwAV's its own heads, and counters may be missing.
    tensors = {f"module.{name}": value for name, value in theirs.state_dict().items() if "num_" not in name}
    tensors["module.projection_head.0.weight"] = torch.ones(2, 2)
    path = tmp_path / f"swav{suffix}"
    if suffix == ".safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        # As the classifier of ImageNet-LT is published, that some generators of IC-GAN were trained with.
        torch.save({"state_dict_best": {"feat_model": tensors, "classifier": {"x": torch.ones(1)}}}, path)
    ours = load_swav(path)
    assert not any(parameter.requires_grad for parameter in ours.parameters())
    theirs.fc = torch.nn.Identity()
    pictures = torch.randn(1, 3, 64, 64)
    assert torch.equal(ours(pictures), theirs(pictures))
    torch.save({**tensors, "module.conv2d.weight": torch.ones(1)}, tmp_path / "other.pth")
    with pytest.raises(ModelError, match=r"unknown.*conv2d"):
        load_swav(tmp_path / "other.pth")


def test_swav_has_as_many_parameters_as_published():
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in SwavEncoder().parameters()) == 23_508_032


SIZES = {
    64: ((16, 16, 8, 4), (16, 8, 4, 2), 24, 2),
    128: ((16, 16, 8, 4, 2), (16, 8, 4, 2, 1), 20, 3),
    256: ((16, 16, 8, 8, 4, 2), (16, 8, 8, 4, 2, 1), 17, 3),
}


@pytest.mark.parametrize(
    ("resolution", "width", "classes", "parameters"),
    [
        (64, 64, 0, 36_655_876),
        (128, 96, 0, 77_160_132),
        (256, 96, 0, 90_014_340),
        (256, 64, 0, 42_860_804),
        (128, 48, 0, 22_271_076),
        (256, 48, 0, 25_861_956),
        (64, 64, 1000, 37_868_292),
        (128, 96, 1000, 79_052_484),
        (256, 96, 1000, 92_299_908),
        (256, 64, 1000, 44_384_516),
    ],
)
def test_every_published_generator_has_its_size(resolution, width, classes, parameters):
    wide, narrow, chunk, attention = SIZES[resolution]
    config = GeneratorConfig(
        feature_size=2048,
        in_channels=tuple(width * times for times in wide),
        out_channels=tuple(width * times for times in narrow),
        z_chunk=chunk,
        attention_after=attention,
        classes=classes,
    )
    said = {"resolution": resolution, "G_ch": width, "dim_z": 120, "class_cond": classes > 0}
    compare_config({**said, "G_attn": "32" if resolution == 64 else "64"}, config, "the table")
    with torch.device("meta"):
        generator = Generator(config)
    labels = 0 if classes else 1000 * 128  # the official files hold the embedding in any case
    assert sum(parameter.numel() for parameter in generator.parameters()) + labels == parameters
