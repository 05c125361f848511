"""The arithmetic, on cases that can be worked out by hand."""

import numpy as np
import pytest
import torch
from torchvision.models import inception_v3

from s2s_live.errors import ModelError
from s2s_live.evaluation.sound2scene.inception import load_inception
from s2s_live.evaluation.sound2scene.measures import hits_at, inception_score, softmax


def test_hits_are_counted_among_the_k_nearest():
    similarity = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.1, 0.2, 0.3]])
    labels = np.array([0, 1, 0])
    assert hits_at(similarity, labels, 1).tolist() == [True, False, False]
    assert hits_at(similarity, labels, 2).tolist() == [True, True, False]
    assert hits_at(similarity, labels, 5).all()


def test_the_score_is_the_number_of_classes_at_best_and_one_at_worst():
    sure = np.tile(np.eye(4), (20, 1))
    assert inception_score(sure, 10) == pytest.approx((4.0, 0.0))
    assert inception_score(np.full((40, 4), 0.25), 10) == pytest.approx((1.0, 0.0))
    mixed = np.concatenate([sure[:40], np.full((40, 4), 0.25)])
    assert inception_score(mixed, 2) == pytest.approx((2.5, 1.5))


def test_softmax_of_large_numbers():
    found = softmax(np.array([[1000.0, 1000.0], [0.0, -2000.0]]))
    np.testing.assert_allclose(found, [[0.5, 0.5], [1.0, 0.0]])


@pytest.mark.slow
def test_weights_with_and_without_the_second_head_are_read(tmp_path):
    torch.manual_seed(0)
    official = inception_v3(weights=None, num_classes=7, aux_logits=True, init_weights=False).eval()
    torch.save({f"module.{k}": v for k, v in official.state_dict().items()}, tmp_path / "a.pth")
    judge = load_inception(tmp_path / "a.pth")
    pictures = torch.rand(2, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        features, logits = judge(pictures)
        normal = (0.5 * pictures + 0.5 - judge.mean) / judge.deviation
        large = torch.nn.functional.interpolate(normal, (299, 299), mode="bilinear", align_corners=True)
        expected = official(large)
    assert features.shape == (2, 2048)
    np.testing.assert_allclose(logits.numpy(), expected.numpy(), rtol=1e-4, atol=1e-5)


def test_another_network_is_refused(tmp_path):
    torch.save({"fc.weight": torch.zeros(3, 2048), "fc.bias": torch.zeros(3)}, tmp_path / "a.pth")
    with pytest.raises(ModelError, match="missing"):
        load_inception(tmp_path / "a.pth")
    torch.save({"x": torch.zeros(3)}, tmp_path / "b.pth")
    with pytest.raises(ModelError, match="holds no Inception"):
        load_inception(tmp_path / "b.pth")
