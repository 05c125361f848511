"""Frechet distance, inception score, retrieval and the Inception network against the official figures."""

import numpy as np
import pytest
import torch

from s2s_live.evaluation.sound2scene.inception import load_inception
from s2s_live.evaluation.sound2scene.measures import hits_at, inception_score, softmax
from s2s_live.evaluation.world.frechet import frechet_distance


def noise(reference, name, shape):
    return reference.noise(name, shape).double().numpy()


@pytest.mark.parametrize("key", ["fid_numpy", "fid_torch"])
def test_the_frechet_distance(reference, key):
    a = noise(reference, "metric.a", (400, 24))
    mix = noise(reference, "metric.mix", (24, 24)) / 5 + np.eye(24)
    b = (1.3 * noise(reference, "metric.b", (400, 24)) + 0.2) @ mix
    assert frechet_distance(a, b) == pytest.approx(float(reference.golden[f"metric/{key}"]), rel=1e-4)


def test_the_inception_score(reference):
    probabilities = softmax(2 * noise(reference, "metric.p", (500, 10)))
    assert inception_score(probabilities, 10) == pytest.approx(tuple(reference.golden["metric/is"]), rel=1e-4)


@pytest.mark.parametrize("k", [1, 5])
def test_retrieval(reference, k):
    def unit(rows):
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    images, texts = (unit(noise(reference, f"metric.{n}", (c, 512))) for n, c in (("i", 60), ("t", 12)))
    labels = np.arange(60) % 12
    hits = hits_at((images + 0.07 * texts[labels]) @ texts.T, labels, k)
    assert hits.mean() == float(reference.golden[f"metric/recall_at_{k}"])


@pytest.mark.slow
def test_the_inception_network(reference, tmp_path):
    torch.save(reference.weights("inception_v3"), tmp_path / "inception.pth")
    judge = load_inception(tmp_path / "inception.pth")
    pictures = torch.tanh(reference.noise("inception", (2, 3, 128, 128)))
    with torch.no_grad():
        found = judge(pictures)
    for name, ours in zip(("pool", "logits"), found, strict=True):
        reference.check(f"inception/{name}", ours, of_max=1e-3)
