"""ONNX Runtime gives what PyTorch gives, is chosen where it is faster, takes over where OpenVINO fails."""

import errno
import logging
import os
import subprocess
import sys
import types

import numpy as np
import pytest
import torch
from engines.small_network import ALWAYS, NEVER, samples

from s2s_live.engines import compiled
from s2s_live.engines.compiled import ONNX, Wanted, onnx_path, open_compiled
from s2s_live.engines.network_cache import NOTES, SUFFIX, networks_of, write
from s2s_live.engines.onnx_runtime import OnnxRuntime, make
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
    monkeypatch.setattr(compiled, "WORTHWHILE", ALWAYS)


@pytest.fixture
def onnx_is_slower(monkeypatch):
    monkeypatch.setattr(compiled, "WORTHWHILE", NEVER)


@pytest.fixture
def without_openvino(monkeypatch):
    monkeypatch.setitem(sys.modules, "s2s_live.engines.openvino_runtime", None)


def test_it_gives_what_torch_gives(network):
    made, expected = make(network(), EXAMPLE)[0], TorchRuntime(network())
    for item in samples(3):
        np.testing.assert_allclose(made.run(*item), expected.run(*item), atol=1e-5)


def test_arrays_may_be_reused_read_only_or_cut_from_others():
    arrays = [np.full((1, 1, 8, 8), value, np.float32) for value in range(1, 5)]
    runtime = make(Weighted(), arrays[:3])[0]
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
    runtime = make(Weighted(), arrays)[0]
    for wrong in (arrays[0][..., :1], arrays[0].astype(np.float64)):
        with pytest.raises(RuntimeError):
            runtime.run(wrong, *arrays[1:])
    assert (runtime.run(*arrays) == 321.0).all()


def test_more_threads_while_it_has_them_to_itself_give_the_same(network):
    runtime = make(network(), EXAMPLE, threads=1, alone=2)[0]
    assert runtime.threads_alone == 2
    beside = runtime.run(*EXAMPLE).copy()
    alone = runtime.run(*EXAMPLE, alone=True)
    np.testing.assert_allclose(alone, beside, atol=1e-6)
    assert not np.shares_memory(alone, runtime.run(*EXAMPLE)), "on the same threads"


def test_levels_come_as_bytes_decimals_cut_off():
    leeway = picture_leeway(samples)
    runtime = make(Levels(), EXAMPLE, leeway=leeway)[0]
    expected = TorchRuntime(Levels(), levels=True).run(*EXAMPLE)
    found = runtime.run(*EXAMPLE)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("error", [0.5, float("nan")])
def test_a_network_that_it_gets_wrong_is_refused(network, onnx_is_faster, monkeypatch, caplog, error):
    monkeypatch.setattr("s2s_live.engines.onnx_runtime.differs", lambda *_: error)
    with caplog.at_level(logging.INFO):
        runtime = open_runtime(network, lambda: EXAMPLE, leeway=embedding_leeway(samples))
    assert runtime.name.startswith("openvino-")
    assert f"ONNX Runtime fails: its output differs by {error}" in caplog.text


@pytest.mark.parametrize(
    ("took", "chosen"),
    [(0.0089, True), (0.0091, False), (0.0005, True), (float("inf"), False)],
    ids=["a tenth less", "hardly less", "much less", "failed"],
)
def test_it_is_chosen_where_it_spares_a_tenth(network, monkeypatch, took, chosen):
    seconds = {ONNX: took, "torch-fp32": 0.001}
    monkeypatch.setattr(compiled, "by_turns", lambda runs, *_: {way: seconds.get(way, 0.010) for way in runs})
    found = open_compiled(Wanted(network, lambda: EXAMPLE, leeway=embedding_leeway(samples)))
    assert (found.name == ONNX) == chosen


def test_it_is_not_chosen_for_what_is_quick_anyway(network, monkeypatch):
    seconds = {ONNX: 0.0001}
    monkeypatch.setattr(
        compiled, "by_turns", lambda runs, *_: {way: seconds.get(way, 0.0005) for way in runs}
    )
    found = open_compiled(Wanted(network, lambda: EXAMPLE, leeway=embedding_leeway(samples)))
    assert found.name.startswith("openvino-"), "a network of a tenth of a millisecond is no reason to load it"


@pytest.mark.parametrize("runtime", [OnnxRuntime, TorchRuntime])
def test_what_fails_while_it_is_timed_is_told_without_a_time(network, monkeypatch, tmp_path, runtime):
    real, calls = runtime.run, []

    def once(self, *inputs, **more):
        calls.append(1)
        if len(calls) > 2:
            raise MemoryError
        return real(self, *inputs, **more)

    monkeypatch.setattr(runtime, "run", once)
    cache = tmp_path / "hash-hear-1-torch2"
    found = open_runtime(network, lambda: EXAMPLE, cache=cache, leeway=embedding_leeway(samples))
    assert found.name.startswith("openvino-")
    (kept,) = networks_of(tmp_path, "hash")
    left = {ONNX, "torch-fp32"} - {ONNX if runtime is OnnxRuntime else "torch-fp32"}
    assert {way.kind for way in kept.tried} & {ONNX, "torch-fp32"} == left


def test_what_fails_while_it_is_timed_runs_where_there_is_no_other(
    network, without_openvino, monkeypatch, tmp_path
):
    monkeypatch.setattr(compiled, "by_turns", lambda runs, *_: dict.fromkeys(runs, float("inf")))
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a", leeway=embedding_leeway(samples))
    assert open_compiled(wanted).name == ONNX


def test_where_it_is_faster_it_is_chosen_and_kept_alone(network, onnx_is_faster, tmp_path):
    wanted = Wanted(
        network, lambda: EXAMPLE, cache=tmp_path / "hash-hear-1-torch2", leeway=embedding_leeway(samples)
    )
    first = open_compiled(wanted)
    assert first.name == ONNX
    path = onnx_path(wanted.cache)
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
    monkeypatch.delitem(sys.modules, "s2s_live.engines.onnx_runtime")
    assert open_compiled(wanted).name.startswith("openvino-")
    assert "s2s_live.engines.onnx_runtime" not in sys.modules


def test_half_an_installation_is_as_good_as_none(network, onnx_is_faster, tmp_path, monkeypatch):
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a", leeway=embedding_leeway(samples))
    assert open_compiled(wanted).name == ONNX
    monkeypatch.setitem(sys.modules, "onnxruntime", types.ModuleType("onnxruntime"))
    monkeypatch.delitem(sys.modules, "s2s_live.engines.onnx_runtime")
    assert open_compiled(wanted).name.startswith("openvino-")


@pytest.mark.parametrize("changed", ["onnxruntime", "openvino", "processor"])
def test_other_versions_and_processors_are_measured_anew(
    network, onnx_is_faster, tmp_path, monkeypatch, changed
):
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a", leeway=embedding_leeway(samples))
    open_compiled(wanted)
    path, real = onnx_path(wanted.cache), compiled.version_of
    monkeypatch.setattr(compiled, "version_of", lambda name: "9" if name == changed else real(name))
    if changed == "processor":
        monkeypatch.setattr(compiled, "processor_name", lambda: "another")
    assert onnx_path(wanted.cache) != path
    monkeypatch.setattr(compiled, "WORTHWHILE", NEVER)
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
    assert not onnx_path(tmp_path / "hash-hear-1-torch2").exists()


@pytest.mark.parametrize("damage", ["cut", "no network"])
def test_a_damaged_file_is_made_again(network, onnx_is_faster, tmp_path, damage):
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a", leeway=embedding_leeway(samples))
    expected = open_compiled(wanted).run(*EXAMPLE).copy()
    path = onnx_path(wanted.cache)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:400])
    else:
        write(path, b"of the right sum")
    np.testing.assert_array_equal(open_compiled(wanted).run(*EXAMPLE), expected)
    assert path.stat().st_size > 400


def test_one_that_is_not_chosen_again_leaves_the_cache(network, onnx_is_faster, tmp_path, monkeypatch):
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a", leeway=embedding_leeway(samples))
    open_compiled(wanted)
    write(onnx_path(wanted.cache), b"damaged")
    monkeypatch.setattr(compiled, "WORTHWHILE", NEVER)
    assert open_compiled(wanted).name.startswith("openvino-")
    assert not onnx_path(wanted.cache).exists()


def test_openvinos_stays_where_it_cannot_be_kept(network, onnx_is_faster, tmp_path, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(compiled, "write", full)
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a", leeway=embedding_leeway(samples))
    assert open_compiled(wanted).name == ONNX
    assert [file.suffix for file in tmp_path.iterdir() if "openvino" in file.name].count(SUFFIX) == 1


def test_where_openvino_only_failed_it_is_asked_again(network, tmp_path, monkeypatch):
    wanted = Wanted(network, lambda: EXAMPLE, cache=tmp_path / "a")
    with monkeypatch.context() as patch:
        patch.setattr("s2s_live.engines.openvino_convert.differs", lambda *_: 0.5)
        assert open_compiled(wanted).name == ONNX
    assert open_compiled(wanted).name.startswith("openvino-")


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


def test_it_leaves_the_threads_of_others_alone(network):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        make(network(), EXAMPLE, threads=1)
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_it_reports_nothing(tmp_path):
    program = (
        "import s2s_live.engines.onnx_runtime, onnxruntime, onnx, os\n"
        "assert os.environ['ORT_DISABLE_TELEMETRY'] == '1'\n"
    )
    places = {name: str(tmp_path) for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "XDG_CACHE_HOME")}
    asked = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", program], check=True, env={**asked, **places})
    assert list(tmp_path.iterdir()) == []


def test_a_whole_model_is_converted(onnx_is_faster, tiny_folder, tmp_path):
    engine = open_engine(tiny_folder, cache=tmp_path)
    assert engine.spec.runtime == ONNX
    engine.close()
