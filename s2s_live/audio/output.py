"""An output that a playing file can be heard on."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from s2s_live.audio.devices import index_of
from s2s_live.audio.portaudio import keep, portaudio, quiet
from s2s_live.audio.pulse import PREFIX
from s2s_live.errors import AudioError

log = logging.getLogger(__name__)

LATENCY_S = 0.05
"""Asked of the output: about what the picture takes from sound to screen, so that both meet; and no shorter,
as the gaps of a busy machine would be heard."""

Callback = Callable[[Any, int, Any, Any], None]


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _server_index(sd: Any) -> int:
    """PortAudio's index of the ALSA device that leads to the sound server."""
    names = [str(entry["name"]) for entry in sd.query_devices()]
    for wanted in ("pulse", "default"):
        if wanted in names:
            return names.index(wanted)
    raise AudioError(
        "ALSA has no way to the sound server.",
        "Install its plug-in (Debian, Ubuntu: apt install libasound2-plugins), or choose another output.",
    )


def open_output(
    device_id: str, rate: int, callback: Callback, finished: Callable[[], None], fresh: bool = False
) -> Any:
    """A running stereo float32 output stream at `rate`; close it with `portaudio.close`.

    Raises AudioError if the device is not there or refuses the rate. An output of the sound server is reached
    through ALSA's plug-in, which takes its name from PULSE_SINK while the stream opens.
    """
    with portaudio(fresh) as sd:
        if device_id.startswith(PREFIX):
            with _environment("PULSE_SINK", device_id.removeprefix(PREFIX)), quiet():
                return _open(sd, _server_index(sd), rate, callback, finished)
        index = index_of(sd, device_id, "output")
        with quiet():
            return _open(sd, index, rate, callback, finished)


def _open(sd: Any, index: int, rate: int, callback: Callback, finished: Callable[[], None]) -> Any:
    api = sd.query_hostapis(sd.query_devices(index)["hostapi"])["name"]
    # Windows' shared mode knows one rate per device unless it is told to convert.
    extra = sd.WasapiSettings(auto_convert=True) if api == "Windows WASAPI" else None
    try:
        stream = sd.OutputStream(
            device=index,
            samplerate=rate,
            channels=2,
            dtype="float32",
            blocksize=512,
            latency=LATENCY_S,
            callback=callback,
            finished_callback=finished,
            extra_settings=extra,
        )
        try:
            stream.start()
        except sd.PortAudioError:
            stream.close(ignore_errors=True)
            raise
    except (sd.PortAudioError, ValueError) as error:
        raise AudioError(
            f"The output cannot be opened at {rate} Hz ({error.args[0] if error.args else error}).",
            "Choose another output, or play without sound.",
        ) from error
    keep(stream)
    return stream
