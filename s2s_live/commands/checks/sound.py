"""Is there a way for sound to come in, and does it send anything?"""

from __future__ import annotations

import sys
from typing import Any

from s2s_live.audio.device import DEFAULT_ID
from s2s_live.commands.checks.child import ask
from s2s_live.commands.checks.finding import Finding, ok, warn

FILES_WORK = "Sound files and the test sounds work without it."
PLUG_IN = "Plug in a microphone, or choose a sound file or the test sounds."
PERMISSION = {
    "darwin": "Allow the microphone for your terminal: System Settings, Privacy & Security, Microphone.",
    "win32": "Allow it: Settings, Privacy & security, Microphone, Let desktop apps access your microphone.",
}
MUTED = "It may be muted: raise it in the system's sound settings, and look at a switch on the microphone."


def check_sound() -> list[Finding]:
    """PortAudio, the devices, and whether the default input opens and sends sound."""
    answers, death = ask("sound", patience_s=30.0)
    facts: dict[str, Any] = {}
    for one in answers:
        facts.update(one)
    findings = []
    if "portaudio" in facts:
        findings.append(ok("sound", "PortAudio", facts["portaudio"].partition(",")[0]))
    if "inputs" in facts:
        findings += [_devices(facts), *_default(facts)]
    if death:
        text = f"the sound system cannot be used ({death})"
        findings.append(warn("sound", "PortAudio", text, FILES_WORK))
    return findings


def _devices(facts: dict[str, Any]) -> Finding:
    """What there is to choose from."""
    listed = [one for one in facts["inputs"] if one["id"] != DEFAULT_ID]
    inputs = [one["name"] for one in listed if one["kind"] == "input"]
    loopbacks = sum(one["kind"] == "loopback" for one in listed)
    outputs = sum(one["id"] != DEFAULT_ID for one in facts["outputs"])
    text = (
        f"{', '.join(inputs) or 'no microphone'}; {loopbacks} of the computer's own sound; {outputs} outputs"
    )
    return ok("sound", "devices", text) if inputs else warn("sound", "devices", text, PLUG_IN)


def _default(facts: dict[str, Any]) -> list[Finding]:
    """How the default input does."""
    if "problem" in facts:
        fix = f"{facts['hint']} {PERMISSION.get(sys.platform, '')}".strip()
        return [warn("sound", "default input", facts["problem"], fix)]
    if "samples" not in facts:
        return []
    text = f"{facts['rate']} Hz, {facts['channels']} channels"
    if not facts["samples"]:
        return [warn("sound", "default input", f"{text}, opens but sends nothing", "Choose another input.")]
    if not facts["peak"]:
        return [warn("sound", "default input", f"{text}, sends nothing but zeros", _zeros())]
    return [ok("sound", "default input", f"{text}, sends sound")]


def _zeros() -> str:
    """What digital silence means on this system."""
    return PERMISSION.get(sys.platform, MUTED)
