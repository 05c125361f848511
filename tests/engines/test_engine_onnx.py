"""ONNX Runtime gives what PyTorch gives, is chosen where it is faster, takes over where OpenVINO fails."""

import logging
import sys

import numpy as np
import pytest
import torch
from engines.small_network import samples

from s2s_live.engines import compiled
from s2s_live.engines.compiled import ONNX, Wanted, open_compiled
from s2s_live.engines.network_cache import NOTES, SUFFIX, networks_of
from s2s_live.engines.onnx_runtime import OnnxRuntime, cache_path
from s2s_live.engines.registry import open_engine
from s2s_live.engines.runtime import embedding_leeway, open_runtime, picture_leeway
from s2s_live.engines.torch_runtime import TorchRuntime

EXAMPLE = samples(1)[0]


class Weighted(torch.nn.Module):
    def forward(self, a, b, c):
        return a + 10.0 * b + 100.0 * c


class Levels(torch.nn.Module):
    def forward(self, x):
        return (127.5 + 60.0 * x).clamp(0.5, 255.49)


def not_called():
    raise AssertionError("needed no more")


@pytest.fixture
def onnx_is_faster(monkeypatch):
    monkeypatch.setattr(compiled, "WORTHWHILE", np.inf)
    monkeypatch.setattr(compiled, "WORTHWHILE_S", -np.inf)


@pytest.fixture
def onnx_is_slower(monkeypatch):
    monkeypatch.setattr(compiled, "WORTHWHILE", 0.0)


@pytest.fixture
def without_openvino(monkeypatch):
    monkeypatch.setitem(sys.modules, "s2s_live.engines.openvino_runtime", None)


def test_it_gives_what_torch_gives(network):
    made, expected = OnnxRuntime.make(network(), EXAMPLE), TorchRuntime(network())
    for item in samples(3):
        np.testing.assert_allclose(made.run(*item), expected.run(*item), atol=1e-5)


def test_arrays_may_be_reused_read_only_or_cut_from_others():
    arrays = [np.full((1, 1, 8, 8), value, np.float32) for value in range(1, 5)]
    runtime = OnnxRuntime.make(Weighted(), arrays[:3])
    assert (runtime.run(*arrays[:3]) == 321.0).all()
    assert (runtime.run(*arrays[1:4]) == 432.0).all()
    arrays[1] += 1.0
    assert (runtime.run(*arrays[1:4]) == 433.0).all(), "written to where it lies"
    frozen = arrays[0].copy()
    frozen.setflags(write=False)
    assert (runtime.run(frozen, frozen, frozen) == 111.0).all()
    wide = np.repeat(arrays[0], 2, axis=3)[..., ::2]
    assert (runtime.run(wide, wide, wide) == 111.0).all()
    wide *= 2.0
    assert (runtime.run(wide, wide, wide) == 222.0).all()


def test_what_does_not_fit_is_an_error_and_no_more():
    arrays = [np.full((1, 1, 8, 8), value, np.float32) for value in (1, 2, 3)]
    runtime = OnnxRuntime.make(Weighted(), arrays)
    for wrong in (arrays[0][..., :1], arrays[0].astype(np.float64)):
        with pytest.raises(RuntimeError):
            runtime.run(wrong, *arrays[1:])
    assert (runtime.run(*arrays) == 321.0).all()


def test_more_threads_while_it_has_them_to_itself_give_the_same(network):
    runtime = OnnxRuntime.make(network(), EXAMPLE, threads=1, alone=2)
    assert runtime.threads_alone == 2
    beside = runtime.run(*EXAMPLE).copy()
    alone = runtime.run(*EXAMPLE, alone=True)
    np.testing.assert_allclose(alone, beside, atol=1e-6)
    assert not np.shares_memory(alone, runtime.run(*EXAMPLE)), "on the same threads"


def test_levels_come_as_bytes_decimals_cut_off():
    leeway = picture_leeway(samples)
    runtime = OnnxRuntime.make(Levels(), EXAMPLE, leeway=leeway)
    expected = TorchRuntime(Levels(), levels=True).run(*EXAMPLE)
    found = runtime.run(*EXAMPLE)
    assert found.dtype == np.uint8
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_a_network_that_it_gets_wrong_is_refused(network, monkeypatch, caplog):
    monkeypatch.setattr("s2s_live.engines.onnx_runtime.differs", lambda *_: float("nan"))
    with caplog.at_level(logging.INFO):
        runtime = open_runtime(network, lambda: EXAMPLE, leeway=embedding_leeway(samples))
    assert runtime.name.startswith("openvino-")
    assert "ONNX Runtime fails: its output differs by nan" in caplog.text


def test_where_it_is_faster_it_is_chosen_and_kept_alone(network, onnx_is_faster, tmp_path):
    wanted = Wanted(
        network, lambda: EXAMPLE, cache=tmp_path / "hash-hear-1-torch2", leeway=embedding_leeway(samples)
    )
    first = open_compiled(wanted)
    assert first.name == ONNX
    path = cache_path(wanted.cache)
    assert set(tmp_path.iterdir()) == {path, path.with_suffix(NOTES)}
    (kept,) = networks_of(tmp_path, "hash")
    assert (kept.part, kept.kind) == ("hear", ONNX)
    assert {"openvino-f32", ONNX, "torch-fp32"} <= {way.kind for way in kept.tried}
    found = first.run(*EXAMPLE).copy()
    again = open_compiled(Wanted(not_called, not_called, cache=wanted.cache, leeway=wanted.leeway))
    assert again.name == ONNX
    np.testing.assert_array_equal(again.run(*EXAMPLE), found)


def test_a_start_with_openvinos_network_does_not_import_it(network, onnx_is_slower, tmp_path, monkeypatch):
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a", leeway=embedding_leeway(samples))
    open_compiled(wanted)
    monkeypatch.setattr(OnnxRuntime, "kept", lambda *_args, **_kwargs: pytest.fail("asked for"))
    assert open_compiled(wanted).name.startswith("openvino-")


def test_where_it_is_not_openvino_stays_and_what_was_tried_is_told(network, onnx_is_slower, tmp_path):
    runtime = open_runtime(
        network, lambda: EXAMPLE, cache=tmp_path / "hash-hear-1-torch2", leeway=embedding_leeway(samples)
    )
    assert runtime.name.startswith("openvino-")
    (kept,) = networks_of(tmp_path, "hash")
    ways = {way.kind: way for way in kept.tried}
    assert kept.kind == runtime.name
    assert {"openvino-f32", ONNX, "torch-fp32"} <= set(ways)
    assert ways[ONNX].ms > 0
    assert not cache_path(tmp_path / "hash-hear-1-torch2").exists()


def test_a_damaged_file_is_made_again(network, onnx_is_faster, tmp_path):
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a", leeway=embedding_leeway(samples))
    expected = open_compiled(wanted).run(*EXAMPLE).copy()
    path = cache_path(wanted.cache)
    path.write_bytes(path.read_bytes()[:400])
    np.testing.assert_array_equal(open_compiled(wanted).run(*EXAMPLE), expected)
    assert path.stat().st_size > 400


def test_without_openvino_it_runs_and_is_kept(network, without_openvino, tmp_path, caplog):
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a")
    with caplog.at_level(logging.WARNING):
        assert open_compiled(wanted).name == ONNX
    assert "ONNX Runtime does" in caplog.text
    assert [file.suffix for file in tmp_path.iterdir()] == [SUFFIX]
    assert open_compiled(Wanted(not_called, not_called, cache=wanted.cache)).name == ONNX


def test_where_it_is_not_installed_nothing_is_said_to_the_user(network, without_onnx, tmp_path, caplog):
    with caplog.at_level(logging.INFO):
        runtime = open_runtime(
            network, lambda: EXAMPLE, cache=tmp_path / "h-hear-1-torch2", leeway=embedding_leeway(samples)
        )
    assert runtime.name.startswith("openvino-")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert ONNX not in {way.kind for way in networks_of(tmp_path, "h")[0].tried}


def test_a_cache_that_cannot_be_written_does_no_harm(network, onnx_is_faster, tmp_path):
    (tmp_path / "file").write_text("")
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "file" / "a", leeway=embedding_leeway(samples))
    assert open_compiled(wanted).run(*EXAMPLE).any()


def test_a_whole_model_is_converted(onnx_is_faster, tiny_folder, tmp_path):
    engine = open_engine(tiny_folder, cache=tmp_path)
    assert engine.spec.runtime == ONNX
    engine.close()
