"""The sample sounds that ship with the app: made by the world's own synthesis, for a first try.

`python -c "from pathlib import Path; from s2s_live.training.audio_samples import write_samples;
write_samples(Path('resources/samples'))"` makes them again, bit for bit before the encoding.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from s2s_live.world.sounds import SAMPLE_RATE, synthesise
from s2s_live.world.sounds_dsp import Floats, floats, samples_of

SAMPLES: dict[str, int] = {"rain": 8, "fire": 5, "sea": 9, "birds": 3, "music": 8}
"""Family and seed of each sample."""
SECONDS = 16.0
_JOIN_S = 1.0
_SWING_DB = 14.0


def sample(family: str, seed: int, seconds: float = SECONDS) -> Floats:
    """A sound that swells once from soft to loud and back, and whose end runs into its beginning.

    `[seconds * 16000]` mono, -1..1.
    """
    join = samples_of(_JOIN_S)
    raw = synthesise(family, 0.85, seed, seconds + _JOIN_S)
    n = raw.size - join
    fade = np.sqrt(np.linspace(0, 1, join, dtype=np.float32))
    out = raw[:n].copy()
    out[:join] = raw[:join] * fade + raw[n:] * fade[::-1]
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    return floats(out * 10 ** (_SWING_DB * (swell - 1) / 20))


def write_samples(folder: Path) -> list[Path]:
    """Write every sample as Ogg Vorbis into `folder`; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for family, seed in SAMPLES.items():
        path = folder / f"{family}.ogg"
        soundfile.write(path, sample(family, seed), SAMPLE_RATE, format="OGG", subtype="VORBIS")
        written.append(path)
    return written
