"""One entry of the device menu."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from s2s_live.errors import AudioError

DEFAULT_ID = "default"
"""The id of the entry that follows the system's default."""

DEFAULT_NAME = "The default microphone"
"""What a source that follows it is called in messages."""

DeviceKind = Literal["input", "loopback", "output"]


@dataclass(frozen=True)
class Device:
    """A place where sound comes from or goes to."""

    id: str
    """Stays the same between starts: made of the host API and the name, never of an index."""
    name: str
    """What a person reads."""
    host_api: str
    kind: DeviceKind
    channels: int
    """As the system states them; 0 for the entry that follows the default."""
    rate: int
    """Hz, as the system states it; 0 for the entry that follows the default."""
    is_default: bool
    """Whether it is the system's default at the moment."""


def default_device(output: bool = False) -> Device:
    """The first entry of a menu: whatever the system uses."""
    return Device(DEFAULT_ID, "System default", "", "output" if output else "input", 0, 0, False)


class Named(Protocol):
    """What has an id and a name."""

    @property
    def id(self) -> str:
        """What opens it."""

    @property
    def name(self) -> str:
        """What people call it."""


N = TypeVar("N", bound=Named)


def find_device(text: str, devices: Sequence[N]) -> N:
    """The device meant by an id, a name, or a part of a name that only one device has.

    Raises AudioError that lists what there is.
    """
    wanted = text.casefold().strip()
    for same in (
        [d for d in devices if d.id == text],
        [d for d in devices if d.name == text],
        [d for d in devices if wanted in (d.id.casefold(), d.name.casefold())],
        [d for d in devices if wanted and wanted in d.name.casefold()],
    ):
        if len({d.id for d in same}) == 1:
            return same[0]
    names = ", ".join(d.name for d in devices) or "none"
    raise AudioError(f"There is no audio device called {text!r}.", f"Present: {names}.")
