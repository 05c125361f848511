"""From what a person writes or chooses to a source."""

from __future__ import annotations

from pathlib import Path

from s2s_live.audio.device import DEFAULT_ID, Device, default_device, find_device
from s2s_live.audio.mixed import Input, mixed
from s2s_live.audio.source import Source

FORMS = "default, a device's id or name, file:PATH, test, none"
"""What `open_source` understands."""


def source_for(device: Device) -> Source:
    """The source that listens to a device of the menu. Not yet started."""
    from s2s_live.audio.loopback import PulseSource
    from s2s_live.audio.microphone import MicrophoneSource
    from s2s_live.audio.pulse import HOST_API, answers

    if device.id == DEFAULT_ID:
        # Where a sound server runs, parec hears a default in half the time that ALSA's plug-in takes.
        return PulseSource() if answers() else MicrophoneSource()
    return PulseSource(device) if device.host_api == HOST_API else MicrophoneSource(device)


def open_source(text: str, *, loop: bool = True) -> Source | None:
    """The source meant by `text` (see FORMS), not yet started; None for "none".

    Raises AudioError for a device or a file that is not there or cannot be used. `loop` is for files.
    """
    from s2s_live.audio.devices import list_inputs
    from s2s_live.audio.file import FileSource
    from s2s_live.audio.synthetic import TestSource

    word = text.strip()
    if word in ("none", ""):
        return None
    if word == "test":
        return TestSource()
    if word == DEFAULT_ID:
        return source_for(default_device())
    if word.startswith("file:"):
        return FileSource(Path(word.removeprefix("file:")).expanduser(), loop=loop)
    return source_for(find_device(word, list_inputs()))


def open_input(text: str, beside: str = "", *, loop: bool = True) -> Input | None:
    """What `text` means, mixed with what `beside` means; not yet started.

    Both are as for `open_source`, and raise as there. Where one of them is "none" or empty, the other plays
    alone.
    """
    found = (open_source(text, loop=loop), open_source(beside, loop=loop))
    return mixed(*(source for source in found if source is not None))


def source_text(word: str) -> str:
    """`word` as `open_source` takes it, where the name of a file will do for one: a device comes first."""
    path = Path(word).expanduser()
    return f"file:{path}" if path.suffix and path.is_file() else word
