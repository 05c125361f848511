"""The controls of the running show, and their values with the tick at which each change took effect."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping

from s2s_live.audio.mixing import MIX_RANGE_DB
from s2s_live.engines.base import Control
from s2s_live.live.memory import MEMORY_CONTROLS

SESSION_CONTROLS: tuple[Control, ...] = (
    Control("gain_db", "Input gain", "How loud the show hears the sound.", 0.0, -40.0, 40.0, "dB"),
    Control(
        "first_db",
        "First sound",
        "How loud the first sound is in the mix; silent at the end.",
        0.0,
        *MIX_RANGE_DB,
        "dB",
    ),
    Control(
        "second_db",
        "Second sound",
        "How loud the second sound is in the mix; silent at the end.",
        0.0,
        *MIX_RANGE_DB,
        "dB",
    ),
    Control(
        "gate_db", "Silence gate", "Below this level nothing counts as a sound.", -60.0, -90.0, -10.0, "dB"
    ),
    Control(
        "gate_mode",
        "In silence",
        "Drift to a calm scene, or hold the last one.",
        0.0,
        0.0,
        1.0,
        kind="choice",
        choices=("drift", "hold"),
    ),
    Control("attack", "Attack", "Time to follow a new sound.", 0.15, 0.05, 5.0, "s"),
    Control("release", "Release", "Time to let go of a sound that ended.", 1.5, 0.1, 30.0, "s"),
    Control("motion", "Motion", "How fast the scene flows.", 1.0, 0.0, 3.0),
    Control("z_speed", "Wander", "How fast the composition changes by itself.", 0.03, 0.0, 1.0, "/s"),
    Control("variation", "Variation", "Another composition of the same sound.", 0.0, 0.0, 9999.0, kind="int"),
    Control("hold", "Hold", "Keep this scene whatever sounds.", 0.0, 0.0, 1.0, kind="bool"),
    Control(
        "flash_guard",
        "Flash guard",
        "Keep full-screen flashes under three a second.",
        1.0,
        0.0,
        1.0,
        kind="bool",
    ),
    Control(
        "tween",
        "In-betweens",
        "Where painting is slower than the screen, blend from frame to frame: even motion, one frame later.",
        1.0,
        0.0,
        1.0,
        kind="bool",
    ),
    *MEMORY_CONTROLS,
)
"""Controls of every show, whatever engine runs; the engine's own follow them."""
MIX_GAINS = ("first_db", "second_db")
"""Gains of the two sounds of a mix; a single source does not heed them."""
FEED_GAINS = ("gain_db", *MIX_GAINS)
"""Controls that the feed has under the same names."""
MOMENTARY = frozenset({"hold", *(control.name for control in MEMORY_CONTROLS)})
"""Controls of the moment, not remembered: the next show would ignore the sound and nobody would see why."""


class ControlValues:
    """Values of all controls by name. Any thread may set; the painting thread takes snapshots.

    A change asked for at any moment takes effect with the next tick that is stepped, so that the tick can
    be logged and the show replayed.
    """

    def __init__(self, controls: Iterable[Control], values: Mapping[str, float] | None = None) -> None:
        self.controls = tuple(controls)
        self._by_name = {control.name: control for control in self.controls}
        self._lock = threading.Lock()
        self._values = {control.name: control.default for control in self.controls}
        self._changes: list[tuple[str, float]] = []
        for name, value in (values or {}).items():
            if name in self._by_name:
                self._values[name] = self._by_name[name].clamp(value)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def get(self, name: str) -> float:
        """The value asked for last."""
        with self._lock:
            return self._values[name]

    def set(self, name: str, value: float) -> float:
        """Ask for a value; returns it brought into range.

        Raises:
            KeyError: no control has this name.
        """
        value = self._by_name[name].clamp(value)
        with self._lock:
            if self._values[name] != value:
                self._values[name] = value
                self._changes.append((name, value))
        return value

    def snapshot(self) -> dict[str, float]:
        """All values."""
        with self._lock:
            return dict(self._values)

    def take_changes(self) -> list[tuple[str, float]]:
        """Changes since the last call, oldest first."""
        if not self._changes:  # reading a list's truth needs no lock; a change just missed is taken next time
            return []
        with self._lock:
            changes, self._changes = self._changes, []
        return changes
