"""A run folder's stage belongs to one process at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from s2s_live.errors import TrainingError
from s2s_live.training.loop import claimed

HOLDER = """
import sys, time
from pathlib import Path
from s2s_live.training.loop import claimed
with claimed(Path(sys.argv[1]), "generator"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_stage_that_is_being_trained_is_refused_and_another_is_not(tmp_path: Path) -> None:
    with claimed(tmp_path, "generator"):
        with pytest.raises(TrainingError, match="already"), claimed(tmp_path, "generator"):
            pass
        with claimed(tmp_path, "upscaler"):
            pass


def test_a_stage_is_let_go_with_whatever_ends_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), claimed(tmp_path, "generator"):
        raise KeyboardInterrupt
    with claimed(tmp_path, "generator"):
        pass


def test_a_process_that_is_killed_lets_go(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TrainingError, match="already"), claimed(tmp_path, "generator"):
            pass
        holder.kill()
    with claimed(tmp_path, "generator"):
        pass
