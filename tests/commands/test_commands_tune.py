"""`s2s-live tune` measures every way, keeps the best, and says what it found."""

import json
import sys

import platformdirs
import pytest

from s2s_live.cli import main
from s2s_live.commands.tune import lines
from s2s_live.engines.openvino_cache import SUFFIX, Kept, Tried, forget, networks_of
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
    (cache / "other.network").write_text("")
    forget(cache, model_hash)
    assert [path.name for path in cache.iterdir()] == ["other.network"]


def test_without_openvino_there_is_nothing_to_choose(tiny_folder, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "s2s_live.engines.openvino_cache", None)
    assert main(["tune", "--model", str(tiny_folder)]) == 0
    assert "PyTorch runs this model here" in capsys.readouterr().out


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
    assert "PyTorch" in next(lines([]))
