"""The painted scenes: pictures of everything, depending on exactly what they should depend on."""

from pathlib import Path

import pytest
import torch

from s2s_live.world.channels import LAYERS
from s2s_live.world.families import FAMILY_IDS
from s2s_live.world.fields import FieldBatch
from s2s_live.world.render import SCENES, random_fields, render, tile, world_sheet
from s2s_live.world.scenes import PALETTES, Z_USED

COUNT = len(FAMILY_IDS)
EVERY = torch.arange(COUNT)
SIZE = 64


def fields(seed: int, x: float = 0.0) -> FieldBatch:
    """The same seed for every family; drift and flow moved by x."""
    moved = torch.zeros(COUNT, LAYERS, 2, dtype=torch.float64)
    moved[:, 1:] = x
    return FieldBatch(torch.full((COUNT,), seed), moved)


def paint(power: float = 0.5, z: torch.Tensor | None = None, seed: int = 1, x: float = 0.0) -> torch.Tensor:
    where = torch.zeros(COUNT, Z_USED) if z is None else z.expand(COUNT, Z_USED)
    return render(EVERY, torch.full((COUNT,), power), where, fields(seed, x), SIZE)


def test_every_family_has_a_scene_with_known_palettes() -> None:
    assert tuple(SCENES) == FAMILY_IDS
    assert all(hour in PALETTES for _, hours in SCENES.values() for hour in hours)


@pytest.mark.parametrize("power", [0.0, 1.0])
def test_scenes_are_pictures_neither_black_nor_white(power: float) -> None:
    for spread in (-3.0, 0.0, 3.0):
        pictures = paint(power, torch.full((1, Z_USED), spread))
        assert pictures.isfinite().all()
        assert pictures.min() >= 0.0
        assert pictures.max() <= 1.0
        light = pictures.mean((1, 2, 3))
        assert light.min() > 0.03
        assert light.max() < 0.85
        assert pictures.std((1, 2, 3)).min() > 0.03


def test_the_same_state_paints_the_same_picture_alone_or_in_a_batch() -> None:
    together = paint()
    torch.testing.assert_close(paint(), together, rtol=0, atol=0)
    alone = render(
        EVERY[5:6], torch.tensor([0.5]), torch.zeros(1, Z_USED), fields(1).select(EVERY[5:6]), SIZE
    )
    torch.testing.assert_close(alone[0], together[5], atol=1e-4, rtol=0)


def test_intensity_z_and_fields_each_change_every_scene() -> None:
    base = paint()
    for other in (paint(power=0.9), paint(z=torch.full((1, Z_USED), 0.8)), paint(seed=2), paint(x=0.37)):
        assert (other - base).abs().mean((1, 2, 3)).min() > 0.002


def test_pictures_are_smooth_in_z_and_intensity() -> None:
    base = paint()
    for near in (paint(power=0.5005), paint(z=torch.full((1, Z_USED), 0.0005))):
        assert (near - base).abs().mean((1, 2, 3)).max() < 0.003


def test_families_are_far_apart() -> None:
    small = torch.nn.functional.avg_pool2d(paint(), 8).flatten(1)
    gaps = torch.cdist(small, small, p=1) / small.shape[1]
    gaps.fill_diagonal_(1.0)
    assert gaps.min() > 0.03


def test_a_larger_picture_shows_the_same_scene() -> None:
    large = render(EVERY, torch.full((COUNT,), 0.5), torch.zeros(COUNT, Z_USED), fields(1), 2 * SIZE)
    gap = (torch.nn.functional.avg_pool2d(large, 4) - torch.nn.functional.avg_pool2d(paint(), 2)).abs()
    assert gap.mean() < 0.02


def test_z_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="z needs"):
        render(EVERY, torch.zeros(COUNT), torch.zeros(COUNT, 2), fields(1), SIZE)


def test_a_sheet_shows_every_family(tmp_path: Path) -> None:
    world_sheet(tmp_path / "sheet.png", size=32)
    assert (tmp_path / "sheet.png").read_bytes()[:4] == b"\x89PNG"
    assert tile(torch.zeros(5, 3, 8, 8), 3).shape == (20, 30, 3)


def test_random_fields_repeat_with_their_generator() -> None:
    one, two = (random_fields(3, torch.Generator().manual_seed(4)) for _ in range(2))
    assert one.seeds.equal(two.seeds)
    assert one.displacement.equal(two.displacement)
    assert not one.displacement[:, 0].any()
