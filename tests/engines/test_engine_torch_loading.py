"""PyTorch that is loaded beside a show is the same as imported."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from s2s_live.engines.torch_loading import FIRST, LIBRARIES

LOADS = """
import sys
from s2s_live.engines.torch_loading import load_torch
assert "torch" not in sys.modules
load_torch()
torch = sys.modules["torch"]
found = torch.nn.functional.conv2d(torch.ones(1, 2, 5, 5), torch.ones(3, 2, 3, 3))
assert found.shape == (1, 3, 3, 3) and float(found.sum()) == 18 * 27
load_torch()
"""


def test_it_works_once_loaded():
    subprocess.run([sys.executable, "-c", LOADS], check=True)


def test_libraries_that_cannot_be_opened_are_left_to_the_import():
    broken = "import s2s_live.engines.torch_loading as loading\ndef refuse():\n    raise OSError('no')\n"
    broken += "loading.open_libraries = refuse\n"
    subprocess.run([sys.executable, "-c", broken + LOADS], check=True)


OPENS = """
import sys
from pathlib import Path
from s2s_live.engines.torch_loading import open_libraries
assert "libtorch_cpu.so" not in Path("/proc/self/maps").read_text()
open_libraries()
assert "libtorch_python.so" in Path("/proc/self/maps").read_text()
assert "torch" not in sys.modules
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are opened beforehand on Linux")
def test_libraries_are_opened_before_the_import():
    subprocess.run([sys.executable, "-c", OPENS], check=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are opened beforehand on Linux")
def test_the_libraries_are_where_they_are_looked_for():
    folder = Path(importlib.util.find_spec("torch").origin).parent / "lib"
    there = {name for name in (FIRST, *LIBRARIES) if (folder / name).exists()}
    assert there >= {FIRST, *LIBRARIES} - {"libtorch_cuda.so"}
