"""Which encoders this installation has, and how they are set up."""

from __future__ import annotations

from collections.abc import Mapping

import av
import av.codec
import av.error

from s2s_live.errors import RecordingError
from s2s_live.live.threads import usable_cores

_VIDEO = ("libx264", "libopenh264", "mpeg4")
"""In order of preference. The last is not H.264 and is there so that a take is never lost."""

SOUND_RATE = 192_000
"""Bits per second of the AAC sound track."""

SOUND_OPTIONS: Mapping[str, str] = {"aac_coder": "fast", "aac_pns": "0", "aac_is": "0", "aac_tns": "0"}
"""At this rate the tricks for low rates only cost: without them half the time and 3 dB less error."""


def available(name: str) -> bool:
    """Whether this installation can encode with `name`."""
    try:
        av.codec.Codec(name, "w")
    except av.error.FFmpegError:
        return False
    except ValueError:  # UnknownCodecError of older versions
        return False
    return True


def video_encoder() -> str:
    """Name of the best video encoder here. Raises RecordingError where there is none."""
    for name in _VIDEO:
        if available(name):
            return name
    raise RecordingError(
        "This installation of PyAV has no video encoder.",
        'Install the official one with "pip install --force-reinstall av", or record a PNG sequence.',
    )


def encoders() -> dict[str, str]:
    """For `doctor`: `video`, `sound` (names, empty where missing) and `message` (empty when all is well)."""
    video = next((name for name in _VIDEO if available(name)), "")
    sound = "aac" if available("aac") else ""
    message = ""
    if not video or not sound:
        message = "PyAV lacks encoders: recordings are PNG sequences only. Reinstall the package av."
    elif video == "mpeg4":
        message = "No H.264 encoder: recordings are MPEG-4 Part 2, which browsers do not play."
    return {"video": video, "sound": sound, "message": message}


def live_options(name: str) -> Mapping[str, str]:
    """For recording beside a show: the least work per frame that still looks right.

    A constant quantiser spares the encoder its look-ahead copy of every frame (a fifth of its time).
    """
    if name == "libx264":
        parameters = "8x8dct=1:merange=4"
        return {"preset": "ultrafast", "tune": "zerolatency", "qp": "20", "x264-params": parameters}
    return _plain_options(name)


def offline_options(name: str) -> Mapping[str, str]:
    """For rendering, where nobody waits for the next frame."""
    if name == "libx264":
        return {"preset": "fast", "crf": "17"}
    return _plain_options(name)


def _plain_options(name: str) -> Mapping[str, str]:
    if name == "libopenh264":
        return {"b": "16M", "allow_skip_frames": "0"}
    return {"flags": "+qscale", "global_quality": str(3 * 118)}  # quantiser 3, in FFmpeg's lambda units


def offline_threads() -> int:
    """Encoder threads for rendering: all cores but the one that paints."""
    return max(1, usable_cores() - 1)
