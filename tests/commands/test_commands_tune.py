"""`s2s-live tune` measures every way, keeps the best, and says what it found."""

import errno
import json
import sys
from dataclasses import replace

import platformdirs
import pytest

from s2s_live.cli import main
from s2s_live.commands.tune import _has, lines
from s2s_live.engines import openvino_convert
from s2s_live.engines.base import EngineSpec
from s2s_live.engines.compiled import ONNX
from s2s_live.engines.network_cache import NOTES, SUFFIX, Kept, Tried, _of, networks_of
from s2s_live.engines.openvino_compiled import BF16, F32, I8, supports
from s2s_live.engines.registry import open_engine


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_args, **_kwargs: tmp_path)
    return tmp_path / "networks"


def test_both_networks_are_measured_and_kept(tiny_folder, cache, capsys):
    assert main(["tune", "--model", str(tiny_folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["model"]["name"] == "tiny"
    networks = {network["part"].partition("-")[0]: network for network in found["networks"]}
    assert set(networks) == {"hear", "paint"}
    for network in networks.values():
        ways = {way["kind"]: way for way in network["tried"]}
        assert set(ways) >= ({F32, BF16} if supports(BF16) else {F32})
        assert network["kind"] in ways
        assert ways[F32]["ms"] > 0
        assert ways[F32]["nearness"] is None
    kept = {path.name.split("-")[1] for path in cache.glob(f"*{SUFFIX}")}
    assert kept == {*networks, "still"}, "with what stands still, which there is one way for"
    engine = open_engine(tiny_folder)
    assert engine.spec.runtime == networks["paint"]["kind"]
    engine.close()


def test_measuring_again_replaces_what_was_kept(tiny_folder, cache):
    engine = open_engine(tiny_folder)
    model_hash = engine.spec.model_hash
    engine.close()
    before = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    assert main(["tune", "--model", str(tiny_folder)]) == 0
    assert all(path.stat().st_mtime_ns > before.get(path, 0) for path in cache.iterdir())
    assert len(networks_of(cache, model_hash)) == 2


def test_only_what_was_measured_again_is_replaced(tiny_folder, cache):
    open_engine(tiny_folder).close()
    paint = next(cache.glob(f"*-paint-*{SUFFIX}"))
    model_hash, before = paint.name.partition("-")[0], {path.name for path in cache.iterdir()}
    old = f"{paint.stem.partition('-torch')[0]}-torch0-0-openvino-i4"
    older = [f"{old}{suffix}" for suffix in (SUFFIX, NOTES)]
    others = [f"{model_hash}-paint-fine-1-torch1-0-openvino-f32{SUFFIX}", f"other{SUFFIX}"]
    for name in (*older, *others):
        (cache / name).write_text("")
    assert main(["tune", "--model", str(tiny_folder)]) == 0
    left = {path.name for path in cache.iterdir()}
    assert set(others) <= left
    assert not set(older) & left
    assert {_of(cache / name) for name in left - set(others)} == {_of(cache / name) for name in before}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_was_kept_stays_where_measuring_is_interrupted(tiny_folder, cache, monkeypatch):
    open_engine(tiny_folder).close()
    before = contents(cache)
    made, parts = openvino_convert.make, []

    def interrupted(*arguments):
        parts.append(made(*arguments))
        if len(parts) == len([name for name in before if name.endswith(SUFFIX)]):
            raise KeyboardInterrupt
        return parts[-1]

    monkeypatch.setattr(openvino_convert, "make", interrupted)
    assert main(["tune", "--model", str(tiny_folder)]) == 130
    assert contents(cache) == before


def refuse(*_args, **_kwargs):
    raise PermissionError(errno.EACCES, "Permission denied")


@pytest.mark.parametrize(
    ("broken", "done", "why"),
    [
        ("tempfile.mkdtemp", refuse, ": Permission denied"),
        ("s2s_live.engines.openvino_runtime.keep", lambda *_: None, ""),
        ("s2s_live.engines.network_cache.take_over", refuse, ": Permission denied"),
    ],
    ids=["read-only", "full", "full at the end"],
)
def test_a_cache_that_cannot_be_written_is_an_error(
    tiny_folder, cache, monkeypatch, capsys, broken, done, why
):
    open_engine(tiny_folder).close()
    before = contents(cache)
    monkeypatch.setattr(broken, done)
    assert main(["tune", "--model", str(tiny_folder)]) == 1
    said = capsys.readouterr()
    assert said.out == "", "neither old timings nor that there is nothing to choose from"
    assert f"cannot be kept in {cache}{why}. Free space" in said.err
    assert contents(cache) == before


def test_a_cache_that_cannot_be_made_is_an_error(tiny_folder, cache, capsys):
    cache.write_text("")
    assert main(["tune", "--model", str(tiny_folder)]) == 1
    assert f"cannot be kept in {cache}" in capsys.readouterr().err


def test_each_network_that_was_opened_must_be_kept():
    sizes = ((64, 64), (128, 128))
    plain = EngineSpec(
        "sound2scene", "m", "0", 16000, 1.0, 0.1, sizes[0], sizes, 8, 6, 3, (), (), 0, 0, F32, 1,
        runtime_hearing=BF16,
    )  # fmt: skip
    fine = replace(plain, picture_size=sizes[1])
    found = [Kept("hear-98", BF16, ()), Kept("paint", F32, ())]
    assert _has(found, plain)
    assert not _has(found[1:], plain)
    assert _has(found[1:], replace(plain, runtime_hearing="torch-fp32"))
    assert not _has(found, fine)
    assert _has([*found, Kept("paint-fine", F32, ())], fine)


def test_what_pytorch_runs_need_not_be_kept(tiny_folder, cache, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "s2s_live.engines.onnx_runtime", None)
    monkeypatch.setattr("s2s_live.engines.openvino_convert.differs", lambda *_: 0.5)
    assert main(["tune", "--model", str(tiny_folder)]) == 0
    assert "there is nothing to keep" in capsys.readouterr().out


def test_without_openvino_onnx_runtime_is_measured_and_kept(tiny_folder, cache, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "s2s_live.engines.openvino_runtime", None)
    assert main(["tune", "--model", str(tiny_folder), "--json"]) == 0
    networks = json.loads(capsys.readouterr().out)["networks"]
    assert {network["kind"] for network in networks} == {ONNX}
    assert [way["kind"] for way in networks[0]["tried"]] == [ONNX, "torch-fp32"]


def test_every_way_is_told_of(tiny_folder, cache, capsys):
    assert main(["tune", "--model", str(tiny_folder), "--json"]) == 0
    for network in json.loads(capsys.readouterr().out)["networks"]:
        ways = {way["kind"]: way["ms"] for way in network["tried"]}
        assert {F32, ONNX, "torch-fp32"} <= set(ways)
        assert ways[ONNX] > 0


def test_notes_that_cannot_be_read_are_left_out(tiny_folder, cache):
    open_engine(tiny_folder).close()
    for path in cache.glob("*.json"):
        path.write_text("{")
    model_hash = next(cache.iterdir()).name.partition("-")[0]
    assert networks_of(cache, model_hash) == []


def test_the_table_marks_the_one_that_is_kept():
    tried = (Tried(F32, 15.4, "psnr", None), Tried(BF16, 7.9, "psnr", 51.2), Tried(I8, None, "psnr", 20.0))
    table = list(lines([Kept("paint", BF16, tried)]))
    assert table[0] == "painting:"
    assert table[1].startswith("   openvino-f32")
    assert table[2].startswith(" * openvino-bf16")
    assert "51.2" in table[2]
    assert "not near enough" in table[3]
    assert "nothing to keep" in next(lines([]))
