"""The command line: help that reads well, one clear line for wrong use, JSON alone."""

import faulthandler
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from s2s_live.cli import COMMANDS, main


def run(*arguments, **kwargs):
    return subprocess.run(
        [sys.executable, "-m", "s2s_live", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **kwargs,
    )


def test_help_lists_every_command():
    result = run("--help")
    assert result.returncode == 0
    for command in COMMANDS:
        assert f"    {command}" in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    result = run(command, "--help")
    assert result.returncode == 0
    assert "usage: s2s-live " + command in result.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("run", "--seconds", "-1"),
        ("run", "--seconds", "soon"),
        ("render",),
        ("hear",),
        ("models",),
        ("models", "nonsense"),
        ("hear", "a.wav", "--nonsense"),
    ],
)
def test_wrong_use_is_one_line_and_status_2(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.strip().splitlines()) == 1
    assert "--help" in result.stderr


@pytest.mark.parametrize("content", [None, b"", b"RIFF\x00\x00", os.urandom(5000)])
def test_a_sound_file_that_cannot_be_read_is_named(tmp_path, tiny_model, content):
    path = tmp_path / "bad.wav"
    if content is not None:
        path.write_bytes(content)
    for arguments in (("hear", path), ("render", path, tmp_path / "out.mp4")):
        result = run(*arguments, "--model", tiny_model)
        assert result.returncode == 1
        assert path.name in result.stderr
        assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.mp4").exists()


def test_one_bad_file_does_not_lose_the_others(tmp_path, tiny_model, noise_wav):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"")
    result = run("hear", bad, noise_wav, "--json", "--model", tiny_model)
    assert result.returncode == 1
    files = json.loads(result.stdout)["files"]
    assert [row["file"] for row in files] == [str(noise_wav)]


def test_hear_prints_json_alone_and_saves_embeddings(tmp_path, tiny_model, noise_wav):
    import numpy as np

    result = run("hear", noise_wav, "--json", "--model", tiny_model, "--embeddings", tmp_path / "e.npz")
    assert result.returncode == 0, result.stderr
    data = json.loads(result.stdout)
    assert data["model"]
    row = data["files"][0]
    assert set(row) == {"file", "family", "confidence", "windows"}
    assert row["windows"][0]["t"] == 0
    assert all(set(window) == {"t", "family", "confidence"} for window in row["windows"])
    saved = np.load(tmp_path / "e.npz")
    assert np.linalg.norm(saved["embeddings"], axis=1) == pytest.approx(1.0, abs=1e-4)
    assert len(saved["windows_0"]) == len(row["windows"])


def test_a_missing_model_is_named():
    result = run("models", "verify", "no-such-model")
    assert result.returncode == 1
    assert "no-such-model" in result.stdout


def test_models_list_is_json():
    rows = json.loads(run("models", "list", "--json").stdout)
    assert isinstance(rows, list)


def test_crash_reports_that_are_set_up_already_stay(monkeypatch):
    monkeypatch.setattr(faulthandler, "is_enabled", lambda: True)
    monkeypatch.setattr(faulthandler, "enable", pytest.fail)
    with pytest.raises(SystemExit):
        main(["--version"])


@pytest.fixture
def heeded():
    """SIGINT is not ignored by children, as it is where the tests run in a shell's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after", [0.3, 4.0])
def test_signals_end_a_headless_show_cleanly(tmp_path, tiny_model, heeded, which, after):
    arguments = ["--headless", "--source", "test", "--model", tiny_model, "--record", tmp_path / "take.mp4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "s2s_live", "run", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(after)
    process.send_signal(which)
    _, errors = process.communicate(timeout=20)
    # Before the interpreter has come to our code, the signal's own default ends it.
    assert process.returncode in (130, -which), errors
    if process.returncode == 130:
        assert "Traceback" not in errors
