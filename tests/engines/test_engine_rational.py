"""Fractions in the place of exponentials."""

import pytest
import torch

from s2s_live.engines.sound2scene.rational import sigmoid, tanh

EVERYWHERE = torch.cat(
    [torch.linspace(-30.0, 30.0, 60_001), torch.tensor([-torch.inf, -1e30, 0.0, 1e30, torch.inf])]
)


@pytest.mark.parametrize(
    ("mine", "exact", "most"), [(tanh, torch.tanh, 1e-4), (sigmoid, torch.sigmoid, 5e-5)]
)
def test_fractions_are_as_near_as_they_say(mine, exact, most) -> None:
    found = mine(EVERYWHERE)
    assert float((found - exact(EVERYWHERE)).abs().max()) < most
    assert float(found.diff()[:60_000].min()) > -1e-6, "they never fall"


@pytest.mark.parametrize("function", [tanh, sigmoid])
@pytest.mark.parametrize(("kind", "most"), [(torch.float16, 4e-3), (torch.bfloat16, 2e-2)])
def test_fractions_have_room_in_16_bits(function, kind, most) -> None:
    short = EVERYWHERE.to(kind)
    assert float((function(short).float() - function(short.float())).abs().max()) < most
