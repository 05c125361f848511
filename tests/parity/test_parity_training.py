"""Losses, three training steps, pairs and preprocessing for training, against the official code's.

Runs where S2S_REFERENCE names a folder of references with `fill.py` and `sound2scene/`, or the latter itself.
S2S_REFERENCE_SALT says with which salt they were made.
"""

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.weights import load_weights
from s2s_live.training.sound2scene.items import Item, Pairs
from s2s_live.training.sound2scene.losses import LOSSES
from s2s_live.training.sound2scene.pairing import Pair, pair_up
from s2s_live.training.sound2scene.pictures import FeatureInput
from s2s_live.training.sound2scene.trainer import OFFICIAL_ENCODER, Recipe

GIVEN = Path(os.environ.get("S2S_REFERENCE", "nowhere"))
REFERENCE = GIVEN / "sound2scene" if (GIVEN / "sound2scene").is_dir() else GIVEN
SALT = os.environ.get("S2S_REFERENCE_SALT", "public")
FILL = REFERENCE.parent / "fill.py"
pytestmark = pytest.mark.skipif(
    not (REFERENCE / "golden.npz").is_file() or not FILL.is_file(),
    reason="S2S_REFERENCE names no folder with sound2scene/golden.npz and fill.py",
)


@pytest.fixture(scope="module")
def fill():
    spec = importlib.util.spec_from_file_location("fill", FILL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def golden():
    with np.load(REFERENCE / "golden.npz", allow_pickle=False) as file:
        wanted = ("loss/", "train/", "image/file/")
        return {name: file[name] for name in file.files if name.startswith(wanted)}


def noise(fill, name, shape):
    flat = fill.fill_tensor("input." + name, (int(np.prod(shape)),), salt=SALT)
    return torch.from_numpy(10 * flat.reshape(shape))


def sampled(array, length):
    flat = np.asarray(array).ravel()
    return flat if length == flat.size else flat[(np.arange(length) * (flat.size - 1)) // (length - 1)]


def assert_near(ours, theirs, share, what):
    """Within `share` of the greatest of theirs."""
    found = sampled(ours.detach().numpy(), theirs.size)
    np.testing.assert_allclose(found, theirs.ravel(), atol=share * np.abs(theirs).max(), rtol=0, err_msg=what)


@pytest.mark.parametrize("count", [6, 40])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_losses_and_their_gradients_are_the_official_ones(fill, golden, name, count):
    images = noise(fill, f"loss.v{count}", (count, 2048)).abs()
    sounds = torch.relu(noise(fill, f"loss.a{count}", (count, 2048)) + 0.5 * images).requires_grad_()
    loss = LOSSES[name](images, sounds)
    loss.backward()
    assert float(loss.detach()) == pytest.approx(float(golden[f"loss/n{count}/{name}"]), abs=1e-5)
    assert_near(sounds.grad, golden[f"loss/n{count}/{name}.grad"], 1e-3, name)


def test_every_official_loss_is_there(golden):
    assert {key.split("/")[2] for key in golden if key.startswith("loss/") and "." not in key} == set(LOSSES)


@pytest.mark.slow
def test_three_steps_of_training_are_the_official_ones(fill, golden):
    manifest = json.loads((REFERENCE / "manifest" / "audio_encoder_r18_avgpool.json").read_text())["tensors"]
    weights = fill.fill_state_dict(manifest, salt=SALT)
    encoder = AudioEncoder(OFFICIAL_ENCODER)
    named = {name.removeprefix("audnet."): torch.as_tensor(array) for name, array in weights.items()}
    load_weights(encoder, named, "official")
    recipe = Recipe()
    optimiser = torch.optim.Adam(encoder.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    inputs, images = noise(fill, "train.x", (4, 1, 257, 64)), noise(fill, "train.v", (4, 2048)).abs()
    encoder.train()
    losses = []
    for step in range(3):
        loss = LOSSES[recipe.loss](images, encoder(inputs))
        optimiser.zero_grad()
        loss.backward()
        losses.append(float(loss.detach()))
        if step == 0:
            for key in (
                name for name in golden if name.startswith("train/grad0/") and name.endswith("weight")
            ):
                gradient = encoder.get_parameter(key.removeprefix("train/grad0/audnet.")).grad
                assert_near(gradient, golden[key], 1e-3, key)
        optimiser.step()
    np.testing.assert_allclose(losses, golden["train/losses"], atol=1e-3)
    # The stored statistics are those after the last step.
    assert_near(encoder.bn1.running_mean, golden["train/bn1_running_mean"], 1e-3, "mean")
    assert_near(encoder.bn1.running_var, golden["train/bn1_running_var"], 1e-3, "variance")


class ReferenceFiles:
    def read(self, file, *, audio):  # noqa: ARG002 - a source's arguments
        return (REFERENCE / file).read_bytes()


def test_a_pair_becomes_what_the_official_data_set_makes_of_it(golden):
    item = Pairs(ReferenceFiles(), [Pair("frame", "frame.jpg", "frame.wav")])[0]
    assert isinstance(item, Item)
    assert item.remarks == ()
    pairs = {
        "image/file/paired_spec": item.spectrogram[0],
        "image/file/feature_input": FeatureInput()(item.picture[None]),
    }
    for key, ours in pairs.items():
        assert tuple(ours.shape) == tuple(golden[f"{key}.shape"])
        found = sampled(ours.numpy(), golden[key].size)
        np.testing.assert_allclose(found, golden[key].ravel(), atol=1e-4, err_msg=key)


def test_pairs_are_the_official_ones():
    given = json.loads((REFERENCE / "pairing.json").read_text())
    found = [[pair.name, pair.image, pair.audio] for pair in pair_up(given["images"], given["audios"])]
    assert found == given["expected"]
