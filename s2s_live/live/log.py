"""What a show must remember to be played again exactly: hops, controls and pins, frame positions."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

from s2s_live.live.memory import NO_PINS, Pin, Pins


@dataclass
class ShowLog:
    """Log of one show from its first tick. Written by the painting thread alone.

    With the programme sound it is enough to repaint every frame: bit-equal on the same machine, runtime and
    thread count, where every hop that was heard took effect. It grows with time (about 3 kB a second), so a
    show keeps one only when asked to.
    """

    seed: int
    model_hash: str
    start_tick: int
    first_hop: int
    controls: dict[str, float]
    """Values at the start."""
    pins: Pins = NO_PINS
    """What the memory held at the start."""
    hops: list[tuple[int, int]] = field(default_factory=list)
    """(hop, tick at which its target took effect), in order."""
    heard_with: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    """(hop, controls of hearing from that hop on), where they changed."""
    changes: list[tuple[int, str, float]] = field(default_factory=list)
    """(tick, control, value), in order."""
    pinned: list[tuple[int, int, Pin | None]] = field(default_factory=list)
    """(tick, slot, what it held from then on), in order."""
    frames: array[int] = field(default_factory=lambda: array("q"))
    """Programme positions of the painted frames."""

    def note(self, hop: int, tick: int, controls: Mapping[str, float]) -> None:
        """A hearing took effect."""
        self.hops.append((hop, tick))
        if not self.heard_with or self.heard_with[-1][1] != controls:
            self.heard_with.append((hop, dict(controls)))
