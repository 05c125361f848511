"""`s2s-live models`: importing, removing and downloading from the command line."""

import hashlib
import io
import json
import logging
import signal
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from logging.handlers import RotatingFileHandler

import pytest
import torch

from s2s_live.cli import main
from s2s_live.engines.sound2scene.audio_encoder import AudioEncoder
from s2s_live.engines.sound2scene.config import AudioEncoderConfig, GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.store import library, locations, places

GENERATOR = GeneratorConfig(
    feature_size=16, in_channels=(32, 16), out_channels=(16, 8), z_chunk=40, shared_size=6
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """The user's own places, still empty."""
    for module in (library, places):
        monkeypatch.setattr(module, "user_models", lambda: tmp_path / "home" / "models")
    monkeypatch.setattr(places, "user_downloads", lambda: tmp_path / "home" / "downloads")
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def undone(tmp_path, monkeypatch):
    """What `main` sets up for a whole process: its log and its way to end."""
    monkeypatch.setenv("S2S_LIVE_LOGS", str(tmp_path / "logs"))
    root, ends = logging.getLogger(), signal.getsignal(signal.SIGTERM)
    level, handlers = root.level, set(root.handlers)
    yield
    signal.signal(signal.SIGTERM, ends)
    root.setLevel(level)
    for handler in set(root.handlers) - handlers:
        if type(handler) in (logging.StreamHandler, RotatingFileHandler):  # not pytest's
            root.removeHandler(handler)
            handler.close()


@pytest.fixture
def official(tmp_path):
    """Arguments that import tiny networks in the official format."""
    network = Generator(GENERATOR)
    tensors = dict(network.state_dict())
    for stem, module in network.named_modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            tensors[f"{stem}.u0"] = torch.randn(1, module.weight.shape[0])
            tensors[f"{stem}.sv0"] = torch.ones(1)
    folder = tmp_path / "generator"
    folder.mkdir()
    torch.save(tensors, folder / "G_ema_best0.pth")
    encoder = AudioEncoder(AudioEncoderConfig(18, 4, 16)).state_dict()
    torch.save({f"audnet.{name}": value for name, value in encoder.items()}, tmp_path / "sound.pth")
    return ["sound2scene", "--audio-encoder", str(tmp_path / "sound.pth"), "--generator", str(folder)]


def models(*arguments):
    return main(["models", *map(str, arguments)])


def test_an_imported_model_is_listed_and_verified_and_removed(official, home, capsys):
    assert models("import", *official, "--name", "mine") == 0
    told = capsys.readouterr().out
    assert "CC BY-NC 4.0" in told
    assert "s2s-live run --model mine" in told
    assert models("verify", "mine") == 0
    capsys.readouterr()
    models("list", "--json")
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["mine"]["folder"] == str(home / "models" / "mine")
    assert models("remove", "mine", "--yes") == 0
    assert list((home / "models").iterdir()) == []


def test_without_a_name_it_is_called_by_its_size(official, home):
    assert models("import", *official) == 0
    assert (home / "models" / "sound2scene-16" / "manifest.json").is_file()


@pytest.mark.parametrize("name", ["mine", "world", "../mine"])
def test_a_name_that_is_taken_or_impossible_is_refused(official, home, capsys, name):
    models("import", *official, "--name", "mine")
    before = (home / "models" / "mine" / "manifest.json").read_bytes()
    assert models("import", *official, "--name", name) == 1
    assert name in capsys.readouterr().err
    assert (home / "models" / "mine" / "manifest.json").read_bytes() == before
    assert [path.name for path in (home / "models").iterdir()] == ["mine"]


def test_a_failed_import_leaves_nothing_and_says_what_to_do(official, home, tmp_path, capsys):
    (tmp_path / "sound.pth").write_bytes(b"PK\x03\x04 cut off")
    assert models("import", *official) == 1
    error = capsys.readouterr().err
    assert "sound.pth" in error
    assert len(error.strip().splitlines()) == 1
    assert not home.exists()


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("yes\n", True), ("n\n", False), ("", False)])
def test_removing_asks_first(official, home, monkeypatch, answer, gone):
    models("import", *official, "--name", "mine")
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert models("remove", "mine") == (0 if gone else 1)
    assert (home / "models" / "mine").exists() != gone


def test_removing_where_nobody_can_answer_wants_yes(official, home, monkeypatch, capsys):
    models("import", *official, "--name", "mine")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert models("remove", "mine") == 1
    assert "--yes" in capsys.readouterr().err
    assert (home / "models" / "mine").is_dir()


def test_a_bundled_model_is_not_removed(capsys):
    assert models("remove", "world", "--yes") == 1
    assert "comes with the program" in capsys.readouterr().err
    assert (places.bundled("models") / "world" / "manifest.json").is_file()


def test_what_can_be_downloaded_is_shown(capsys):
    assert models("download") == 0
    told = capsys.readouterr().out
    for name, location in locations.locations().items():
        assert name in told
        assert location.page in told or location.address in told


def test_a_file_of_which_only_the_page_is_known_says_what_to_bring(capsys):
    assert models("download", "sound2scene") == 1
    told = capsys.readouterr().out
    assert "https://github.com/kaist-ami/Sound2Scene" in told
    assert "--audio-encoder" in told


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_arguments):
        pass


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A table with one file, on a server of the test's own."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "weights.pth").write_bytes(b"weights" * 1000)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), name="test-server")
    thread.start()
    digest = hashlib.sha256(b"weights" * 1000).hexdigest()
    table = tmp_path / "table.toml"
    table.write_text(
        f"""
        [licences.strict]
        name = "Strict 1.0"
        page = "https://example.org/strict"
        summary = "Look, do not touch."
        [files.thing]
        title = "A thing"
        file = "weights.pth"
        address = "http://127.0.0.1:{server.server_address[1]}/weights.pth"
        size = 7000
        sha256 = "{digest}"
        page = "https://example.org"
        bring = "the thing"
        licence = "strict"
        use = "--generator"
        """
    )
    monkeypatch.setattr(locations, "TABLE", table)
    locations.locations.cache_clear()
    yield
    locations.locations.cache_clear()
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_licence_is_shown_and_accepted_before_anything_comes(published, home, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert models("download", "thing") == 1
    shown = capsys.readouterr()
    assert "Strict 1.0" in shown.out
    assert "https://example.org/strict" in shown.out
    assert "--accept-licence" in shown.err
    monkeypatch.setattr("sys.stdin", Terminal("no\n"))
    assert models("download", "thing") == 1
    assert not home.exists()
    monkeypatch.setattr("sys.stdin", Terminal("yes\n"))
    assert models("download", "thing") == 0
    assert (home / "downloads" / "weights.pth").read_bytes() == b"weights" * 1000


def test_an_accepted_licence_needs_no_answer(published, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert models("download", "thing", "--accept-licence", "--to", tmp_path / "here") == 0
    assert (tmp_path / "here" / "weights.pth").is_file()
    told = capsys.readouterr().out
    assert f"--generator {tmp_path / 'here' / 'weights.pth'}" in told
