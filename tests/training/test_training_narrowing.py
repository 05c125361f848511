"""A generator made narrower: it paints nearly as before, and its stage goes on from there."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from s2s_live.engines.sound2scene.config import FieldsConfig, GeneratorConfig
from s2s_live.engines.sound2scene.generator import Block, Generator
from s2s_live.engines.sound2scene.model import load_model
from s2s_live.engines.sound2scene.presets import BUNDLED_FIELDS, BUNDLED_GENERATOR, WIDE_GENERATOR
from s2s_live.errors import TrainingError
from s2s_live.store.folder import ModelFolder
from s2s_live.training import generator as stage_module
from s2s_live.training import narrow
from s2s_live.training.export import export
from s2s_live.training.generator import GeneratorStage, Phase, Recipe
from s2s_live.training.growing import load_growing
from s2s_live.training.images import BANK_LEVELS, Bank
from s2s_live.training.loop import load_checkpoint
from s2s_live.training.narrowing import Batch, narrowed, spanning
from s2s_live.training.picture_loss import psnr
from s2s_live.training.standardised import begin_with, plain, standardise
from s2s_live.world.channels import WORLD_FIELDS
from s2s_live.world.families import FAMILIES

CPU = torch.device("cpu")
WIDE = GeneratorConfig(
    feature_size=12, in_channels=(24, 24, 16), out_channels=(24, 16, 12), z_chunk=3, shared_size=10,
    norm="none", hierarchical=False, mapping=16, shuffle=2, smooth=True, bounded=True,
    fields=FieldsConfig(planes=(2, 0, 3), kernels=(3, 1, 1), fine=4, mattes=2, templates=2),
)  # fmt: skip
NARROW = replace(WIDE, in_channels=(16, 16, 12), out_channels=(16, 12, 8))


@pytest.fixture
def wide() -> Generator:
    """As trained ones are: standardised filters, activations with bounds, mattes with a colour."""
    torch.manual_seed(0)
    generator = Generator(WIDE)
    standardise(generator)
    found = plain(generator).eval()
    for name, values in found.named_buffers():
        if name.endswith("bound"):
            values.fill_(6.0)
    assert found.detail is not None
    torch.nn.init.normal_(found.detail.colour.weight, std=0.2)
    return found


def batch(count: int, seed: int) -> Batch:
    chance = torch.Generator().manual_seed(seed)
    sizes = ((2, 8), (0, 16), (3, 32), (4, 64))
    fields = [torch.randn(count, planes, size, size, generator=chance) for planes, size in sizes]
    feature = torch.nn.functional.normalize(torch.rand(count, 12, generator=chance), dim=1)
    return Batch(torch.randn(count, 3, generator=chance), feature, fields)


def nearness(wide: Generator, other: Generator) -> float:
    new = batch(4, seed=99)
    with torch.no_grad():
        pictures = [generator(new.z, new.feature, new.fields) for generator in (other, wide)]
    return float(psnr(*pictures).mean())


def test_as_wide_as_before_it_paints_the_same(wide: Generator) -> None:
    assert nearness(wide, narrowed(wide, WIDE, [batch(4, seed) for seed in range(8)])) > 40.0


def test_narrower_it_paints_nearly_the_same(wide: Generator) -> None:
    found = narrowed(wide, NARROW, [batch(4, seed) for seed in range(8)])
    assert found.config == NARROW
    cut, theirs = Generator(NARROW).eval(), wide.state_dict()
    first = {name: tuple(slice(size) for size in value.shape) for name, value in cut.state_dict().items()}
    cut.load_state_dict({name: theirs[name][part] for name, part in first.items()})
    assert nearness(wide, found) > nearness(wide, cut) + 3.0
    for module in found.modules():
        if isinstance(module, Block):
            for conv in (module.conv1, module.conv2):
                assert float(conv.weight.detach().mean((1, 2, 3)).abs().max()) < 1e-6


def test_planes_that_add_nothing_can_be_left_out(wide: Generator) -> None:
    last = wide.blocks[-1][0].conv_f
    assert last is not None
    assert wide.detail is not None
    with torch.no_grad():
        last.weight[:, 1] = 0.0
        for values in wide.detail.read_coarse.parameters():
            values.view(wide.detail.count, wide.detail.coarse, -1)[:, 1] = 0.0
    fields = replace(WIDE.fields, planes=(2, 0, 2)) if WIDE.fields else None
    batches = [batch(4, seed) for seed in range(8)]
    found = narrowed(wide, replace(WIDE, fields=fields), batches, [[0, 1], [], [0, 2]])
    new = batch(4, seed=99)
    left = [*new.fields[:2], new.fields[2][:, [0, 2]], new.fields[3]]
    with torch.no_grad():
        assert psnr(found(new.z, new.feature, left), wide(new.z, new.feature, new.fields)).mean() > 40.0


def test_the_last_convolution_can_be_made_smaller(wide: Generator) -> None:
    small = replace(WIDE, final_kernel=1)
    found = narrowed(wide, small, [batch(4, seed) for seed in range(8)])
    cut = Generator(small).eval()
    theirs = wide.state_dict()
    theirs["output_layer.2.weight"] = theirs["output_layer.2.weight"][:, :, 1:2, 1:2]
    cut.load_state_dict(theirs)
    assert nearness(wide, found) > nearness(wide, cut) + 3.0


def test_planes_can_be_read_by_smaller_filters(wide: Generator) -> None:
    small = replace(WIDE, fields=replace(WIDE.fields, kernels=(1, 1, 1)) if WIDE.fields else None)
    batches = [smoothed(batch(4, seed)) for seed in range(8)]
    found = narrowed(wide, small, batches)
    assert found.config == small
    new = smoothed(batch(4, seed=99))
    planes = wide.planes(0, new.fields, 4)
    old, fitted = (generator.blocks[0][0].conv_f for generator in (wide, found))
    with torch.no_grad():
        wanted, mine = old(planes), fitted(planes)
        middle = torch.nn.functional.conv2d(planes, old.weight[:, :, 1:2, 1:2])
    # A constant is left to what the block upsamples.
    left, without = ((wanted - other).var((0, 2, 3)).mean() for other in (mine, middle))
    assert left < 0.5 * without
    assert left < 0.5 * wanted.var((0, 2, 3)).mean()


def smoothed(plain: Batch) -> Batch:
    """As noise fields are: alike from pixel to pixel."""
    blur = torch.nn.AvgPool2d(5, 1, 2, count_include_pad=False)
    return replace(
        plain, fields=[2.0 * blur(planes) if planes.numel() else planes for planes in plain.fields]
    )


def test_templates_that_are_alike_become_fewer(wide: Generator) -> None:
    many = replace(WIDE, fields=replace(WIDE.fields, templates=5) if WIDE.fields else None)
    torch.manual_seed(1)
    rich = with_templates_copied(wide, many)
    found = narrowed(rich, WIDE, [batch(4, seed) for seed in range(8)])
    assert found.config == WIDE
    assert nearness(rich, found) > 60.0, "three of the five are mixtures of the others"
    poor = narrowed(rich, replace(WIDE, fields=replace(WIDE.fields, templates=1)), [batch(4, 0)])
    assert nearness(rich, poor) < 40.0


def with_templates_copied(wide: Generator, config: GeneratorConfig) -> Generator:
    """With more templates, which are mixtures of those it has, and read of with weights of their own."""
    found, theirs = Generator(config).eval(), wide.state_dict()
    extra = torch.randn(3, 2)
    theirs["templates"] = torch.cat(
        [theirs["templates"], torch.einsum("kt,btyx->bkyx", extra, theirs["templates"])], 1
    )
    for name, mine in found.state_dict().items():
        if name in ("detail.read_coarse.weight", "detail.read_coarse.bias"):
            rows = theirs[name].reshape(2, -1, *theirs[name].shape[1:])
            theirs[name] = torch.cat([rows, 0.3 * torch.randn_like(rows[:, :3])], 1).flatten(0, 1)
        elif name == "blocks.2.0.conv_f.weight":
            theirs[name] = torch.cat([theirs[name], 0.3 * torch.randn_like(theirs[name][:, :3])], 1)
        assert theirs[name].shape == mine.shape
    found.load_state_dict(theirs)
    return found


def test_templates_that_are_not_there_are_not_kept(wide: Generator) -> None:
    more = replace(WIDE, fields=replace(WIDE.fields, templates=9) if WIDE.fields else None)
    with pytest.raises(ValueError, match="9 templates"):
        narrowed(wide, more, [batch(2, 0)])


def test_others_are_not_narrowed() -> None:
    fields = replace(WIDE.fields, mattes=0, fine=0) if WIDE.fields else None
    for other in (replace(WIDE, norm="bigbn"), replace(WIDE, mapping=0, fields=fields)):
        with pytest.raises(ValueError, match="mapping"):
            narrowed(Generator(other), NARROW, [])


def test_the_channels_kept_are_those_that_explain_the_others() -> None:
    chance = torch.Generator().manual_seed(3)
    first, second = (torch.randn(2, 1, 8, 8, generator=chance) for _ in range(2))
    maps = torch.cat([0.1 * first, 3.0 * second, first + 5.0, 0.2 * second, torch.full_like(first, 9.0)], 1)
    for given in ([maps], [maps[:1], maps[1:]]):
        kept = set(spanning(given, 2).tolist())
        assert len(kept & {0, 2}) == len(kept & {1, 3}) == 1


def test_a_standardised_generator_goes_on_from_plain_weights(wide: Generator) -> None:
    learning = Generator(WIDE).eval()
    standardise(learning)
    begin_with(learning, wide)
    assert nearness(wide, learning) > 80.0
    learning.blocks[0][0].conv1.parametrizations.weight[0].gain.data.mul_(2.0)
    assert nearness(wide, learning) < 40.0


def test_what_is_shipped_takes_less_than_half_the_work() -> None:
    from s2s_live.engines.sound2scene.costs import count_macs

    assert count_macs(BUNDLED_GENERATOR) < 0.45 * count_macs(WIDE_GENERATOR)


QUICK = Recipe(phases=(Phase(0.0, 64, 4, 1), Phase(1.0, 256, 4, 1)), pool=8, families_at_once=2, each=1)
ROOMY = replace(
    WIDE_GENERATOR, in_channels=(16, 16, 16, 16, 16), out_channels=(16, 16, 16, 16, 8), mapping=16
)
CLOSE = replace(BUNDLED_GENERATOR, in_channels=(8, 8, 8, 8, 8), out_channels=(8, 8, 8, 8, 8), mapping=16)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stage_module, "FAMILIES", FAMILIES[:2])
    monkeypatch.setattr(stage_module, "FAMILY_IDS", tuple(f.id for f in FAMILIES[:2]))
    monkeypatch.setattr(narrow, "FAMILIES", FAMILIES[:2])
    monkeypatch.setattr(narrow, "EACH", 1)
    family = torch.arange(len(FAMILIES)).repeat_interleave(BANK_LEVELS)
    embedding = torch.nn.functional.one_hot(family, 128).float()
    intensity = torch.linspace(0, 1, BANK_LEVELS).repeat(len(FAMILIES))
    Bank(family.numpy(), intensity.numpy(), embedding.numpy()).save(tmp_path / "bank.npz")
    return tmp_path


def test_the_stage_needs_the_one_before(run: Path) -> None:
    with pytest.raises(TrainingError, match="no generator") as told:
        narrow.train_narrow(run, 1.0, CPU)
    assert "'generator'" in told.value.hint


@pytest.mark.slow
def test_the_stage_begins_with_what_was_fitted_goes_on_and_is_exported(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    GeneratorStage(run, 0.01, CPU, QUICK, config=ROOMY).train()
    before = load_checkpoint(run / "generator.pt")
    export(run, tmp_path / "wide")
    assert "not narrowed" in caplog.text
    narrow.train_narrow(run, 0.0, CPU, recipe=QUICK, config=CLOSE)
    begun = load_checkpoint(run / "narrow.pt")
    assert begun["config"] == CLOSE.to_json()
    assert begun["step"] == 0
    assert begun["wide_s"] == before["used_s"] > 0.0
    scenes, taken = narrow.scenes(run, CLOSE, WORLD_FIELDS), BUNDLED_FIELDS.indices_in(WORLD_FIELDS)
    fitted = narrowed(load_growing(before).plain(256), CLOSE, scenes, taken)
    torch.testing.assert_close(load_growing(begun).plain(256).state_dict(), fitted.state_dict())
    monkeypatch.setattr(narrow, "narrowed", None)  # not again
    steps = [0]
    for minutes in (0.01, 0.02):
        narrow.train_narrow(run, minutes, CPU, recipe=QUICK, config=CLOSE)
        steps.append(load_checkpoint(run / "narrow.pt")["step"])
    assert steps == sorted(set(steps))
    assert (run / "narrow.png").stat().st_size > 1000
    export(run, tmp_path / "narrow")
    assert load_model(ModelFolder.open(tmp_path / "narrow")).config.fields == BUNDLED_FIELDS
    sizes = [(tmp_path / name / "generator.safetensors").stat().st_size for name in ("wide", "narrow")]
    assert sizes[1] < sizes[0]


@pytest.mark.slow
def test_what_was_narrowed_before_the_wide_one_learnt_on_is_refused(
    run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    GeneratorStage(run, 0.0, CPU, QUICK, config=ROOMY).train()
    narrow.train_narrow(run, 0.0, CPU, recipe=QUICK, config=CLOSE)
    GeneratorStage(run, 0.01, CPU, QUICK, config=ROOMY).train()
    with pytest.raises(TrainingError, match="has learnt since") as told:
        narrow.train_narrow(run, 0.01, CPU, recipe=QUICK, config=CLOSE)
    assert "narrow.pt" in told.value.hint
    export(run, tmp_path / "model")
    assert "run the stage 'narrow' again" in caplog.text


def test_generators_that_cannot_be_narrowed_are_named(run: Path) -> None:
    state = {"config": ROOMY.to_json(), "size": 64, "used_s": 1.0}
    torch.save(state, run / "generator.pt")
    with pytest.raises(TrainingError, match="64 pixels only"):
        narrow.train_narrow(run, 1.0, CPU, config=CLOSE)
    torch.save({**state, "size": 256}, run / "generator.pt")
    with pytest.raises(TrainingError, match="in more than its channels"):
        narrow.train_narrow(run, 1.0, CPU, config=replace(CLOSE, mapping=8))
    for other in ({"templates": 25}, {"templates": 0}):
        with pytest.raises(TrainingError, match="in more than its channels"):
            narrow.train_narrow(run, 1.0, CPU, config=replace(CLOSE, fields=replace(CLOSE.fields, **other)))
    with pytest.raises(TrainingError, match="in more than its channels"):
        narrow.train_narrow(run, 1.0, CPU, config=CLOSE, fields=WORLD_FIELDS)
    poorer = WORLD_FIELDS.without({16: WORLD_FIELDS.channels[1][:1]})
    taken = replace(ROOMY, fields=replace(ROOMY.fields, planes=poorer.counts[:-1]))
    poor = {**state, "size": 256, "config": taken.to_json(), "fields": poorer.to_dict()}
    torch.save(poor, run / "generator.pt")
    with pytest.raises(TrainingError, match="all fields"):
        narrow.train_narrow(run, 1.0, CPU, config=CLOSE)
