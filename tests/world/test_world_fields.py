"""The promises of the noise fields."""

import numpy as np
import pytest
import torch

from s2s_live.world.channels import (
    DRIFT,
    FLOW,
    LAYERS,
    PANE,
    PANES,
    STEPS,
    STILL,
    WORLD_FIELDS,
    Channel,
    FieldConfig,
)
from s2s_live.world.families import FAMILIES, FAMILY_IDS, family_index, flow_table
from s2s_live.world.fields import FieldBatch, sample_channel, sample_fields
from s2s_live.world.lattices import LiveLattices, still_lattices
from s2s_live.world.live_fields import FieldSampler, StillSampler, by_phase

SMALL = FieldConfig(
    (8, 32),
    (
        (Channel(STILL, 8, 8), Channel(FLOW, 8, 8)),
        (Channel(DRIFT, 32, 32), Channel(FLOW, 32, 4), Channel(STILL, 6, 0), Channel(FLOW, 0, 12)),
    ),
)


def moved(count: int, x: float, y: float) -> torch.Tensor:
    return torch.tensor([x, y], dtype=torch.float64).expand(count, LAYERS, 2)


@pytest.mark.parametrize("offset", [0.0, 0.13, 0.5, 0.77, 0.999, 1_000_003.25])
@pytest.mark.parametrize("channel", [Channel(FLOW, 32, 32), Channel(DRIFT, 32, 4), Channel(STILL, 12, 0)])
def test_variance_is_one_at_every_offset_within_a_cell(channel: Channel, offset: float) -> None:
    seeds = torch.arange(3000) * 7919
    field = sample_channel(channel, seeds, moved(3000, offset / 32, -0.7 * offset / 32), 32)
    assert field.mean(0).abs().max() < 0.12
    each_pixel = field.square().mean(0)
    assert abs(float(each_pixel.mean()) - 1.0) < 0.06
    assert float(each_pixel.max()) < 1.2
    assert float(each_pixel.min()) > 0.8


def test_a_point_keeps_its_value_when_the_scene_moves_by_whole_pixels() -> None:
    seeds = torch.tensor([3])
    channel = Channel(FLOW, 32, 32)
    here = sample_channel(channel, seeds, moved(1, 0.0, 0.0), 32)[0]
    there = sample_channel(channel, seeds, moved(1, 5 / 32, -3 / 32), 32)[0]
    torch.testing.assert_close(there[:-3, 5:], here[3:, :-5], atol=1e-5, rtol=0)


def test_all_channels_of_a_layer_move_together() -> None:
    seeds = torch.tensor([11])
    for channel in (Channel(FLOW, 8, 8), Channel(FLOW, 64, 8), Channel(FLOW, 0, 12)):
        here = sample_channel(channel, seeds, moved(1, 0.0, 0.0), 64)[0]
        there = sample_channel(channel, seeds, moved(1, 0.25, 0.5), 64)[0]
        torch.testing.assert_close(there[32:, 16:], here[:32, :-16], atol=1e-5, rtol=0)


def test_small_moves_change_little() -> None:
    seeds = torch.tensor([5])
    for at in (0.0, 0.49999, 12.99999, 4e6):
        a, b = (sample_fields(seeds, moved(1, at + d, at - d), SMALL) for d in (0.0, 1e-5))
        for before, after in zip(a, b, strict=True):
            assert float((before - after).abs().max()) < 5e-3


def test_it_never_repeats() -> None:
    channel = Channel(FLOW, 32, 32)
    seeds = torch.tensor([9])
    first = sample_channel(channel, seeds, moved(1, 0.0, 0.0), 32).flatten()
    for far in (1.0, 4.0, 32.0, 2.0**27, 2.0**32 / 32, 2.0**33):
        other = sample_channel(channel, seeds, moved(1, far, 0.0), 32).flatten()
        assert abs(float(torch.corrcoef(torch.stack([first, other]))[0, 1])) < 0.15


def test_seeds_layers_and_shapes_are_independent() -> None:
    rows = [
        sample_channel(channel, torch.tensor([seed]), moved(1, 0.0, 0.0), 32).flatten()
        for seed in (1, 2, 2**40 + 1)
        for channel in (Channel(STILL, 32, 32), Channel(FLOW, 32, 32), Channel(FLOW, 32, 31))
    ]
    related = torch.corrcoef(torch.stack(rows)) - torch.eye(len(rows))
    assert float(related.abs().max()) < 0.2


def moving(levels: list[torch.Tensor], config: FieldConfig) -> list[np.ndarray]:
    """Of sampled levels the channels that move."""
    return [
        level[:, [i for i, channel in enumerate(channels) if channel.layer != STILL]].numpy()
        for level, channels in zip(levels, config.channels, strict=True)
    ]


def live_at(lattices: LiveLattices, config: FieldConfig, displacement: np.ndarray) -> list[np.ndarray]:
    values, offsets = map(torch.from_numpy, lattices.at(displacement))
    return [level.numpy() for level in FieldSampler(config)(values, offsets)]


def test_live_fields_equal_the_batch_sampler() -> None:
    rng = np.random.default_rng(0)
    live = LiveLattices(21, WORLD_FIELDS)
    at = np.array([[0.0, 0.0], [2.0e5, 3.0], [-4.0, 1.0e6]])
    for _ in range(12):
        at = at + rng.normal(size=(3, 2)) * [[0.0], [0.01], [0.08]]
        expected = sample_fields(torch.tensor([21]), torch.from_numpy(at)[None], WORLD_FIELDS)
        for mine, theirs in zip(live_at(live, WORLD_FIELDS, at), moving(expected, WORLD_FIELDS), strict=True):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.parametrize("seed", [0, 21, 2**40 + 3, -5])
def test_still_fields_equal_the_batch_sampler(seed: int) -> None:
    expected = sample_fields(torch.tensor([seed]), moved(1, 0.0, 0.0), WORLD_FIELDS)
    found = StillSampler(WORLD_FIELDS)(torch.from_numpy(still_lattices(seed, WORLD_FIELDS)))
    for mine, theirs, channels in zip(found, expected, WORLD_FIELDS.channels, strict=True):
        for index, channel in enumerate(channels):
            wanted = theirs[:, index] if channel.layer == STILL else torch.zeros_like(theirs[:, index])
            torch.testing.assert_close(mine[:, index], wanted, atol=1e-5, rtol=0.0)


def test_fields_of_which_none_stands_still_have_no_still_ones() -> None:
    config = FieldConfig((8, 16), ((Channel(FLOW, 8, 8),), ()))
    found = StillSampler(config)(torch.from_numpy(still_lattices(1, config)))
    assert [tuple(level.shape) for level in found] == [(1, 1, 8, 8), (1, 0, 16, 16)]
    assert not found[0].any()


def test_live_fields_do_not_depend_on_the_way_there() -> None:
    goal = np.array([[0.0, 0.0], [0.7, -0.2], [3.1, 9.4]])
    straight, slow = LiveLattices(4, SMALL), LiveLattices(4, SMALL)
    for part in np.linspace(0.0, 1.0, 30):
        slow.at(goal * part)
    for a, b in zip(live_at(straight, SMALL, goal), live_at(slow, SMALL, goal), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_batch_reuses_what_it_has_sampled() -> None:
    batch = FieldBatch(torch.tensor([1, 2, 3]), moved(3, 0.1, 0.2))
    whole = batch.channel(Channel(FLOW, 8, 8), 32)
    part = batch.select(torch.tensor([2, 0])).channel(Channel(FLOW, 8, 8), 32)
    torch.testing.assert_close(part, whole[[2, 0]])
    alone = FieldBatch(torch.tensor([3]), moved(1, 0.1, 0.2)).channel(Channel(FLOW, 8, 8), 32)
    torch.testing.assert_close(alone[0], whole[2])


def test_steps_have_one_value_to_a_cell_at_every_size() -> None:
    seeds = torch.arange(3000)
    channel = Channel(STILL, 8, 0, STEPS)
    coarse = sample_channel(channel, seeds, moved(3000, 0.0, 0.0), 8)
    fine = sample_channel(channel, seeds, moved(3000, 0.3, 0.3), 64)
    torch.testing.assert_close(fine, coarse.repeat_interleave(8, 1).repeat_interleave(8, 2))
    assert abs(float(coarse.square().mean()) - 1.0) < 0.03
    smooth = sample_channel(Channel(STILL, 8, 0), seeds, moved(3000, 0.0, 0.0), 8)
    assert abs(float((smooth * coarse).mean())) < 0.03


def test_panes_are_steps_with_a_dark_rim() -> None:
    seeds = torch.tensor([1, 2])
    panes = sample_channel(Channel(STILL, 4, 2, PANES), seeds, moved(2, 0.0, 0.0), 100)
    cells = panes.reshape(2, 2, 50, 4, 25).transpose(2, 3)
    lit = cells[..., 25, 12]
    inside = cells == lit[..., None, None]
    assert len(lit.unique()) == 16
    assert float(cells[~inside].max()) == float(panes.min()) < float(lit.min())
    (left, right), (top, bottom) = PANE
    share = float(inside.float().mean())
    assert abs(share - (right - left) * (bottom - top)) < 0.02


def test_steps_and_panes_stand_still() -> None:
    with pytest.raises(ValueError, match="still"):
        FieldConfig((8,), ((Channel(FLOW, 8, 8, STEPS),),))


def test_fields_by_phase_are_the_same_pixels() -> None:
    lattices = LiveLattices(5, SMALL)
    found = lattices.at(np.full((LAYERS, 2), 0.37))
    values, offsets = (torch.from_numpy(part) for part in found)
    plain = FieldSampler(SMALL)(values, offsets)
    phased = FieldSampler(SMALL, SMALL.resolutions[-1:])(values, offsets)
    torch.testing.assert_close(phased[0], plain[0])
    torch.testing.assert_close(phased[1], by_phase(plain[1]))
    torch.testing.assert_close(phased[1][..., :16, 16:], plain[1][..., ::2, 1::2])


@pytest.mark.parametrize("cells", [16, 24, 32, 40, 48, 64, 256])
@pytest.mark.parametrize("size", [16, 18, 32, 64])
def test_axes_of_many_cells_are_sampled_in_parts(cells: int, size: int) -> None:
    channels = (Channel(FLOW, cells, 12), Channel(DRIFT, 12, cells), Channel(FLOW, cells, cells))
    config = FieldConfig((8, size), ((), channels))
    at = np.array([[0.0, 0.0], [3.21, -7.03], [-0.77, 123.4]])
    expected = sample_fields(torch.tensor([7]), torch.from_numpy(at)[None], config)[1]
    values, offsets = map(torch.from_numpy, LiveLattices(7, config).at(at))
    plain = FieldSampler(config)(values, offsets)[1]
    torch.testing.assert_close(plain, expected, atol=1e-5, rtol=0.0)
    torch.testing.assert_close(FieldSampler(config, [size])(values, offsets)[1], by_phase(plain))


def test_a_config_survives_a_manifest() -> None:
    assert FieldConfig.from_dict(WORLD_FIELDS.to_dict()) == WORLD_FIELDS
    assert WORLD_FIELDS.counts == tuple(len(level) for level in WORLD_FIELDS.channels)
    assert WORLD_FIELDS.up_to(128).resolutions == WORLD_FIELDS.resolutions[:-1]
    assert WORLD_FIELDS.up_to(128).counts == WORLD_FIELDS.counts[:-1]
    with pytest.raises(ValueError, match="layer"):
        FieldConfig((8,), ((Channel(3, 8, 8),),))
    with pytest.raises(ValueError, match="resolution"):
        FieldConfig((8, 16), ((Channel(0, 8, 8),),))


def test_fields_without_some_channels_say_where_the_others_were() -> None:
    unread = {64: WORLD_FIELDS.channels[3][:2], 128: (WORLD_FIELDS.channels[4][5],)}
    left = WORLD_FIELDS.without(unread)
    indices = left.indices_in(WORLD_FIELDS)
    assert indices[3] == list(range(2, WORLD_FIELDS.counts[3]))
    assert 5 not in indices[4]
    for mine, theirs, level in zip(left.channels, WORLD_FIELDS.channels, indices, strict=True):
        assert mine == tuple(theirs[k] for k in level)
    assert left.without({}) == left
    assert not left.missing_in(WORLD_FIELDS)
    assert WORLD_FIELDS.missing_in(left)
    assert WORLD_FIELDS.up_to(128).missing_in(WORLD_FIELDS)
    for unknown in (unread, {99: (Channel(STILL, 1, 1),)}):
        with pytest.raises(ValueError, match="not there"):
            left.without(unknown)


def test_families_have_ids_titles_and_flow() -> None:
    assert len(FAMILY_IDS) == 21
    assert len(set(FAMILY_IDS)) == 21
    assert FAMILY_IDS[family_index("fire")] == "fire"
    with pytest.raises(ValueError, match="no family"):
        family_index("fyre")
    flow = flow_table()
    assert flow.shape == (21, LAYERS, 2)
    assert not flow[:, 0].any()
    assert flow[family_index("rain"), 2, 1] > 0.5
    assert flow[family_index("fire"), 2, 1] < -0.2
    assert all(family.title for family in FAMILIES)
