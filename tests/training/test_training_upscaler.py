"""The upscaler stage on a few steps: it learns, stops, goes on, and refuses another shape."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from s2s_live.engines.sound2scene.upscaler import Upscaler
from s2s_live.engines.sound2scene.upscaler_config import UpscalerConfig
from s2s_live.errors import TrainingError
from s2s_live.training import upscaler as stage
from s2s_live.training.loop import load_checkpoint
from s2s_live.training.team import Team
from s2s_live.world.channels import WORLD_FIELDS
from s2s_live.world.families import FAMILIES

CPU = torch.device("cpu")
SMALL = UpscalerConfig(8, planes=WORLD_FIELDS.counts[-1])


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two families in small pictures."""
    monkeypatch.setattr(stage, "FAMILIES", FAMILIES[:2])
    monkeypatch.setattr(stage, "SIZE", 128)
    monkeypatch.setattr(stage, "STEPS", 10)
    monkeypatch.setattr(stage, "RATE", 1e-4)  # so few scenes are soon learnt by heart


def test_pieces_of_both_sizes_show_the_same_place() -> None:
    pool = stage.PairPool(torch.Generator().manual_seed(1), CPU)
    pool.grow()
    around, planes, truth, error = pool.draw(3)
    margin, side = stage.REACH, stage.PIECE
    assert around.shape == (3, 3, side + 2 * margin, side + 2 * margin)
    assert planes.shape == (3, SMALL.planes, 2 * (side + 2 * margin - 2), 2 * (side + 2 * margin - 2))
    assert truth.shape == (3, 3, 2 * side, 2 * side)
    coarse = torch.nn.functional.avg_pool2d(truth, 2)
    inside = around[..., margin:-margin, margin:-margin]
    moved = around[..., margin + 2 : -margin + 2, margin:-margin]
    assert (inside - coarse).square().mean() < 0.5 * (moved - coarse).square().mean()
    assert error.shape == (3,)
    assert (error >= stage.LEAST_ERROR).all()


def test_a_decibel_counts_the_same_in_every_scene() -> None:
    truth = torch.zeros(2, 3, 8, 8)
    made = torch.stack([torch.full((3, 8, 8), 0.2), torch.full((3, 8, 8), 0.02)])
    plain = torch.tensor([1e-2, 1e-4])  # in 0..1: as far off as these pieces
    alike = stage.relative_error(made, truth, plain)
    either = [stage.relative_error(made * scale[:, None, None, None], truth, plain) for scale in
              (torch.tensor([0.5, 1.0]), torch.tensor([1.0, 0.5]))]  # fmt: skip
    assert either[0] == pytest.approx(float(either[1]))
    assert either[0] < alike == pytest.approx(1.0, abs=1e-5)


def test_it_learns_stops_and_goes_on(tmp_path: Path) -> None:
    before = stage.gain(Upscaler(SMALL), CPU)
    assert before == pytest.approx(0.0, abs=0.2)
    stage.train_upscaler(tmp_path, 0.08, CPU, config=SMALL)
    first = load_checkpoint(tmp_path / stage.CHECKPOINT)
    model = stage.train_upscaler(tmp_path, 0.3, CPU, config=SMALL)
    second = load_checkpoint(tmp_path / stage.CHECKPOINT)
    assert first is not None
    assert second is not None
    assert second["step"] > first["step"] > 0
    assert second["used_s"] > first["used_s"]
    assert stage.gain(model, CPU) != before


def test_steps_bring_the_error_down() -> None:
    torch.manual_seed(0)
    pool = stage.PairPool(torch.Generator().manual_seed(1), CPU)
    pool.grow()
    piece, model = pool.draw(4), Upscaler(SMALL)
    optimizer = torch.optim.AdamW(model.parameters())
    errors = [stage._step(model, optimizer, piece, 3e-4, CPU, Team()) for _ in range(40)]
    assert errors[-1] < 0.98 * errors[0]


def test_another_shape_is_refused(tmp_path: Path) -> None:
    stage.train_upscaler(tmp_path, 0.001, CPU, config=SMALL)
    with pytest.raises(TrainingError, match="another shape"):
        stage.train_upscaler(tmp_path, 0.001, CPU, config=replace(SMALL, channels=4))
