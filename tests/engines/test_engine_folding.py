"""The rewritten generator paints what the generator paints."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from s2s_live.engines.sound2scene.config import FieldsConfig, GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator, doubling, upsample
from s2s_live.engines.sound2scene.levels import to_picture, tone_curve
from s2s_live.engines.sound2scene.live_painting import LivePainting, StillPlanes
from s2s_live.engines.sound2scene.planes import still_shapes
from s2s_live.engines.sound2scene.scene import Scene
from s2s_live.engines.sound2scene.unit import unit
from s2s_live.engines.sound2scene.upscaler import Upscaler, upscaled
from s2s_live.engines.sound2scene.upscaler_config import UpscalerConfig
from s2s_live.engines.torch_runtime import TorchRuntime
from s2s_live.world.channels import DRIFT, FLOW, STILL, Channel, FieldConfig
from s2s_live.world.fields import sample_fields

PLAIN = GeneratorConfig(
    feature_size=12, in_channels=(16, 16), out_channels=(16, 8), z_chunk=3, shared_size=10, norm="none"
)
COARSE = (Channel(STILL, 8, 8), Channel(FLOW, 8, 4), Channel(DRIFT, 0, 6))
MEDIUM = (Channel(FLOW, 16, 0), Channel(STILL, 5, 0))
FINE = (Channel(DRIFT, 32, 8), Channel(STILL, 32, 32), Channel(FLOW, 32, 32))
WITH_FIELDS = replace(PLAIN, fields=FieldsConfig(planes=(3, 2), kernels=(3, 1)))
SHUFFLED = replace(PLAIN, shuffle=2, norm="bigbn", hierarchical=False)
CASES = {
    "plain": PLAIN,
    "fields": WITH_FIELDS,
    "fields in one block": replace(PLAIN, fields=FieldsConfig(planes=(0, 2), kernels=(3, 3))),
    "no coordinates": replace(PLAIN, fields=FieldsConfig(planes=(1, 2), kernels=(3, 3), coordinates=False)),
    "statistics": replace(PLAIN, norm="bigbn"),
    "attention": replace(PLAIN, norm="bigbn", attention_after=0),
    "attention last": replace(PLAIN, attention_after=1),
    "whole z": replace(PLAIN, hierarchical=False),
    "mapping": replace(PLAIN, hierarchical=False, mapping=20),
    "classes": replace(PLAIN, classes=5, class_size=6),
    "classes, statistics": replace(PLAIN, classes=5, class_size=6, norm="bigbn", attention_after=0),
    "sub-pixels": SHUFFLED,
    "smooth": replace(PLAIN, fields=FieldsConfig(planes=(3, 2), kernels=(3, 1)), smooth=True),
    "squares": replace(PLAIN, fields=FieldsConfig(planes=(3, 2), kernels=(3, 1), squares=True)),
    "fine fields": replace(SHUFFLED, fields=FieldsConfig(planes=(3, 2), kernels=(3, 3), fine=3)),
    "mattes": replace(SHUFFLED, fields=FieldsConfig(planes=(3, 2), kernels=(3, 3), fine=3, mattes=5)),
    "mattes by a mapping": replace(
        SHUFFLED,
        norm="none",
        mapping=20,
        fields=FieldsConfig(planes=(3, 2), kernels=(3, 1), fine=3, squares=True, mattes=2),
    ),
    "one by one": replace(SHUFFLED, final_kernel=1),
    "one by one, mattes": replace(
        SHUFFLED, final_kernel=1, fields=FieldsConfig(planes=(3, 2), kernels=(3, 3), fine=3, mattes=5)
    ),
    "lines": replace(SHUFFLED, fields=FieldsConfig(planes=(3, 2), kernels=(3, 3), fine=3, mattes=5, lines=2)),
    "templates": replace(PLAIN, fields=FieldsConfig(planes=(3, 2), kernels=(3, 1), templates=3)),
    "mattes of templates": replace(
        SHUFFLED, fields=FieldsConfig(planes=(3, 2), kernels=(3, 1), fine=3, mattes=3, lines=3, templates=4)
    ),
    "bounded": replace(PLAIN, bounded=True),
    "bounded, fields": replace(WITH_FIELDS, bounded=True),
    "bounded, mattes": replace(
        SHUFFLED,
        bounded=True,
        fields=FieldsConfig(planes=(3, 2), kernels=(3, 1), fine=3, mattes=3, templates=4),
    ),
}


def shaken(config):
    """A generator whose every number is away from its default."""
    torch.manual_seed(0)
    generator = Generator(config).eval().requires_grad_(False)
    for name, tensor in generator.state_dict().items():
        noise = torch.randn_like(tensor) * 0.1
        tensor.add_(noise.abs() if "var" in name else noise)
        if name.endswith(".bound"):
            tensor.fill_(0.5)  # that cuts
    return generator


def fields_of(config, fine=FINE):
    """The world's fields that a config takes: channels that stand still and channels that move."""
    if config.fields is None:
        return None
    levels = [
        channels[:count] for channels, count in zip((COARSE, MEDIUM), config.fields.planes, strict=True)
    ]
    sizes = [config.block_resolution(i) for i in range(config.blocks)]
    if config.fields.fine:
        levels, sizes = [*levels, fine], [*sizes, config.resolution]
    return FieldConfig(tuple(sizes), tuple(levels))


def scene_of(generator, fields, upscaler=None):
    still = TorchRuntime(StillPlanes(generator, fields, upscaler).eval())
    return Scene(still, still_shapes(generator.config, fields, upscaler and upscaler.config), fields, 9)


@pytest.mark.parametrize("case", CASES)
def test_folding_changes_nothing(case):
    same_when_folded(CASES[case], fields_of(CASES[case]))


@pytest.mark.parametrize("fine", [FINE[:1], FINE[1:2], (Channel(STILL, 0, 8), Channel(STILL, 16, 0))])
def test_mattes_read_planes_of_any_kinds(fine):
    config = replace(SHUFFLED, fields=FieldsConfig(planes=(3, 2), kernels=(3, 1), fine=len(fine), mattes=3))
    same_when_folded(config, fields_of(config, fine))


def same_when_folded(config, fields):
    generator = shaken(config)
    z, feature = torch.randn(1, config.z_size), unit(torch.rand(1, config.feature_size))
    displacement = np.array([[0.0, 0.0], [0.7, -3.2], [1e4, 0.13]])
    sampled = fields and sample_fields(torch.tensor([9]), torch.from_numpy(displacement)[None], fields)
    label = torch.tensor([3]) if config.classes else None
    picture = generator(z, feature, sampled, label)[0].permute(1, 2, 0).numpy()
    if label is not None:
        feature = torch.cat([generator.shared(label), feature], dim=1)
    scene = scene_of(generator, fields).at(displacement) if fields else []
    given = [torch.from_numpy(array) for array in (tone_curve(), *scene)]
    levels = LivePainting(generator, fields).eval()(z, feature, *given).numpy()
    assert to_picture(levels).std() > 5
    assert np.abs(to_picture(levels) - (picture + 1) * 127.5).max() <= 0.52


@pytest.mark.parametrize("case", ["fine fields", "mattes"])
def test_an_upscaler_sees_fields_and_pixels_in_their_order(case):
    config, fields = CASES[case], fields_of(CASES[case])
    generator = shaken(config)
    upscaler = Upscaler(UpscalerConfig(6, planes=len(FINE))).eval().requires_grad_(False)
    upscaler.leave.weight.normal_(0.0, 0.2)
    z, feature = torch.randn(1, config.z_size), unit(torch.rand(1, config.feature_size))
    displacement = np.array([[0.0, 0.0], [0.7, -3.2], [1e4, 0.13]])
    *sampled, large = sample_fields(torch.tensor([9]), torch.from_numpy(displacement)[None], fields.doubled())
    picture = upscaled(upscaler, generator(z, feature, sampled) * 0.5 + 0.5, large)
    scene = scene_of(generator, fields, upscaler).at(displacement)
    given = [torch.from_numpy(array) for array in (tone_curve(), *scene)]
    levels = LivePainting(generator, fields, upscaler).eval()(z, feature, *given).numpy()
    assert np.abs(to_picture(levels) - picture[0].permute(1, 2, 0).numpy() * 255).max() <= 0.55


def test_one_transposed_convolution_is_upsampling_and_a_convolution():
    conv = torch.nn.Conv2d(5, 7, 3, padding=1)
    x = torch.randn(2, 5, 6, 6)
    one = torch.nn.functional.conv_transpose2d(x, doubling(conv.weight), conv.bias, stride=2, padding=1)
    torch.testing.assert_close(one, conv(upsample(x)), atol=1e-5, rtol=1e-5)


def levels_of(x, **changes):
    low, slope, bend = tone_curve(**changes)[0]
    return low + slope * x + bend * x * x - 0.5


def test_the_tone_curve_at_rest_is_the_scale_of_bytes():
    np.testing.assert_allclose(levels_of(np.array([-1.0, 0.0, 1.0])), [0.0, 127.5, 255.0], atol=1e-4)


def test_the_lift_raises_all_but_white():
    x = np.linspace(-1, 1, 21)
    raised = levels_of(x, lift=0.5) - levels_of(x)
    assert raised[-1] == pytest.approx(0.0, abs=1e-3)
    assert (raised[:-1] > 0).all()
    assert raised[:18].min() > 6


def test_contrast_turns_about_the_middle():
    np.testing.assert_allclose(
        levels_of(np.array([-0.5, 0.0, 0.5]), contrast=2.0), [0, 127.5, 255], atol=1e-3
    )
    assert levels_of(0.0, brightness=0.1, contrast=2.0) == pytest.approx(127.5 + 25.5, abs=1e-3)
    both = levels_of(0.3, brightness=0.1, contrast=1.3, lift=0.4) / 255
    y = 1.3 * 0.15 + 0.5 + 0.1
    assert both == pytest.approx(y + 0.4 * (0.16 + (0.6 - 0.16) * y - 0.6 * y * y), abs=1e-5)
