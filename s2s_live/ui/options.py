"""What the command line may ask of the window. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from s2s_live.control.settings import Settings


@dataclass(frozen=True)
class AppOptions:
    """Wishes for one start; what is None comes from the settings or a default."""

    source: str | None = None
    """Sound source as on the command line: `default`, a device, `file:PATH`, `test`, `none`."""
    beside: str | None = None
    """A second source, mixed with the first; `none` for the first alone."""
    gains: dict[str, float] = field(default_factory=dict)
    """Controls of the mix in dB, by name, for this start alone."""
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

    @property
    def asks_for_sources(self) -> bool:
        """Whether it names a source, or a second one."""
        return bool(self.source) or self.beside is not None

    def sources(self, settings: Settings) -> tuple[str, str]:
        """Source and second source: as asked for, else as remembered. One asked for alone is heard alone."""
        if self.beside is not None:
            return self.source or settings.source, self.beside if self.beside != "none" else ""
        return (self.source, "") if self.source else (settings.source, settings.beside)
