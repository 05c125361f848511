"""The devices there are, as menus show them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from s2s_live.audio import pulse
from s2s_live.audio.device import DEFAULT_ID, Device, DeviceKind, default_device, find_device
from s2s_live.audio.portaudio import portaudio
from s2s_live.errors import AudioError

__all__ = ["Device", "find_device", "index_of", "list_inputs", "list_outputs", "table"]

Direction = Literal["input", "output"]

MANY_CHANNELS = 32
"""ALSA's software devices state this many channels or more, which says nothing about the device behind."""

# Windows shows every device once per host API; these are the ones worth having there.
_WINDOWS_APIS = ("Windows WASAPI", "ASIO")
# ALSA's software devices that lead to where "System default" or another entry leads as well.
_ALSA_DOUBLES = (
    *("default", "sysdefault", "pulse", "pipewire", "jack", "oss", "null", "dmix", "dsnoop", "usbstream"),
    *("front", "rear", "side", "center_lfe", "surround21", "surround40", "surround41", "surround50"),
    *(
        "surround51",
        "surround71",
        "iec958",
        "spdif",
        "samplerate",
        "speexrate",
        "lavrate",
        "upmix",
        "vdownmix",
    ),
)
# What newer PortAudio libraries append to an output that can be listened to.
_LOOPBACK_SUFFIX = "[Loopback]"


def _wanted(name: str, host_api: str) -> bool:
    if sys.platform == "win32":
        return host_api in _WINDOWS_APIS
    if host_api == "ALSA":
        return not any(name == double or name.startswith(double + ":") for double in _ALSA_DOUBLES)
    return host_api != "OSS"


def parse_table(
    devices: Sequence[Mapping[str, Any]], host_apis: Sequence[Mapping[str, Any]], direction: Direction
) -> list[tuple[int, Device]]:
    """(index, device) of PortAudio's devices with channels in that direction; names met twice get a
    number.
    """
    found: list[tuple[int, Device]] = []
    seen: dict[str, int] = {}
    default = default_index(devices, host_apis, direction)
    for index, entry in enumerate(devices):
        channels = int(entry[f"max_{direction}_channels"])
        host_api = str(host_apis[entry["hostapi"]]["name"])
        if channels < 1 or not _wanted(str(entry["name"]), host_api):
            continue
        name = str(entry["name"])
        count = seen[f"{host_api}:{name}"] = seen.get(f"{host_api}:{name}", 0) + 1
        if count > 1:
            name = f"{name} ({count})"
        rate = round(float(entry["default_samplerate"]))
        kind: DeviceKind = "loopback" if name.endswith(_LOOPBACK_SUFFIX) else direction
        device = Device(f"{host_api}:{name}", name, host_api, kind, channels, rate, index == default)
        found.append((index, device))
    return found


def default_index(
    devices: Sequence[Mapping[str, Any]], host_apis: Sequence[Mapping[str, Any]], direction: Direction
) -> int:
    """PortAudio's index of the default device, -1 if there is none: of the host API worth having, else
    any.
    """
    apis = sorted(host_apis, key=lambda api: api["name"] not in ("Windows WASAPI", "Core Audio", "ALSA"))
    for api in apis:
        index = int(api[f"default_{direction}_device"])
        if 0 <= index < len(devices):
            return index
    return -1


def _pulse(found: Callable[[], list[Device]]) -> list[Device]:
    return found() if sys.platform.startswith("linux") else []


def _own(direction: Direction, fresh: bool, server: Sequence[Device]) -> list[Device]:
    """PortAudio's devices; without PortAudio those of the sound server will do, if there are any."""
    try:
        with portaudio(fresh) as sd:
            return [device for _, device in parse_table(sd.query_devices(), sd.query_hostapis(), direction)]
    except AudioError:
        if not server:
            raise
        return []


def list_inputs(fresh: bool = True) -> list[Device]:
    """Inputs and loopbacks, "System default" first. Raises AudioError if there is nothing to list them with.

    `fresh` renews PortAudio's list where no stream is open; while one is, use a DeviceWatch.
    """
    server = _pulse(pulse.sources)
    inputs = [d for d in server if d.kind == "input"] + _own("input", fresh, server)
    return [default_device(), *inputs, *(d for d in server if d.kind == "loopback")]


def list_outputs(fresh: bool = True) -> list[Device]:
    """Outputs, "System default" first; as for `list_inputs`."""
    server = _pulse(pulse.sinks)
    return [default_device(output=True), *server, *_own("output", fresh, server)]


def index_of(sd: Any, device_id: str, direction: Direction) -> int:
    """PortAudio's present index of a device. Raises AudioError if it is not there. Call inside
    `portaudio()`.
    """
    devices, host_apis = sd.query_devices(), sd.query_hostapis()
    if device_id == DEFAULT_ID:
        index = default_index(devices, host_apis, direction)
        if index < 0:
            raise AudioError(
                "There is no microphone." if direction == "input" else "There is no audio output.",
                "Plug one in, or choose a file or the test sound."
                if direction == "input"
                else "Plug one in.",
            )
        return index
    for index, device in parse_table(devices, host_apis, direction):
        if device.id == device_id:
            return index
    raise AudioError(
        f"{device_id.partition(':')[2] or device_id} is not there.", "Plug it in, or choose another device."
    )


def id_at(sd: Any, index: int) -> str:
    """Id of the input at PortAudio's index, empty for one no menu shows. Call inside `portaudio()`."""
    known = dict(parse_table(sd.query_devices(), sd.query_hostapis(), "input"))
    return known[index].id if index in known else ""


def table() -> dict[str, list[Device]]:
    """Both menus at once: {"inputs": [...], "outputs": [...]}."""
    return {"inputs": list_inputs(), "outputs": list_outputs(fresh=False)}
