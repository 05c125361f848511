"""Muon: steps are orthogonal, both ways round, and a bank of filters learns by them and goes on."""

import pytest
import torch

from s2s_live.training.muon import Muon, orthogonal


@pytest.mark.parametrize("shape", [(12, 40), (40, 12), (16, 16)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    found = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
    assert found.min() > 0.4
    assert found.max() < 1.4


def test_directions_are_those_of_the_nearest_orthogonal_matrix() -> None:
    torch.manual_seed(1)
    matrix = torch.randn(8, 30)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    turned = left.T @ orthogonal(matrix) @ right.T
    torch.testing.assert_close(turned, torch.diag(turned.diagonal()), atol=1e-4, rtol=0.0)


def test_nothing_to_go_by_moves_nothing() -> None:
    weight = torch.nn.Parameter(torch.ones(4, 3, 3, 3))
    optimizer = Muon([weight])
    optimizer.step()
    weight.grad = torch.zeros_like(weight)
    optimizer.step()
    assert torch.equal(weight, torch.ones(4, 3, 3, 3))


def _teach(student: torch.nn.Conv2d, optimizer: Muon, steps: range) -> float:
    torch.manual_seed(2)
    teacher = torch.nn.Conv2d(6, 9, 3)
    for step in steps:
        torch.manual_seed(100 + step)
        x = torch.randn(8, 6, 8, 8)
        loss = (student(x) - teacher(x)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


def test_filters_learn_and_go_on_where_they_stopped() -> None:
    torch.manual_seed(3)
    whole = torch.nn.Conv2d(6, 9, 3)
    start = {name: value.clone() for name, value in whole.state_dict().items()}
    optimizer = Muon([whole.weight], lr=0.02)
    first = _teach(whole, optimizer, range(1))
    assert _teach(whole, optimizer, range(1, 60)) < 0.5 * first

    broken = torch.nn.Conv2d(6, 9, 3)
    broken.load_state_dict(start)
    optimizer = Muon([broken.weight], lr=0.02)
    _teach(broken, optimizer, range(30))
    kept = optimizer.state_dict()
    optimizer = Muon([broken.weight], lr=0.02)
    optimizer.load_state_dict(kept)
    _teach(broken, optimizer, range(30, 60))
    torch.testing.assert_close(broken.weight, whole.weight)


def test_a_closure_is_refused() -> None:
    with pytest.raises(TypeError, match="closure"):
        Muon([torch.nn.Parameter(torch.ones(2, 2))]).step(lambda: 0.0)
