"""Losses, three training steps, pairs and preprocessing for training, against the official code's."""

import json

import pytest
import torch

from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.weights import load_weights
from s2s_live.training.sound2scene.items import Item, Pairs
from s2s_live.training.sound2scene.losses import LOSSES
from s2s_live.training.sound2scene.pairing import Pair, pair_up
from s2s_live.training.sound2scene.pictures import FeatureInput
from s2s_live.training.sound2scene.trainer import OFFICIAL_ENCODER, Recipe


@pytest.mark.parametrize("count", [6, 40])
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_losses_and_their_gradients_are_the_official_ones(reference, name, count):
    images = reference.noise(f"loss.v{count}", (count, 2048)).abs()
    sounds = torch.relu(reference.noise(f"loss.a{count}", (count, 2048)) + 0.5 * images).requires_grad_()
    loss = LOSSES[name](images, sounds)
    loss.backward()
    reference.check(f"loss/n{count}/{name}", loss.detach(), absolute=1e-5)
    reference.check(f"loss/n{count}/{name}.grad", sounds.grad, of_max=1e-3)


def test_every_official_loss_is_there(reference):
    assert {key.split("/")[2].removesuffix(".grad") for key in reference.keys("loss/")} == set(LOSSES)


@pytest.mark.slow
def test_three_steps_of_training_are_the_official_ones(reference):
    weights = reference.weights("audio_encoder_r18_avgpool")
    encoder = AudioEncoder(OFFICIAL_ENCODER)
    load_weights(encoder, {name.removeprefix("audnet."): w for name, w in weights.items()}, "official")
    recipe = Recipe()
    optimiser = torch.optim.Adam(encoder.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay)
    # In 64 bits: in 32, gradients differ from processor to processor by more than is allowed here.
    encoder.double()
    inputs = reference.noise("train.x", (4, 1, 257, 64)).double()
    images = reference.noise("train.v", (4, 2048)).abs().double()
    encoder.train()
    losses, first = [], {}
    for _ in range(3):
        loss = LOSSES[recipe.loss](images, encoder(inputs))
        optimiser.zero_grad()
        loss.backward()
        losses.append(float(loss.detach()))
        first = first or {name: tensor.grad.clone() for name, tensor in encoder.named_parameters()}
        optimiser.step()
    keys = reference.keys("train/grad0/")
    assert len(keys) == 3
    for key in keys:
        reference.check(key, first[key.removeprefix("train/grad0/audnet.")], of_max=1e-3)
    reference.check("train/losses", losses, absolute=1e-3)
    # The stored statistics are those after the last step.
    reference.check("train/bn1_running_mean", encoder.bn1.running_mean, of_max=1e-3)
    reference.check("train/bn1_running_var", encoder.bn1.running_var, of_max=1e-3)


class ReferenceFiles:
    def __init__(self, root):
        self.root = root

    def read(self, file, *, audio):  # noqa: ARG002 - a source's arguments
        return (self.root / file).read_bytes()


def test_a_pair_becomes_what_the_official_data_set_makes_of_it(reference):
    item = Pairs(ReferenceFiles(reference.root), [Pair("frame", "frame.jpg", "frame.wav")])[0]
    assert isinstance(item, Item)
    assert item.remarks == ()
    reference.check("image/file/paired_spec", item.spectrogram[0], absolute=1e-4)
    reference.check("image/file/feature_input", FeatureInput()(item.picture[None]), absolute=1e-4)


def test_pairs_are_the_official_ones(reference):
    given = json.loads((reference.root / "pairing.json").read_text())
    found = [[pair.name, pair.image, pair.audio] for pair in pair_up(given["images"], given["audios"])]
    assert found == given["expected"]
