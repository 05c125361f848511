"""A network that may be run in fewer bits, inputs for it, and whatever time ways take."""

import numpy as np
import torch

from s2s_live.engines.timing import Worthwhile

ALWAYS, NEVER = Worthwhile(np.inf, -np.inf), Worthwhile(0.0)
"""A way is chosen however long it takes; however short."""


def network_maker():
    """What makes it: two convolutions after activations, and one that gives a picture."""
    torch.manual_seed(0)
    made = torch.nn.Sequential(
        torch.nn.ReLU(),
        torch.nn.Conv2d(3, 16, 3, padding=1),
        torch.nn.ReLU(),
        torch.nn.ConvTranspose2d(16, 16, 4, 2, 1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(16, 3, 3, padding=1),
    ).eval()
    return lambda: made


def samples(count=12, scale=1.0):
    """Inputs, the same at every call."""
    rng = np.random.default_rng(3)
    return [[scale * rng.standard_normal((1, 3, 16, 16)).astype(np.float32)] for _ in range(count)]
