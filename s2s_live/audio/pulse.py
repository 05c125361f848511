"""What a PulseAudio or PipeWire server offers, asked through the program `pactl`."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
from typing import Any

from s2s_live.audio.device import Device

log = logging.getLogger(__name__)

HOST_API = "PulseAudio"
PREFIX = "pulse:"
_TIMEOUT_S = 2.0


def plain_numbers() -> dict[str, str]:
    """The environment with a decimal point: pactl writes broken JSON where the decimal sign is a comma.

    The character set stays as it is, else names with accents come out garbled.
    """
    everything = os.environ.get("LC_ALL", "")
    environment = {name: value for name, value in os.environ.items() if name != "LC_ALL"}
    return {**environment, **({"LANG": everything} if everything else {}), "LC_NUMERIC": "C"}


def _pactl(*arguments: str) -> Any:
    """The answer of pactl as parsed JSON; None without pactl, without a server, or from a pactl too old."""
    if shutil.which("pactl") is None:
        return None
    try:
        done = subprocess.run(
            ["pactl", "-f", "json", *arguments],
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
            env=plain_numbers(),
        )
        return json.loads(done.stdout)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        log.debug("pactl %s: %s", arguments, error)
        return None


def answers() -> bool:
    """Whether there is a sound server and the program that reads from it."""
    return shutil.which("parec") is not None and _pactl("info") is not None


def _format(specification: str) -> tuple[int, int]:
    """(channels, rate) of a text such as "s16le 2ch 48000Hz"."""
    channels, rate = 2, 48_000
    for word in specification.split():
        if word.endswith("ch") and word[:-2].isdigit():
            channels = int(word[:-2])
        elif word.endswith("Hz") and word[:-2].isdigit():
            rate = int(word[:-2])
    return channels, rate


def parse_sources(sources: Any, default: str) -> list[Device]:
    """Devices from `pactl -f json list sources`: microphones first, then what the outputs play."""
    found = []
    for entry in sources if isinstance(sources, list) else []:
        name = str(entry.get("name", ""))
        if not name:
            continue
        channels, rate = _format(str(entry.get("sample_specification", "")))
        properties = entry.get("properties") or {}
        monitor = bool(entry.get("monitor_source")) or properties.get("device.class") == "monitor"
        title = str(entry.get("description") or name)
        if monitor:
            title = "Sound of " + title.removeprefix("Monitor of ")
        found.append(
            Device(
                id=PREFIX + name,
                name=title,
                host_api=HOST_API,
                kind="loopback" if monitor else "input",
                channels=channels,
                rate=rate,
                is_default=name == default,
            )
        )
    return sorted(found, key=lambda device: device.kind == "loopback")


def sources() -> list[Device]:
    """Inputs and monitors of the sound server; empty where there is none."""
    info = _pactl("info")
    if not isinstance(info, dict):
        return []
    return parse_sources(_pactl("list", "sources"), str(info.get("default_source_name", "")))


def sinks() -> list[Device]:
    """Outputs of the sound server; empty where there is none."""
    info, listed = _pactl("info"), _pactl("list", "sinks")
    if not isinstance(info, dict) or not isinstance(listed, list):
        return []
    default = info.get("default_sink_name", "")
    found = []
    for entry in listed:
        name = str(entry.get("name", ""))
        channels, rate = _format(str(entry.get("sample_specification", "")))
        title = str(entry.get("description") or name)
        found.append(Device(PREFIX + name, title, HOST_API, "output", channels, rate, name == default))
    return found
