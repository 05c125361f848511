"""What the command line may ask of the window. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AppOptions:
    """Wishes for one start; what is None comes from the settings or a default."""

    source: str | None = None
    """Sound source as on the command line: `default`, a device, `file:PATH`, `test`, `none`."""
    model: str | None = None
    """Name or folder of a model."""
    fullscreen: int | None = None
    """Open the output window on this display; 1 is the first."""
    record: Path | None = None
    """Record to this file (`.mp4`) or folder of pictures from the first frame on."""
    seconds: float | None = None
    """Close by itself after this long."""
    seed: int | None = None
    """Seed of the show; None takes a new one."""
