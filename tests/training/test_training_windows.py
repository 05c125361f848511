"""Pieces of pictures: painted alone they are what they are in the whole picture."""

from dataclasses import replace

import pytest
import torch

from s2s_live.engines.sound2scene.config import FieldsConfig, GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.training.windows import MARGIN, Piece, paint_piece, part_of

PLAIN = GeneratorConfig(
    feature_size=6, in_channels=(8, 8, 8), out_channels=(8, 8, 4), z_chunk=3, shared_size=5, norm="none"
)
SHUFFLED = replace(
    PLAIN,
    hierarchical=False,
    shuffle=2,
    fields=FieldsConfig(planes=(1, 0, 2), kernels=(3, 3, 3), fine=2),
)


def fields_of(config):
    if config.fields is None:
        return []
    sizes = [config.block_resolution(index) for index in range(config.blocks)]
    planes = [*zip(config.fields.planes, sizes, strict=True), (config.fields.fine, config.resolution)]
    return [torch.randn(2, count, size, size) for count, size in planes]


ONE_BY_ONE = replace(SHUFFLED, final_kernel=1)
CONFIGS = {"plain": PLAIN, "fields and sub-pixels": SHUFFLED, "one by one": ONE_BY_ONE}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
@pytest.mark.parametrize("at", [(0, 0), (3, 6), (8, 8), (0, 5)])
def test_a_piece_is_as_in_the_whole_picture(config, at):
    torch.manual_seed(0)
    generator = Generator(config).eval().requires_grad_(False)
    z, feature = torch.randn(2, config.z_size), torch.rand(2, config.feature_size)
    fields = fields_of(config)
    whole = generator(z, feature, fields)
    piece = Piece(*at, cells=8, of=16)
    before, made = paint_piece(generator, z, feature, fields, piece)
    assert before.shape == (2, 8, 16, 16)
    torch.testing.assert_close(made, part_of(whole, piece), atol=1e-5, rtol=1e-5)
    cut = sum(MARGIN for start in at if start > 0) + sum(MARGIN for start in at if start + 8 < 16)
    sides = [made.shape[2], made.shape[3]]
    assert sum(sides) == (2 * 8 - cut) * config.resolution // 16


def test_random_pieces_reach_every_edge():
    chance = torch.Generator().manual_seed(0)
    pieces = [Piece.random(64, chance) for _ in range(400)]
    assert {piece.cells for piece in pieces} == {28}
    starts = [piece.top for piece in pieces]
    assert min(starts) == 0
    assert max(starts) == 64 - 28
    at_edges = sum(start in {0, 36} for start in starts) / len(starts)
    assert 0.1 < at_edges < 0.4
