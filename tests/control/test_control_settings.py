"""Settings survive damage, newer versions and wrong values without losing anything."""

import tomllib

import pytest

from s2s_live.control.settings import Settings


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "settings.toml"


def test_round_trip(path):
    settings = Settings(source="file:rain.ogg", controls={"attack": 0.5}, ui={"display": 1, "size": [1, 2]})
    settings.save(path)
    loaded = Settings.load(path)
    assert loaded == settings


def test_missing_file_gives_defaults(path):
    assert Settings.load(path) == Settings()


@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00", b"source = ", b"[[[", b"\x00" * 100])
def test_garbage_is_set_aside_and_kept(path, garbage):
    path.parent.mkdir()
    path.write_bytes(garbage)
    settings = Settings.load(path)
    assert settings.source == "default"
    assert "damaged" in settings.notes[0]
    kept = path.with_name("settings.damaged.toml")
    assert kept.read_bytes() == garbage
    settings.save(path)
    path.write_bytes(garbage)
    Settings.load(path)
    assert path.with_name("settings.damaged-2.toml").exists(), "the first one must stay"


def test_newer_version_is_set_aside_and_kept(path):
    path.parent.mkdir()
    path.write_text('version = 99\nsource = "new"\n')
    settings = Settings.load(path)
    assert settings.source == "default"
    assert "newer" in settings.notes[0]
    assert "new" in path.with_name("settings.v99.toml").read_text()


def test_unknown_keys_are_kept(path):
    path.parent.mkdir()
    path.write_text('version = 1\nsource = "test"\nlater = 5\n[other]\na = 1\n')
    settings = Settings.load(path)
    assert settings.source == "test"
    settings.save(path)
    data = tomllib.loads(path.read_text())
    assert data["later"] == 5
    assert data["other"] == {"a": 1}


def test_wrong_types_fall_back_with_a_note(path):
    path.parent.mkdir()
    path.write_text('version = 1\nsource = 5\nrecording_fps = "fast"\n[controls]\nattack = 1\nbad = "x"\n')
    settings = Settings.load(path)
    assert settings.source == "default"
    assert settings.recording_fps == 30
    assert settings.controls == {"attack": 1.0}
    assert len(settings.notes) == 2


def test_save_leaves_no_temporary_file(path):
    Settings().save(path)
    assert [p.name for p in path.parent.iterdir()] == ["settings.toml"]
