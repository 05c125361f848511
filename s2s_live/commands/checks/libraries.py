"""Do the libraries load, and in which versions?"""

from __future__ import annotations

import platform
import sys

from s2s_live.commands.checks.child import ask
from s2s_live.commands.checks.finding import Finding, fail, ok, warn

LIBRARIES = (
    "numpy", "torch", "torchvision", "torchaudio", "openvino", "safetensors", "soundfile", "soxr",
    "sounddevice", "av", "cv2", "PySide6.QtWidgets", "pyqtgraph", "tomlkit", "platformdirs",
)  # fmt: skip
OPTIONAL = {"sounddevice": "Sound files still work. "}
INSTALL = "Run packaging/run.sh (packaging\\run.ps1 on Windows) again: it installs what is missing."
PORTAUDIO = "Install PortAudio (Debian and Ubuntu: sudo apt-get install libportaudio2)."


def check_libraries() -> list[Finding]:
    """Import every library in a child process; one that crashes does not hide the others."""
    versions, problems = _ask_all()
    version = platform.python_version()
    supported = (3, 11) <= sys.version_info < (3, 14)
    findings = [
        ok("libraries", "Python", version)
        if supported
        else warn("libraries", "Python", f"{version} is not tested", "Use Python 3.11, 3.12 or 3.13.")
    ]
    for name in LIBRARIES:
        label = name.split(".")[0]
        if name in versions:
            findings.append(ok("libraries", label, versions[name]))
        elif name in OPTIONAL:
            fix = OPTIONAL[name] + (PORTAUDIO if "PortAudio" in problems[name] else INSTALL)
            findings.append(warn("libraries", label, problems[name], fix))
        else:
            findings.append(fail("libraries", label, problems[name], _fix(problems[name])))
    return findings


def _ask_all() -> tuple[dict[str, str], dict[str, str]]:
    """Versions of those that load, and what is wrong with the others."""
    versions: dict[str, str] = {}
    problems: dict[str, str] = {}
    waiting = list(LIBRARIES)
    while waiting:
        answers, death = ask("libraries", *waiting)
        trying = waiting[0]
        for facts in answers:
            trying = facts.get("trying", trying)
            if "version" in facts:
                versions[facts["library"]] = facts["version"]
            elif "problem" in facts:
                problems[facts["library"]] = facts["problem"]
        if death:
            problems[trying] = f"crashes when loaded ({death})"
        waiting = [name for name in waiting if name not in versions and name not in problems]
    return versions, problems


def _fix(problem: str) -> str:
    """What to do about a library that does not load."""
    if ".so" in problem and "cannot open shared object" in problem:
        return f"A system library is missing. {INSTALL}"
    return INSTALL
