"""The doctor's single findings, on healthy and on broken machines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from s2s_live.commands.checks import display, files, libraries, machine
from s2s_live.commands.checks.child import ask
from s2s_live.commands.checks.finding import Finding
from s2s_live.commands.doctor import line_of

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux desktop sessions")


def test_a_child_tells_what_it_knew_before_it_died(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A library that ends the process is named, and the others are still looked at."""
    (tmp_path / "deadly_library.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    (tmp_path / "broken_library.py").write_text("raise OSError('PortAudio library not found')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(libraries, "LIBRARIES", ("json", "deadly_library", "broken_library", "numpy"))
    monkeypatch.setattr(libraries, "OPTIONAL", {"broken_library": "Sound files still work. "})
    found = {finding.name: finding for finding in libraries.check_libraries()}
    assert found["json"].state == "ok"
    assert found["numpy"].state == "ok"
    assert found["deadly_library"].state == "fail"
    assert "crashes when loaded" in found["deadly_library"].text
    assert found["broken_library"].state == "warn"
    assert "libportaudio2" in found["broken_library"].fix


def test_a_child_that_says_nothing_is_not_waited_for() -> None:
    answers, death = ask("libraries", "numpy", patience_s=0.001)
    assert answers == []
    assert "no answer" in death


def test_processors_are_named() -> None:
    found = {finding.name: finding for finding in machine.check_machine()}
    assert found["processor"].state == "ok"
    assert "bfloat16" in found["processor"].text
    assert "CPU" in found["OpenVINO"].text
    assert found["GPU"].text


@linux
def test_no_display_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    (session, *others) = display.check_display()
    assert session.state == "warn"
    assert "no display" in session.text
    assert "--headless" in session.fix
    assert all(finding.name == "X11 plugin" for finding in others), (
        "Qt must not be asked where it would abort"
    )


@linux
def test_an_unreachable_display_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    screens = display.check_display()[-1]
    assert (screens.name, screens.state) == ("screens", "fail")


def test_screens_are_listed_as_qt_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    screens = display.check_display()[-1]
    assert screens.state == "warn"
    assert screens.text.startswith("offscreen: ")
    assert "Unset QT_QPA_PLATFORM" in screens.fix


def test_damaged_settings_are_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    assert files.check_settings(path)[0].state == "ok"
    path.write_text("this is [not toml")
    finding, values = files.check_settings(path)
    assert (finding.state, values) == ("warn", {})
    assert path.read_text() == "this is [not toml"
    path.write_text("version = 999\n")
    assert files.check_settings(path)[0].state == "warn"
    path.write_text(f'version = 1\nrecording_folder = "{tmp_path.as_posix()}"\n')
    finding, values = files.check_settings(path)
    assert finding.state == "ok"
    assert Path(values["recording_folder"]) == tmp_path


def test_little_space_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "free in" in files.check_space(tmp_path / "not" / "yet").text
    monkeypatch.setattr(files, "LITTLE_BYTES", 10**18)
    assert files.check_space(tmp_path).state == "warn"


def test_encoders_are_named() -> None:
    finding = files.check_encoders()
    assert finding.state == "ok"
    assert "264" in finding.text
    assert "aac" in finding.text


def test_a_line_holds_state_name_text_and_fix() -> None:
    line = line_of(Finding("files", "log file", "warn", "cannot be written", "Make it writable."))
    first, second = line.splitlines()
    assert first.split() == ["WARN", "log", "file", "cannot", "be", "written"]
    assert second.strip() == "Make it writable."
