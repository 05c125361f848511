"""The reference outputs of the official code, and comparing with them.

Tests run where S2S_REFERENCE names a folder of references with `fill.py` and `sound2scene/`, or the latter
itself; S2S_REFERENCE_SALT says with which salt its weights were made from names and shapes.
"""

import importlib.util
import json
import os
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

GIVEN = Path(os.environ.get("S2S_REFERENCE", "nowhere"))
ROOT = GIVEN / "sound2scene" if (GIVEN / "sound2scene").is_dir() else GIVEN
SALT = os.environ.get("S2S_REFERENCE_SALT", "public")
FILL = ROOT.parent / "fill.py"
OUTCOMES = ("passed", "failed", "skipped", "error")


class Reference:
    """Official weights and inputs by name, and golden outputs to compare with."""

    root = ROOT

    @cached_property
    def fill(self):
        spec = importlib.util.spec_from_file_location("fill", FILL)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    @cached_property
    def golden(self):
        return np.load(ROOT / "golden.npz", allow_pickle=False)

    def manifest(self, model):
        return json.loads((ROOT / "manifest" / f"{model}.json").read_text())

    def weights(self, model):
        """The model's tensors, named and filled as in its official file."""
        import torch

        manifest = self.manifest(model)["tensors"]
        filled = self.fill.fill_state_dict(manifest, salt=SALT)
        return {
            name: torch.as_tensor(array * np.float32(manifest[name]["gain"]))
            if "gain" in manifest[name]
            else torch.as_tensor(array)
            for name, array in filled.items()
        }

    def noise(self, name, shape):
        """The named random input."""
        import torch

        flat = self.fill.fill_tensor("input." + name, (int(np.prod(shape)),), salt=SALT)
        return torch.from_numpy(10 * flat.reshape(shape))

    def keys(self, prefix):
        """Golden keys that begin so, without those that describe others."""
        return [
            key
            for key in self.golden.files
            if key.startswith(prefix) and not key.endswith((".shape", ".stats"))
        ]

    def check(self, key, found, *, absolute=None, of_max=None):
        """Compare an array with a golden key: shape, stored samples, and moments and ends of the whole."""
        ours, theirs = np.asarray(found), self.golden[key]
        full = f"{key}.shape" in self.golden.files
        shape = tuple(self.golden[f"{key}.shape"]) if full else theirs.shape
        assert ours.size == np.prod(shape), (key, ours.shape, shape)
        mean, deviation, low, high = self.golden[f"{key}.stats"] if full else _stats(theirs)
        tolerance = absolute if absolute is not None else of_max * max(abs(low), abs(high))
        samples = sampled(ours, theirs.size)
        np.testing.assert_allclose(samples, theirs.ravel(), rtol=0, atol=tolerance, err_msg=key)
        np.testing.assert_allclose(
            _stats(ours), (mean, deviation, low, high), rtol=1e-5, atol=tolerance, err_msg=f"{key}.stats"
        )


def sampled(array, length):
    """Evenly spaced flat samples, as long arrays are stored."""
    flat = np.asarray(array).ravel()
    return flat if length == flat.size else flat[(np.arange(length) * (flat.size - 1)) // (length - 1)]


def _stats(array):
    wide = np.asarray(array, dtype=np.float64)
    return wide.mean(), wide.std(), wide.min(), wide.max()


@pytest.fixture(scope="session")
def reference():
    """Skips where there are none."""
    if not (ROOT / "golden.npz").is_file() or not FILL.is_file():
        pytest.skip("S2S_REFERENCE names no folder with sound2scene/golden.npz and fill.py")
    return Reference()


def pytest_terminal_summary(terminalreporter):
    """How many parity tests ran, so that nobody takes skipped ones for passed ones."""
    counts = {
        outcome: sum(
            "tests/parity/" in report.nodeid.replace("\\", "/")
            and (outcome == "skipped" or getattr(report, "when", "call") == "call" or outcome == "error")
            for report in terminalreporter.getreports(outcome)
        )
        for outcome in OUTCOMES
    }
    if any(counts.values()):
        told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
        terminalreporter.write_line(f"parity with the official code: {told}")
