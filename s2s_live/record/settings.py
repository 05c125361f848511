"""What a recording is asked to be, how it goes, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from s2s_live.errors import RecordingError
from s2s_live.record.video import check_rate, even_size

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class RecordSettings:
    """One take. Raises RecordingError for a size, rate or format that cannot be recorded."""

    folder: Path
    """Made if missing."""
    size: int = 1080
    """Height and width in pixels, 16 to 2160; odd sizes lose a pixel."""
    fps: int = 30
    """Pictures per second, 1 to 120, constant."""
    sound: bool = True
    format: Literal["mp4", "png"] = "mp4"
    """One video file, or a folder of numbered pictures with a WAV file."""
    stem: str | None = None
    """File name without its ending; dated unless told. A taken name gets a counter."""
    remux: bool = True
    """Whether a finished video is rewritten as a plain MP4 afterwards, in a process of its own."""
    warn_below: int = 200 * MEGABYTE
    """Free bytes under which the status warns."""
    stop_below: int = 50 * MEGABYTE
    """Free bytes under which the recording ends by itself, complete."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", even_size(self.size))
        check_rate(self.fps)
        if self.format not in ("mp4", "png"):
            raise RecordingError(f"There is no recording format {self.format!r}.", "Choose mp4 or png.")


State = Literal["idle", "recording", "stopping", "finished", "failed"]


@dataclass(frozen=True)
class RecorderStatus:
    """What a window shows about a recorder."""

    state: State
    """`failed`: ended by an error; what was written until then is kept and plays."""
    seconds: float
    """Length recorded so far."""
    bytes: int
    free_bytes: int
    """On the disk of the folder; -1 where the system does not say."""
    frames: int
    repeated: int
    """Of these, shown again because nothing newer was painted."""
    dropped: int
    """Painted frames that were due and came too late for the encoder."""
    lost_samples: int
    """Samples of sound replaced by silence because the recorder came too late."""
    behind_s: float
    """How far the file is behind the programme."""
    converting: bool
    """Whether the finished video is still being rewritten as a plain MP4."""
    message: str
    """A sentence for the user, or empty."""
    path: Path | None
    heartbeat: float
    """Monotonic seconds at which the recorder's thread was last seen; 0 before it started."""


@dataclass(frozen=True)
class Recording:
    """A recording that has ended."""

    path: Path
    """The video, or the folder of pictures."""
    seconds: float
    frames: int
    repeated: int
    dropped: int
    lost_samples: int
    complete: bool
    """False if it ended by an error or was still being closed when the time to wait was over."""
    message: str
