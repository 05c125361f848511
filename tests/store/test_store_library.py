"""Finding models and bundled files, wherever the program runs from."""

import sys
from pathlib import Path

import pytest
import torch

import s2s_live
from s2s_live.errors import ModelError, S2SError
from s2s_live.store import library, places
from s2s_live.store.folder import write_model_folder
from s2s_live.store.library import find_model, list_models, new_model, remove_model

MANIFEST = {"name": "toy", "engine": "none", "licence": "MIT"}
WEIGHTS = {"a": {"x": torch.ones(1)}}


@pytest.fixture
def homes(tmp_path, monkeypatch):
    """(user's models, bundled models), both still empty."""
    user, own = tmp_path / "user", tmp_path / "own"
    user.mkdir()
    own.mkdir()
    monkeypatch.setattr(library, "user_models", lambda: user)
    monkeypatch.setattr(library, "bundled", lambda _kind: own)
    return user, own


def test_models_are_found_by_name_and_by_path(homes, tmp_path):
    user, own = homes
    write_model_folder(own / "world", MANIFEST, WEIGHTS)
    write_model_folder(user / "mine", MANIFEST, WEIGHTS)
    elsewhere = write_model_folder(tmp_path / "elsewhere", MANIFEST, WEIGHTS).path
    assert list_models() == [user / "mine", own / "world"]
    assert find_model("world") == own / "world"
    assert find_model("mine") == user / "mine"
    assert find_model(str(elsewhere)) == elsewhere
    assert find_model(elsewhere / "manifest.json") == elsewhere


def test_the_users_model_comes_before_a_bundled_one_of_its_name(homes):
    user, own = homes
    for place in (user, own):
        write_model_folder(place / "world", MANIFEST, WEIGHTS)
    assert list_models() == [user / "world"]
    assert find_model("world") == user / "world"


def test_an_unknown_model_names_those_there_are(homes):
    write_model_folder(homes[1] / "world", MANIFEST, WEIGHTS)
    with pytest.raises(ModelError) as caught:
        find_model("wurld")
    assert "wurld" in caught.value.message
    assert "world" in caught.value.hint


def test_a_folder_without_a_manifest_is_no_model(homes, tmp_path):
    with pytest.raises(ModelError, match=r"manifest\.json"):
        find_model(tmp_path)


def test_a_folder_that_cannot_be_listed_hides_no_other(homes, monkeypatch, caplog):
    user, own = homes
    write_model_folder(own / "world", MANIFEST, WEIGHTS)
    listed = Path.iterdir

    def iterdir(path):
        if path == user:
            raise PermissionError("not yours")
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert list_models() == [own / "world"]
    assert "not yours" in caplog.text


def test_no_models_at_all(monkeypatch, tmp_path):
    def missing(kind):
        raise S2SError("missing")

    monkeypatch.setattr(library, "user_models", lambda: tmp_path / "none")
    monkeypatch.setattr(library, "bundled", missing)
    assert list_models() == []
    with pytest.raises(ModelError, match="no model"):
        find_model("world")


def test_bundled_files_of_a_checkout():
    assert places.bundled("resources") == Path(s2s_live.__file__).parent.parent / "resources"


@pytest.mark.parametrize("layout", ["wheel", "frozen"])
def test_bundled_files_of_a_wheel_and_a_frozen_app(layout, tmp_path, monkeypatch):
    package = tmp_path / "site-packages" / "s2s_live"
    root = package if layout == "wheel" else tmp_path / "_MEI" / "s2s_live"
    (root / "_bundled" / "models").mkdir(parents=True)
    monkeypatch.setattr(s2s_live, "__file__", str(package / "__init__.py"))
    if layout == "frozen":
        monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path / "_MEI"), raising=False)
    assert places.bundled("models") == root / "_bundled" / "models"
    with pytest.raises(S2SError, match="resources") as caught:
        places.bundled("resources")
    assert "Install" in caught.value.hint


def test_a_new_model_gets_a_folder_of_the_users(homes):
    user, own = homes
    assert new_model("mine-1.2") == user / "mine-1.2"
    write_model_folder(user / "mine", MANIFEST, WEIGHTS)
    with pytest.raises(ModelError, match="already") as caught:
        new_model("mine")
    assert "models remove mine" in caught.value.hint
    assert new_model("mine", replace=True) == user / "mine"
    write_model_folder(own / "world", MANIFEST, WEIGHTS)
    with pytest.raises(ModelError, match="comes with the program"):
        new_model("world")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", ".hidden", "a.", "con", "NUL.x", "a b", "x" * 65]
)
def test_names_that_no_folder_should_have(homes, name):
    with pytest.raises(ModelError, match="cannot be called"):
        new_model(name)


def test_a_model_of_the_users_is_removed_whole(homes):
    user, _ = homes
    for name in ("mine", "other"):
        write_model_folder(user / name, MANIFEST, WEIGHTS)
    assert remove_model("mine") == user / "mine"
    assert [path.name for path in user.iterdir()] == ["other"]


def test_a_damaged_model_can_be_removed(homes):
    user, _ = homes
    write_model_folder(user / "mine", MANIFEST, WEIGHTS)
    (user / "mine" / "manifest.json").write_text("{")
    remove_model("mine")
    assert list(user.iterdir()) == []


@pytest.mark.parametrize("name", ["world", "none", "", "..", "../outside", "mine/../mine"])
def test_nothing_but_the_users_models_is_removed(homes, tmp_path, name):
    user, own = homes
    for folder in (own / "world", user / "mine", tmp_path / "outside"):
        write_model_folder(folder, MANIFEST, WEIGHTS)
    with pytest.raises(ModelError):
        remove_model(name)
    assert all(path.is_dir() for path in (own / "world", user / "mine", tmp_path / "outside"))


def test_a_link_to_another_place_is_not_followed(homes, tmp_path):
    outside = write_model_folder(tmp_path / "outside", MANIFEST, WEIGHTS).path
    try:
        (homes[0] / "linked").symlink_to(outside, target_is_directory=True)
    except OSError as error:
        pytest.skip(f"links cannot be made here: {error}")
    with pytest.raises(ModelError, match="link"):
        remove_model("linked")
    assert (outside / "manifest.json").is_file()
