"""The generator stage on a few tiny steps: it learns, stops, goes on, and becomes a model folder."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from s2s_live.engines.registry import open_engine
from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.change_network import ChangeNetwork
from s2s_live.engines.sound2scene.config import FieldsConfig, GeneratorConfig
from s2s_live.engines.sound2scene.model import load_model
from s2s_live.engines.sound2scene.presets import (
    BUNDLED_AUDIO_ENCODER,
    BUNDLED_FIELDS,
    BUNDLED_GENERATOR,
    WIDE_GENERATOR,
)
from s2s_live.engines.sound2scene.upscaler import Upscaler
from s2s_live.engines.sound2scene.upscaler_config import UpscalerConfig
from s2s_live.engines.sound2scene.world_encoder import WorldEncoder
from s2s_live.errors import TrainingError
from s2s_live.store.folder import ModelFolder
from s2s_live.training import generator as stage_module
from s2s_live.training.generator import GeneratorStage, Phase, Recipe, target
from s2s_live.training.growing import Growing, part_config
from s2s_live.training.images import BANK_LEVELS, Bank, judge, pair_loss
from s2s_live.training.loop import Average, Budget, load_checkpoint, save_checkpoint
from s2s_live.training.painting import Lot, Pool, Studio
from s2s_live.training.picture_loss import (
    energy_error,
    fine_amplitude,
    grid_energy,
    picture_loss,
    psnr,
    rim_error,
    unsteadiness,
)
from s2s_live.world.channels import DRIFT, FLOW, STILL, WORLD_FIELDS, Channel
from s2s_live.world.detail import detail_ratio
from s2s_live.world.families import FAMILIES, FAMILY_IDS

CPU = torch.device("cpu")
SMALL = GeneratorConfig(
    feature_size=128,
    in_channels=(16, 16, 16, 16, 8, 8),
    out_channels=(16, 16, 16, 8, 8, 8),
    z_chunk=8,
    shared_size=16,
    norm="none",
    fields=FieldsConfig(planes=WORLD_FIELDS.counts, kernels=(3, 3, 3, 3, 1, 1)),
)
QUICK = Recipe(phases=(Phase(1.0, 64, 4, 1),), pool=8, families_at_once=2, each=1)


def bank() -> Bank:
    """Embeddings that separate families and order intensities."""
    family = np.repeat(np.arange(len(FAMILIES)), 2 * BANK_LEVELS)
    intensity = np.tile(np.linspace(0, 1, BANK_LEVELS), 2 * len(FAMILIES)).astype(np.float32)
    embedding = np.zeros((len(family), 128), np.float32)
    embedding[np.arange(len(family)), family] = 1.0
    embedding[np.arange(len(family)), family + 40] = 0.5 * intensity
    return Bank(family, intensity, embedding / np.linalg.norm(embedding, axis=1, keepdims=True))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    torch.manual_seed(0)  # what a stage that has learnt nothing paints is chance
    monkeypatch.setattr(stage_module, "FAMILIES", FAMILIES[:2])
    monkeypatch.setattr(stage_module, "FAMILY_IDS", tuple(f.id for f in FAMILIES[:2]))
    bank().save(tmp_path / "bank.npz")
    return tmp_path


def test_the_part_of_a_growing_generator_shares_its_weights() -> None:
    growing = Growing(replace(SMALL, mapping=16, hierarchical=False), (64, 256))
    made = growing.at(64)(
        torch.randn(1, 56), torch.ones(1, 128), [torch.randn(1, c, r, r) for c, r in zip(
            WORLD_FIELDS.counts[:4], WORLD_FIELDS.resolutions[:4], strict=True)]
    )  # fmt: skip
    assert made.shape == (1, 3, 64, 64)
    made.mean().backward()
    assert growing.full.linear.weight.grad is not None
    shared = [p for name, p in growing.at(64).named_parameters() if "output_layer" not in name]
    assert {id(p) for p in shared} <= {id(p) for p in growing.full.parameters()}
    assert growing.at(256) is growing.full


def test_mattes_begin_at_the_peaks_of_noise_and_without_a_colour() -> None:
    detail = Growing(WIDE_GENERATOR, (256,)).requires_grad_(False).full.detail
    assert detail is not None
    fine = torch.zeros(1, detail.inputs - 1, 4, 4)
    coarse = torch.zeros(1, detail.coarse, 2, 2)
    flowing = WORLD_FIELDS.channels[-2].index(Channel(FLOW, 64, 64))
    fine[:, 0, 1, 1] = coarse[:, flowing] = 3.0
    h, q = torch.zeros(1, 16, 2, 2), torch.randn(1, 128)
    assert float(detail(h, q, coarse, fine).abs().max()) == 0.0
    torch.nn.init.ones_(detail.colour.bias)
    added = detail(h, q, coarse, fine)[0, 0]
    both, one = float(added[1, 1]), float(added[3, 3])
    assert both == pytest.approx(2.0, abs=0.1)
    assert one == pytest.approx(1.0, abs=0.1)


def test_a_studio_paints_what_it_says_and_a_pool_keeps_the_newest() -> None:
    studio = Studio(bank(), WORLD_FIELDS, 56, CPU, seed=1)
    lot = studio.paint([5, 20], 2)
    assert lot.family.tolist() == [5, 5, 20, 20]
    assert lot.picture.shape == (4, 3, 256, 256)
    assert [f.shape[1] for f in lot.fields] == list(WORLD_FIELDS.counts)
    torch.testing.assert_close(lot.condition.norm(dim=1), torch.ones(4))
    assert (lot.condition >= 0).all()
    pool = Pool(3, seed=0)
    pool.add(lot)
    assert len(pool) == 3
    drawn = pool.draw(3, 128)
    assert sorted(drawn.family.tolist()) == [5, 20, 20]
    assert drawn.fields[-1].shape[-1] == 128


def test_moments_of_a_scene_differ_by_what_moves_and_stay_together() -> None:
    studio = Studio(bank(), WORLD_FIELDS, 56, CPU, seed=1)
    lot = studio.paint([2, 4], 1, moments=2)
    assert lot.family.tolist() == [2, 2, 4, 4]
    for kept in (lot.z, lot.condition):
        torch.testing.assert_close(kept[::2], kept[1::2])
    plane = dict(zip(WORLD_FIELDS.channels[3], lot.fields[3].unbind(1), strict=True))
    still, drift = plane[Channel(STILL, 16, 16)], plane[Channel(DRIFT, 16, 16)]
    torch.testing.assert_close(still[::2], still[1::2])
    assert 0.0 < float((drift[::2] - drift[1::2]).abs().max()) < 0.5
    assert (lot.picture[0] != lot.picture[1]).any()
    pool = Pool(4, seed=0, moments=2)
    pool.add(lot)
    drawn = pool.draw(2, 128)
    assert len(pool) == 4
    assert len(drawn) == 2
    torch.testing.assert_close(drawn.z[0], drawn.z[1])


def test_flicker_is_seen_where_the_absolute_error_is_not() -> None:
    truth = torch.zeros(2, 3, 16, 16)
    noise = 0.1 * torch.randn(truth.shape, generator=torch.Generator().manual_seed(0)).clamp(-3.0, 3.0)
    wrong = torch.full_like(truth, 0.5)
    assert float(unsteadiness(wrong, truth, 2)) == 0.0
    assert float(unsteadiness(wrong + noise, truth, 2)) > 0.08
    assert float((wrong + noise - truth).abs().mean()) == pytest.approx(0.5, abs=0.01)


def test_the_loss_is_zero_for_the_truth_and_sees_blur() -> None:
    truth = torch.rand(1, 3, 64, 64)
    blurred = torch.nn.functional.avg_pool2d(truth, 3, 1, 1)
    assert float(picture_loss(truth, truth)) == 0.0
    assert float(picture_loss(blurred, truth)) > 0.1
    assert float(psnr(truth, truth + 0.02)[0]) == pytest.approx(40.0, abs=0.1)


def test_a_wrong_line_counts_more_at_the_rim() -> None:
    truth = torch.zeros(1, 3, 32, 96)
    rim, inside = truth.clone(), truth.clone()
    rim[..., 0] = 0.1
    inside[..., 32] = 0.1
    assert float(rim_error(rim)) == pytest.approx(0.1 * (32 + 2) / 256, rel=1e-3)  # two corners more
    assert float(rim_error(inside)) == pytest.approx(0.1 * 2 / 256, rel=1e-3)


def test_fine_energy_counts_over_what_a_picture_has() -> None:
    amplitude = torch.full((1, 3, 4, 4), 0.5)
    assert float(energy_error(amplitude, amplitude)) == 0.0
    without = [float(energy_error(torch.zeros_like(a), a)) for a in (amplitude, 0.1 * amplitude)]
    assert without == pytest.approx([1.0, 1.0], abs=0.05)


def test_faint_noise_over_a_calm_picture_is_seen() -> None:
    noise = 0.004 * torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    made, truth = fine_amplitude(noise), fine_amplitude(torch.zeros_like(noise))
    assert float(energy_error(made, truth)) > 0.3


@pytest.mark.parametrize("kept", [(True, False), (False, True), (True, True)])
def test_a_grid_of_every_second_pixel_is_seen_where_there_should_be_none(kept: tuple[bool, bool]) -> None:
    sign = (-1.0) ** torch.arange(32)
    down, across = (sign if keep else torch.ones(32) for keep in kept)
    grid = (down[:, None] * across).expand(2, 3, 32, 32)
    soft = torch.sigmoid(torch.linspace(-4.0, 4.0, 32)).expand(2, 3, 32, 32)
    assert grid_energy(soft + grid, soft).tolist() == pytest.approx([sum(kept)] * 2, rel=1e-3)
    assert float(grid_energy(soft, torch.zeros_like(soft)).max()) < 1e-6
    assert float(grid_energy(soft, grid).max()) < 1e-9, "fine detail that is missing is not of a grid"


def test_a_scene_to_learn_from_has_no_grain_of_its_own() -> None:
    studio = Studio(bank(), WORLD_FIELDS, 8, CPU, 1)
    lot = studio.paint([FAMILY_IDS.index("baby")], 1)
    exact = lot.picture.float() / 255.0
    assert detail_ratio((exact * 255.0).round() / 255.0, exact) > 1.2, "what whole levels would add"
    assert float((lot.picture.float() - lot.picture.float().round()).abs().max()) > 0.2


def test_a_family_with_wrong_grain_is_behind(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = GeneratorStage(run, 1.0, CPU, QUICK, config=SMALL)

    def paint(_model: object, lot: Lot, size: int, device: torch.device) -> torch.Tensor:
        right = target(lot, size, device)
        return right + 0.1 * torch.randn_like(right) if int(lot.family[0]) == 1 else right

    monkeypatch.setattr(stage_module, "paint_lot", paint)
    stage.look()
    assert stage.behind == [1]


def test_families_that_are_behind_are_painted_more_often(run: Path) -> None:
    stage = GeneratorStage(run, 1.0, CPU, QUICK, config=SMALL)
    stage.look()
    assert stage.behind == [0, 1]  # nothing has been learnt
    stage.save()
    assert GeneratorStage(run, 1.0, CPU, QUICK, config=SMALL).behind == [0, 1]
    queue = stage.studio.shuffled([3, 3])
    assert sorted(queue) == sorted([*range(len(FAMILIES)), 3, 3])


@pytest.mark.slow
def test_the_stage_trains_stops_and_goes_on(run: Path) -> None:
    stage = GeneratorStage(run, 0.03, CPU, QUICK, config=SMALL)
    stage.train()
    assert stage.step > 0
    assert (run / "generator.png").stat().st_size > 1000
    again = GeneratorStage(run, 10.0, CPU, QUICK, config=SMALL)
    assert again.figures == stage.figures
    assert stage.figures["psnr_64px_least"] <= stage.figures["psnr_64px_mean"]
    assert again.step == stage.step
    assert again.budget.used_s == pytest.approx(stage.budget.used_s, abs=0.1)
    for mine, theirs in zip(again.model.parameters(), stage.model.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)
    with pytest.raises(TrainingError, match="another shape"):
        GeneratorStage(run, 1.0, CPU, QUICK, config=replace(SMALL, shared_size=8))
    with pytest.raises(TrainingError, match="other fields"):
        GeneratorStage(run, 1.0, CPU, QUICK, config=SMALL, fields=BUNDLED_FIELDS)


def test_checkpoints_from_before_other_fields_and_kernels_go_on(run: Path) -> None:
    stage = GeneratorStage(run, 1.0, CPU, QUICK, config=SMALL)
    stage.step = 5
    stage.save()
    state = load_checkpoint(run / "generator.pt")
    del state["fields"], state["config"]["final_kernel"]
    torch.save(state, run / "generator.pt")
    assert GeneratorStage(run, 1.0, CPU, QUICK, config=SMALL).step == 5


def test_the_parts_of_a_generator_whose_last_convolution_is_of_one_cell_end_in_a_plain_one() -> None:
    small = part_config(replace(BUNDLED_GENERATOR, final_kernel=1), 64)
    assert (small.shuffle, small.final_kernel, small.resolution) == (1, 3, 64)


@pytest.mark.slow
def test_an_adversary_joins_and_is_kept(run: Path) -> None:
    recipe = Recipe(phases=(Phase(1.0, 256, 2, 1),), pool=4, families_at_once=2, each=1, adversary_from=0.0)
    config = replace(SMALL, in_channels=(8,) * 6, out_channels=(8,) * 6)
    GeneratorStage(run, 0.05, CPU, recipe, config=config).train()
    again = GeneratorStage(run, 0.05, CPU, recipe, config=config)
    assert again.adversary is not None
    assert again.adversary.steps == again.step > 0


@pytest.mark.slow
def test_the_run_folder_becomes_a_model_that_opens(run: Path, tmp_path: Path) -> None:
    from s2s_live.training.export import export

    GeneratorStage(run, 0.0, CPU, QUICK, config=SMALL).train()
    upscaler = Upscaler(UpscalerConfig(4))
    torch.save({"config": upscaler.config.to_json(), "average": upscaler.state_dict()}, run / "upscaler.pt")
    export(run, tmp_path / "model", sharpness=20.0)
    engine = open_engine(tmp_path / "model", fine=True)
    assert engine.spec.picture_size == (128, 128)
    assert engine.spec.families == tuple(f.id for f in FAMILIES)
    model = load_model(ModelFolder.open(tmp_path / "model"))
    assert not model.config.front_end.newest_sound  # its ears were not trained
    ears = AudioEncoder(BUNDLED_AUDIO_ENCODER)
    taught = {"prototypes": torch.eye(len(FAMILIES), ears.config.embedding_size), "temperature": 0.1}
    taught |= {"state_dict": ears.state_dict(), "folds": torch.zeros(0, 3)}
    torch.save(taught, run / "audio_encoder.pt")
    torch.save({"model": ChangeNetwork().state_dict(), "recordings": 7}, run / "change_detector.pt")
    assert model.change_network is None  # there was none
    export(run, tmp_path / "heard")
    heard = load_model(ModelFolder.open(tmp_path / "heard"))
    assert heard.config.front_end.newest_sound
    assert heard.change_network is not None
    assert heard.config.hop_s < model.config.hop_s
    assert "from 7 of the recordings" in (tmp_path / "heard" / "README.md").read_text()
    landmarks = model.landmarks
    assert landmarks.sharpness == 20.0
    np.testing.assert_allclose(landmarks.embedding, Bank.load(run / "bank.npz").embedding, atol=1e-3)
    assert "not trained" in (tmp_path / "model" / "README.md").read_text()
    assert cv2.imread(str(tmp_path / "model" / "sheet.jpg")).shape[1] > 9 * 64
    engine.close()


def test_a_missing_bank_says_which_stage_to_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="bank"):
        GeneratorStage(tmp_path, 1.0, CPU, QUICK, config=SMALL)


def test_checkpoints_are_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "run" / "state.pt"
    assert load_checkpoint(path) is None
    save_checkpoint(path, {"step": 3})
    assert load_checkpoint(path) == {"step": 3}
    assert not path.with_suffix(".pt.part").exists()
    path.write_bytes(path.read_bytes()[:50])
    with pytest.raises(TrainingError, match="Cannot read"):
        load_checkpoint(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match="Cannot write"):
        save_checkpoint(tmp_path / "file" / "state.pt", {})


def test_the_budget_counts_steps_not_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("s2s_live.training.loop.time.monotonic", lambda: now[0])
    budget = Budget(1.0, used_s=10.0)
    for wait in (5.0, 3600.0):
        now[0] += wait
        budget.tick()
    assert budget.used_s == pytest.approx(35.0)
    assert not budget.over
    assert budget.rate(1.0, 0) < budget.rate(1.0, 500)
    now[0] += 19.0
    budget.tick()
    now[0] += 19.0
    budget.tick()
    assert budget.over


def test_an_average_follows_the_weights() -> None:
    model = torch.nn.Linear(2, 2)
    average = Average(model)
    with torch.no_grad():
        model.weight.add_(1.0)
    for step in range(2000):
        average.update(model, step)
    torch.testing.assert_close(average.model.weight, model.weight, atol=1e-3, rtol=0)


def test_image_embeddings_are_unit_and_not_negative() -> None:
    encoder = WorldEncoder().eval()
    small = torch.rand(3, 3, 64, 64)
    with torch.no_grad():
        found = encoder(small)
        large = encoder(torch.nn.functional.interpolate(small, scale_factor=4))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    assert (found >= 0).all()
    torch.testing.assert_close(found, large, atol=1e-4, rtol=0)


def test_the_pair_loss_wants_partners_together() -> None:
    apart = torch.eye(8)
    assert float(pair_loss(apart, apart)) < float(pair_loss(apart, apart.roll(1, 0)))


def test_a_bank_is_judged_by_family_and_order(tmp_path: Path) -> None:
    made = bank()
    made.save(tmp_path / "bank.npz")
    accuracy, order = judge(Bank.load(tmp_path / "bank.npz"))
    assert accuracy == 1.0
    assert order > 0.99
    mixed = Bank(made.family, made.intensity, np.roll(made.embedding, 300, 0))
    assert judge(mixed)[1] < order
