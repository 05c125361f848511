"""`devices`, and what the doctor says about sound."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from s2s_live.audio.device import Device
from s2s_live.commands import devices
from s2s_live.commands.checks import sound

DEFAULT = {"id": "default", "name": "System default", "kind": "input"}
MIC = {"id": "ALSA:Mic", "name": "Mic", "kind": "input"}
MONITOR = {"id": "pulse:x.monitor", "name": "Speakers", "kind": "loopback"}
OPENED = {"rate": 48000, "channels": 2, "samples": 33600, "peak": 0.1}


def findings(
    monkeypatch: pytest.MonkeyPatch, *answers: dict[str, object], death: str = ""
) -> dict[str, sound.Finding]:
    """What the doctor makes of these answers of the child."""
    monkeypatch.setattr(sound, "ask", lambda *_, **__: (list(answers), death))
    return {finding.name: finding for finding in sound.check_sound()}


def test_a_working_microphone(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"inputs": [DEFAULT, MIC, MONITOR], "outputs": [DEFAULT]}
    found = findings(monkeypatch, {"portaudio": "PortAudio V19, revision x"}, listed, OPENED)
    assert {name: finding.state for name, finding in found.items()} == {
        "PortAudio": "ok",
        "devices": "ok",
        "default input": "ok",
    }
    assert found["devices"].text == "Mic; 1 of the computer's own sound; 0 outputs"


def test_no_microphone_is_a_warning_with_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {"inputs": [DEFAULT], "outputs": [DEFAULT]}
    found = findings(monkeypatch, listed, {"problem": "There is no microphone.", "hint": "Plug one in."})
    assert found["devices"].state == "warn"
    assert (found["default input"].state, found["default input"].text) == ("warn", "There is no microphone.")
    assert found["default input"].fix.startswith("Plug one in.")


@pytest.mark.parametrize(
    ("change", "words"), [({"samples": 0}, "sends nothing"), ({"peak": 0.0}, "but zeros")]
)
def test_an_input_that_is_silent(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, object], words: str
) -> None:
    found = findings(monkeypatch, {"inputs": [DEFAULT, MIC], "outputs": []}, {**OPENED, **change})
    assert found["default input"].state == "warn"
    assert words in found["default input"].text
    assert found["default input"].fix


def test_a_sound_system_that_crashes_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    found = findings(monkeypatch, death="ended by signal 11")
    assert found["PortAudio"].state == "warn"
    assert "signal 11" in found["PortAudio"].text


def test_this_machine_gets_an_answer() -> None:
    """Whatever is here, microphone or not: findings, no traceback."""
    found = sound.check_sound()
    assert found
    assert all(finding.fix for finding in found if finding.state != "ok")


def test_devices_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert devices.run(argparse.Namespace(json=True)) == 0
    lists = json.loads(capsys.readouterr().out)
    assert set(lists) == {"inputs", "outputs"}
    assert lists["inputs"][0]["id"] == "default"


def test_devices_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    devices.print_devices("Inputs", [Device("ALSA:Mic", "Mic", "ALSA", "input", 2, 48000, True)])
    devices.print_devices("Outputs", [])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["*", "ALSA:Mic", "Mic", "input", "2", "ch,", "48000", "Hz"]
    assert lines[2] == "Outputs: none"


@pytest.mark.virtual
def test_a_virtual_microphone_is_heard(virtual_mic, tmp_path: Path) -> None:
    """Nothing plays: digital silence is noticed. A tone plays: sound arrives."""
    quiet = {finding.name: finding for finding in sound.check_sound()}
    assert "but zeros" in quiet["default input"].text
    tone = tmp_path / "tone.wav"
    wave = 0.3 * np.sin(np.arange(6 * 48000) * (2 * np.pi * 440 / 48000))
    soundfile.write(tone, wave.astype(np.float32), 48000)
    virtual_mic.play(tone, wait=False)
    loud = {finding.name: finding for finding in sound.check_sound()}
    assert loud["default input"].state == "ok", loud["default input"]
    assert "vmic1" in loud["devices"].text
