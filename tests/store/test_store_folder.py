"""Model folders: written at once, read back whole, and every damage named."""

import json
import shutil
import weakref

import numpy as np
import pytest
import torch

from s2s_live.errors import ModelError
from s2s_live.store.folder import ModelFolder, write_model_folder

MANIFEST = {"name": "toy", "engine": "none", "licence": "MIT", "numbers": [1, 2]}
WEIGHTS = {"a": {"x": torch.arange(6.0).reshape(2, 3).T}, "b": {"y": torch.ones(1)}}


@pytest.fixture
def folder(tmp_path):
    return write_model_folder(tmp_path / "toy", MANIFEST, WEIGHTS)


def edit(folder, **changes):
    path = folder.path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_what_was_written_comes_back(folder):
    opened = ModelFolder.open(folder.path)
    opened.verify()
    assert (opened.name, opened.engine, opened.data["numbers"]) == ("toy", "none", [1, 2])
    assert torch.equal(opened.load("a")["x"], WEIGHTS["a"]["x"])


def test_the_hash_follows_the_weights_and_not_the_layout_of_the_file(folder, tmp_path):
    other = write_model_folder(tmp_path / "other", MANIFEST, {**WEIGHTS, "b": {"y": torch.zeros(1)}})
    assert other.hash != folder.hash
    assert len(folder.hash) == 16
    edit(folder)
    assert ModelFolder.open(folder.path).hash == folder.hash


def test_writing_replaces_and_leaves_nothing_beside(folder):
    write_model_folder(folder.path, {**MANIFEST, "name": "newer"}, WEIGHTS)
    assert ModelFolder.open(folder.path).name == "newer"
    assert [path.name for path in folder.path.parent.iterdir()] == ["toy"]


def test_a_folder_that_cannot_be_read_back_is_not_written(folder):
    with pytest.raises(ModelError, match="licence"):
        write_model_folder(folder.path, {**MANIFEST, "licence": ""}, WEIGHTS)
    assert ModelFolder.open(folder.path).name == "toy"
    assert [path.name for path in folder.path.parent.iterdir()] == ["toy"]


def test_no_folder(tmp_path):
    with pytest.raises(ModelError, match="no model folder") as caught:
        ModelFolder.open(tmp_path / "nothing")
    assert caught.value.hint


def test_a_missing_file(folder):
    (folder.path / "a.safetensors").unlink()
    with pytest.raises(ModelError, match="is missing"):
        ModelFolder.open(folder.path)


def test_a_renamed_file(folder):
    (folder.path / "a.safetensors").rename(folder.path / "c.safetensors")
    with pytest.raises(ModelError, match=r"a\.safetensors is missing"):
        ModelFolder.open(folder.path)


def test_a_truncated_file(folder):
    path = folder.path / "a.safetensors"
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(ModelError, match="damaged"):
        ModelFolder.open(folder.path)
    with pytest.raises(ModelError, match="damaged"):
        folder.load("a")


def test_a_flipped_byte(folder):
    path = folder.path / "a.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="checksum"):
        folder.verify()
    with pytest.raises(ModelError, match="checksum"):
        folder.load("a")
    with pytest.raises(ModelError, match="checksum"):
        folder.load_array("a", "x")
    assert folder.load_array("a", "x", verified=True) is not None


def test_a_file_of_another_format_with_a_right_checksum(folder):
    import hashlib

    content = b"PK\x03\x04 not tensors"
    (folder.path / "a.safetensors").write_bytes(content)
    entry = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    edit(folder, files={"a.safetensors": entry})
    with pytest.raises(ModelError, match="no safetensors file"):
        ModelFolder.open(folder.path).load("a")


def test_two_files_exchanged(folder):
    a, b = folder.path / "a.safetensors", folder.path / "b.safetensors"
    shutil.copy(a, folder.path / "t")
    shutil.copy(b, a)
    shutil.copy(folder.path / "t", b)
    with pytest.raises(ModelError):
        ModelFolder.open(folder.path).verify()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "onnx"}, "not a manifest"),
        ({"version": 99}, "version 99"),
        ({"version": "1"}, "no valid version"),
        ({"name": 3}, "its name"),
        ({"engine": ""}, "its engine"),
        ({"files": []}, "lists no files"),
        ({"files": {"../a": {"sha256": "0" * 64, "size": 1}}}, "forbidden name"),
        ({"files": {"c:\\a": {"sha256": "0" * 64, "size": 1}}}, "forbidden name"),
        ({"files": {"a": {"sha256": "0" * 63, "size": 1}}}, "no checksum"),
        ({"files": {"a": {"sha256": "0" * 64, "size": -1}}}, "no size"),
        ({"files": {"a": 1}}, "no checksum"),
    ],
)
def test_manifests_of_another_kind(folder, change, message):
    edit(folder, **change)
    with pytest.raises(ModelError, match=message):
        ModelFolder.open(folder.path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"{", b"[]", b"null", b"[" * 100_000])
def test_garbage_manifests(folder, content):
    (folder.path / "manifest.json").write_bytes(content)
    with pytest.raises(ModelError):
        ModelFolder.open(folder.path)


def test_asking_for_weights_that_are_not_listed(folder):
    with pytest.raises(ModelError, match="lists no z"):
        folder.load("z")


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        write_model_folder(tmp_path / "file" / "toy", MANIFEST, WEIGHTS)


def test_files_to_read_lie_beside_the_weights_and_are_verified(tmp_path):
    folder = write_model_folder(tmp_path / "toy", MANIFEST, WEIGHTS, {"LICENCE.txt": "Be kind.\n"})
    assert (folder.path / "LICENCE.txt").read_bytes() == b"Be kind.\n"
    folder.verify()
    (folder.path / "LICENCE.txt").write_text("Be bold.\n")
    with pytest.raises(ModelError, match="checksum"):
        folder.verify()


def test_networks_are_made_and_let_go_one_after_the_other(tmp_path):
    alive, most = weakref.WeakSet(), 0

    class Counted(dict):
        __hash__ = object.__hash__

    def networks():
        nonlocal most
        for name in ("a", "b", "c"):
            tensors = Counted(x=torch.full((3,), float(ord(name))))
            alive.add(tensors)
            most = max(most, len(alive))
            yield name, tensors
            del tensors

    folder = write_model_folder(tmp_path / "toy", MANIFEST, networks())
    assert folder.load("b")["x"].tolist() == [98.0, 98.0, 98.0]
    assert most == 1


def test_a_network_that_fails_half_way_leaves_nothing(tmp_path):
    def networks():
        yield "a", {"x": torch.ones(1)}
        raise ModelError("no more")

    with pytest.raises(ModelError, match="no more"):
        write_model_folder(tmp_path / "toy", MANIFEST, networks())
    assert list(tmp_path.iterdir()) == []


def test_weights_can_be_read_by_everyone_who_may_read_the_folder(tmp_path):
    folder = write_model_folder(tmp_path / "toy", MANIFEST, WEIGHTS)
    modes = {path.stat().st_mode & 0o044 for path in folder.path.iterdir()}
    assert modes == {0o044}


def test_one_array_is_read_without_torch(folder):
    np.testing.assert_array_equal(folder.load_array("a", "x"), WEIGHTS["a"]["x"].numpy())
    assert folder.load_array("a", "y") is None
    with pytest.raises(ModelError, match="lists no c"):
        folder.load_array("c", "x")


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float8_e4m3fn])
def test_an_array_in_numbers_that_numpy_lacks_is_named(tmp_path, kind):
    pytest.importorskip("ml_dtypes")  # adds some of them to numpy, as soon as anything imports it
    folder = write_model_folder(tmp_path / "short", MANIFEST, {"a": {"x": torch.ones(4).to(kind)}})
    with pytest.raises(ModelError, match="x in a type that cannot be read") as caught:
        folder.load_array("a", "x")
    assert "float32" in caught.value.hint
