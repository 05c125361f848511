"""Several processes, started by torchrun, learn what one learns from the same batches."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from s2s_live.training.sound2scene.together import TeamBatchNorm2d, share_statistics
from s2s_live.training.team import Team

MEMBER = Path(__file__).with_name("sound2scene_team_member.py")


def start(folder, data, processes, epochs=2, *more):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [*launcher, str(processes), str(MEMBER), str(folder), str(data), str(epochs), *more],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def train(folder, data, processes):
    done = start(folder, data, processes)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    weights = torch.load(folder / "checkpoint.pt", weights_only=True)["encoder"]
    return rows, weights


@pytest.mark.slow
@pytest.mark.parametrize("broken", [0, 3])
def test_two_processes_have_the_loss_curve_of_one(tmp_path, make_pair, broken):
    """Also where bad pairs leave the processes with parts of different size, or one with none."""
    data = tmp_path / "data"
    for number in range(14):
        make_pair(data, f"clip{number}", number)
    for number in range(broken):
        (data / "images" / f"clip{3 * number}.jpg").write_bytes(b"no picture")
    (alone, weights), (together, shared) = (train(tmp_path / str(n), data, n) for n in (1, 2))
    assert [row["step"] for row in together] == [row["step"] for row in alone]
    for name in ("loss", "validation"):
        one, two = ([row[name] for row in rows if name in row] for rows in (alone, together))
        assert len(one) >= 2
        np.testing.assert_allclose(two, one, rtol=2e-3)
    first = [rows[0]["loss"] for rows in (alone, together)]
    assert first[1] == pytest.approx(first[0], rel=1e-5)
    for name, tensor in weights.items():
        # Adam turns rounding into steps where a gradient is about 0: the statistics say more.
        if name.endswith(("running_mean", "running_var")):
            scale = float(tensor.abs().max())
            np.testing.assert_allclose(shared[name].numpy(), tensor.numpy(), atol=0.02 * scale, err_msg=name)


@pytest.mark.slow
def test_machines_without_a_common_folder_go_on_together(tmp_path, make_pair):
    """Only the first process writes checkpoints; the others are given what it has."""
    data = tmp_path / "data"
    for number in range(14):
        make_pair(data, f"clip{number}", number)
    for folder, epochs in (("unbroken", 2), ("broken", 1), ("broken", 2)):
        done = start(tmp_path / folder, data, 2, epochs, "APART")
        assert done.returncode == 0, done.stderr
    found = [
        torch.load(tmp_path / folder / "0" / "checkpoint.pt", weights_only=True)
        for folder in ("unbroken", "broken")
    ]
    assert not (tmp_path / "broken" / "1" / "checkpoint.pt").exists()
    assert found[0]["step"] == found[1]["step"]
    for name, tensor in found[0]["encoder"].items():
        np.testing.assert_allclose(found[1]["encoder"][name].numpy(), tensor.numpy(), atol=1e-5)


@pytest.mark.slow
def test_machines_with_other_pairs_do_not_train_together(tmp_path, make_pair):
    for rank, count in enumerate((14, 13)):
        for number in range(count):
            make_pair(tmp_path / "data" / str(rank), f"clip{number}", number)
    done = start(tmp_path / "run", tmp_path / "data", 2, 1, "APART")
    assert done.returncode != 0
    assert "different pairs or settings" in done.stderr
    assert not (tmp_path / "run" / "0" / "checkpoint.pt").exists()


@pytest.mark.slow
@pytest.mark.parametrize("other", ["DEEPER", "LONGER", "HELD"])
def test_processes_with_other_settings_do_not_train_together(tmp_path, make_pair, other):
    for number in range(14):
        make_pair(tmp_path / "data", f"clip{number}", number)
    done = start(tmp_path / "run", tmp_path / "data", 2, 1, other)
    assert done.returncode != 0
    assert "different pairs or settings" in done.stderr


def test_names_of_weights_stay_and_evaluation_is_plain_batch_norm():
    network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.Sequential(nn.BatchNorm2d(3)))
    with torch.no_grad():
        network[1].running_mean.normal_()
        network[1].weight.normal_()
    inputs = torch.randn(2, 1, 8, 8)
    names, before = list(network.state_dict()), network.eval()(inputs)
    share_statistics(network, Team(0, 2))
    assert [type(m) for m in (network[1], network[2][0])] == [TeamBatchNorm2d] * 2
    assert list(network.state_dict()) == names
    assert torch.equal(network.eval()(inputs), before)
