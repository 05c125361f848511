"""Runtimes: conversion, the cache of converted networks, and falling back."""

import builtins
import contextlib
import errno
import logging
import os
import subprocess
import sys
import tempfile
import types

import numpy as np
import pytest
import torch
from openvino.frontend import OpConversionFailure

from s2s_live.engines.network_cache import KEPT, SUFFIX
from s2s_live.engines.openvino_cache import cache_path
from s2s_live.engines.openvino_compiled import SMALL
from s2s_live.engines.openvino_runtime import OpenVinoRuntime
from s2s_live.engines.runtime import open_runtime
from s2s_live.engines.torch_runtime import TorchRuntime
from s2s_live.errors import ModelError

EXAMPLE = [np.linspace(-1, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4)]


@pytest.fixture
def network():
    torch.manual_seed(0)
    made = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.ReLU()).eval()
    return lambda: made


def not_called():
    raise AssertionError("needed no more")


def test_openvino_gives_what_torch_gives(network):
    found = OpenVinoRuntime(network, lambda: EXAMPLE).run(*EXAMPLE)
    np.testing.assert_allclose(found, TorchRuntime(network()).run(*EXAMPLE), atol=1e-5)


def test_arrays_may_be_reused_read_only_or_cut_from_others(network):
    runtime, torch_runtime = OpenVinoRuntime(network, lambda: EXAMPLE), TorchRuntime(network())
    item = EXAMPLE[0].copy()
    wide = np.repeat(item, 2, axis=3)[..., ::2]
    frozen = item.copy()
    frozen.setflags(write=False)
    for given in (item, wide, frozen, item):
        np.testing.assert_allclose(runtime.run(given), torch_runtime.run(item), atol=1e-5)
    for held in (item, wide):
        runtime.run(held)
        np.multiply(held, 0.5, out=held)
        np.testing.assert_allclose(runtime.run(held), torch_runtime.run(held.copy()), atol=1e-5)


@pytest.mark.parametrize("side", [8, 400])
def test_small_arrays_that_change_are_copied_large_ones_read_where_they_lie(side):
    arrays = [np.full((1, 1, side, side), value, np.float32) for value in range(1, 6)]
    assert (arrays[0].nbytes <= SMALL) == (side == 8)
    runtime = OpenVinoRuntime(Weighted, lambda: arrays[:3])
    for given in (arrays[:3], arrays[1:4], arrays[2:5], arrays[:3]):
        a, b, c = (float(array[0, 0, 0, 0]) for array in given)
        assert (runtime.run(*given) == a + 10.0 * b + 100.0 * c).all()
    runtime.run(arrays[3], *arrays[1:3])
    arrays[3] += 1.0
    assert (runtime.run(arrays[3], *arrays[1:3]) == 325.0).all()
    for wrong in (arrays[0][..., :1], arrays[0][..., :1], arrays[0].astype(np.float64)):
        with pytest.raises(RuntimeError):
            runtime.run(wrong, *arrays[1:3])
    assert (runtime.run(*arrays[:3]) == 321.0).all()
    assert (runtime.run(*arrays[:2], arrays[4]) == 521.0).all()


def test_more_threads_while_it_has_them_to_itself_give_the_same(network, tmp_path):
    cache = tmp_path / "a"
    for _ in range(2):  # made, then read
        runtime = OpenVinoRuntime(network, lambda: EXAMPLE, threads=1, alone=2, cache=cache)
        beside = runtime.run(*EXAMPLE).copy()
        alone = runtime.run(*EXAMPLE, alone=True)
        np.testing.assert_array_equal(alone, beside)
        assert not np.shares_memory(alone, runtime.run(*EXAMPLE)), "on the same threads"


class Weighted(torch.nn.Module):
    def forward(self, a, b, c):
        return a + 10.0 * b + 100.0 * c


def test_copies_of_several_arrays_last_until_all_are_read():
    arrays = tuple(np.full((1, 3, 64, 64), value, np.float32) for value in (1, 2, 3))
    runtime = OpenVinoRuntime(Weighted, lambda: arrays)
    for array in arrays:
        array.setflags(write=False)
    wide = tuple(np.repeat(array, 2, axis=3)[..., ::2] for array in arrays)
    for given in (arrays, wide, arrays):
        assert (runtime.run(*given) == 321.0).all()


def test_a_compiled_network_is_kept_and_read_again(network, tmp_path):
    cache = tmp_path / "networks" / "a-1.0"
    first = OpenVinoRuntime(network, lambda: EXAMPLE, cache=cache).run(*EXAMPLE).copy()
    assert list(cache.parent.iterdir()) == [cache_path(cache, "openvino-f32")]
    again = OpenVinoRuntime(not_called, not_called, cache=cache)
    np.testing.assert_array_equal(again.run(*EXAMPLE), first)


@pytest.mark.parametrize(
    "left", [slice(0, 0), slice(0, 400), slice(1, None)], ids=["empty", "cut", "shifted"]
)
def test_a_damaged_cache_is_made_again(network, tmp_path, left):
    cache = tmp_path / "a"
    expected = OpenVinoRuntime(network, lambda: EXAMPLE, cache=cache).run(*EXAMPLE).copy()
    path = cache_path(cache, "openvino-f32")
    path.write_bytes(path.read_bytes()[left])
    found = OpenVinoRuntime(network, lambda: EXAMPLE, cache=cache).run(*EXAMPLE)
    np.testing.assert_array_equal(found, expected)
    again = OpenVinoRuntime(not_called, not_called, cache=cache).run(*EXAMPLE)
    np.testing.assert_array_equal(again, expected)


def test_old_networks_leave_the_cache(network, tmp_path):
    for index in range(KEPT + 2):
        (tmp_path / f"old{index}{SUFFIX}").write_text("")
    OpenVinoRuntime(network, lambda: EXAMPLE, cache=tmp_path / "new")
    assert cache_path(tmp_path / "new", "openvino-f32").is_file()
    assert len(list(tmp_path.iterdir())) == KEPT


def test_a_cache_that_cannot_be_written_does_no_harm(network, tmp_path):
    (tmp_path / "file").write_text("")
    OpenVinoRuntime(network, lambda: EXAMPLE, cache=tmp_path / "file" / "a").run(*EXAMPLE)


def test_without_either_torch_runs(network, without_onnx, monkeypatch, caplog):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.endswith("openvino_runtime"):
            raise ImportError("no openvino here")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with caplog.at_level(logging.WARNING):
        runtime = open_runtime(network, lambda: EXAMPLE)
    assert runtime.name == "torch-fp32"
    assert "no openvino here" in caplog.text


def test_a_network_that_openvino_gets_wrong_runs_in_torch(network, without_onnx, monkeypatch, caplog):
    monkeypatch.setattr("s2s_live.engines.openvino_convert.differs", lambda *_: 0.5)
    with caplog.at_level(logging.WARNING):
        runtime = open_runtime(network, lambda: EXAMPLE)
    assert runtime.name == "torch-fp32"
    assert "differs by 0.5" in caplog.text


def test_an_error_of_openvinos_own_leaves_the_network_to_torch(network, without_onnx, monkeypatch, caplog):
    def fails(*_args):
        raise OpConversionFailure("an operator that is not known")

    assert not issubclass(OpConversionFailure, RuntimeError), "of no class that says more"
    monkeypatch.setattr("s2s_live.engines.openvino_convert.convert", fails)
    assert open_runtime(network, lambda: EXAMPLE).name == "torch-fp32"
    assert "an operator that is not known" in caplog.text


def test_a_model_that_cannot_be_loaded_is_told_at_once():
    asked = []

    def broken():
        asked.append(True)
        raise ModelError("The weights are cut short.", "Copy the folder again.")

    with pytest.raises(ModelError, match="cut short"):
        open_runtime(broken, lambda: EXAMPLE)
    assert len(asked) == 1


def test_numbers_that_are_none_are_not_near_enough(caplog):
    class Nothing(torch.nn.Module):
        def forward(self, x):
            return x / x.sub(x)

    runtime = open_runtime(lambda: Nothing().eval(), lambda: [np.zeros((1, 3, 4, 4), np.float32)])
    assert runtime.name == "torch-fp32"
    assert "differs by nan" in caplog.text


def test_a_disk_that_is_full_keeps_no_part(network, tmp_path, monkeypatch):
    real = tempfile.NamedTemporaryFile

    @contextlib.contextmanager
    def small(**options):
        with real(**options) as stream:
            yield types.SimpleNamespace(
                name=stream.name,
                write=lambda data: full(stream, data),
                flush=stream.flush,
                close=stream.close,
            )

    def full(stream, data):
        stream.write(data[:1000])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("s2s_live.engines.network_cache.tempfile.NamedTemporaryFile", small)
    OpenVinoRuntime(network, lambda: EXAMPLE, cache=tmp_path / "a").run(*EXAMPLE)
    assert list(tmp_path.iterdir()) == []


def test_torch_can_be_preferred(network):
    assert open_runtime(network, lambda: EXAMPLE, prefer="torch").name == "torch-fp32"


def test_devices_that_are_not_there(network):
    with pytest.raises(ModelError, match="no device"):
        open_runtime(network, lambda: EXAMPLE, device="abacus")
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="cuda") as caught:
            open_runtime(network, lambda: EXAMPLE, device="cuda")
        assert "cpu" in caught.value.hint


def test_openvino_reports_nothing(tmp_path):
    program = (
        "import sys\n"
        "import numpy as np, torch\n"
        "import s2s_live, openvino\n"
        "from s2s_live.engines.openvino_runtime import OpenVinoRuntime\n"
        "OpenVinoRuntime(torch.nn.ReLU, lambda: [np.ones((1, 3), np.float32)])\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
        "assert not [name for name in sys.modules if name.startswith('openvino_telemetry.')]\n"
    )
    home = {"HOME": str(tmp_path), "USERPROFILE": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], check=True, env={**os.environ, **home})
    assert not (tmp_path / "intel").exists()


LETS_GO_AND_IS_SIGNALLED = """
import os, signal, sys, threading
import numpy as np, torch
from s2s_live.engines.openvino_runtime import OpenVinoRuntime

def work():
    one, two = (OpenVinoRuntime(torch.nn.ReLU, lambda: [np.ones((1, 3), np.float32)]) for _ in range(2))
    del one
    return two

heard = []
signal.signal(signal.SIGTERM, lambda *_: heard.append(1))
if sys.argv[1] == "here":
    work()
else:
    found = [work()]
    thread = threading.Thread(target=found.clear)
    thread.start()
    thread.join()
os.kill(os.getpid(), signal.SIGTERM)
assert heard
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_signals_are_handled_after_networks_went(where):
    """In a process of its own: it would end with a segmentation fault."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", LETS_GO_AND_IS_SIGNALLED, where], check=False
    )
    assert done.returncode == 0


STARTS = """
import sys
from pathlib import Path
import numpy as np
import platformdirs
platformdirs.user_cache_path = lambda *_, **__: Path(sys.argv[2])
from s2s_live.engines.base import PaintState
from s2s_live.engines.registry import open_engine

engine = open_engine(Path(sys.argv[1]))
stream = engine.front_end()
stream.push(np.ones(3000, np.float32))
latent = engine.hear(stream.window()).latent
spec = engine.spec
for seed in (1, 2):
    still = np.zeros((spec.layers, 2))
    engine.paint(PaintState(0, seed, latent, np.zeros(spec.z_size, np.float32), still, 0.0, 0.5, {}))
engine.close()
print("torch" in sys.modules)
"""


def test_a_start_with_networks_that_are_kept_needs_no_torch(tiny_folder, tmp_path):
    command = [sys.executable, "-c", STARTS, str(tiny_folder), str(tmp_path)]
    said = [subprocess.run(command, check=True, capture_output=True, text=True).stdout for _ in range(2)]
    assert said == ["True\n", "False\n"]
