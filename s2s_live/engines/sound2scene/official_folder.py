"""Which file of a published IC-GAN folder holds the generator, and what the folder says about it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2s_live.engines.sound2scene.official_files import read_checkpoint
from s2s_live.errors import ModelError

SUFFIX = "_nofeataug"
"""What a folder's name may end in or not, for the same generator."""
SAVES = ("_best0", "_best1", "")
"""What the names of a save's files end in, those kept for their score first."""
HINT = "Give the unpacked folder as published, with G_ema_best0.pth and state_dict_best0.pth in it."


@dataclass(frozen=True)
class GeneratorFiles:
    """What a folder's generator is read from."""

    weights: Path
    config: Mapping[str, Any] | None
    """What the authors' program was told, where the folder says it."""
    config_file: Path | None = None


def find_generator(place: Path) -> GeneratorFiles:
    """The better save of a published folder, or a weights file that is given itself.

    As the official loader chooses: of the saves the one with the lower FID, of it the averaged weights where
    the configuration says that they are to be used. Raises ModelError where that cannot be found.
    """
    if place.is_file():
        return GeneratorFiles(place, None)
    folder = _folder(place)
    saves = {name: folder / f"state_dict{name}.pth" for name in SAVES}
    states = {name: _read_state(path) for name, path in saves.items() if path.is_file()}
    if not states:
        return GeneratorFiles(_only_averaged(folder), None)
    best = min(states, key=lambda name: _fid(states[name]))
    config = states[best]["config"]
    averaged = config.get("ema", True) and config.get("use_ema", True)
    weights = folder / f"{'G_ema' if averaged else 'G'}{best}.pth"
    if not weights.is_file():
        raise ModelError(f"{folder} lacks {weights.name}, which {saves[best].name} speaks of.", HINT)
    return GeneratorFiles(weights, config, saves[best])


def _folder(place: Path) -> Path:
    """`place`, its other name, or the one folder in it that holds a generator: archives unpack so."""
    twin = place.name.removesuffix(SUFFIX) if place.name.endswith(SUFFIX) else place.name + SUFFIX
    candidates = [place, place.with_name(twin)]
    if place.is_dir():
        inside = [folder for folder in sorted(place.iterdir()) if folder.is_dir() and _holds(folder)]
        candidates[1:1] = inside if len(inside) == 1 else []
    found = next((folder for folder in candidates if _holds(folder)), None)
    if found is None:
        what = "holds no generator" if place.is_dir() else "is no folder and no file"
        raise ModelError(f"{place} {what}.", HINT)
    return found


def _holds(folder: Path) -> bool:
    return any(folder.glob("G_ema*.pth")) or any(
        (folder / f"state_dict{name}.pth").is_file() for name in SAVES
    )


def _read_state(path: Path) -> Mapping[str, Any]:
    state = read_checkpoint(path)
    if not isinstance(state, Mapping) or not isinstance(state.get("config"), Mapping):
        raise ModelError(f"{path} holds no configuration of IC-GAN.", HINT)
    return state


def _fid(state: Mapping[str, Any]) -> float:
    """The save's score, lower is better; infinite where it has none."""
    try:
        found = float(state["best_FID"])
    except (KeyError, TypeError, ValueError):
        return math.inf
    return found if not math.isnan(found) else math.inf


def _only_averaged(folder: Path) -> Path:
    found = sorted(folder.glob("G_ema*.pth"))
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise ModelError(
            f"{folder} has several generators ({names}) and no state_dict file to choose by.",
            "Give the file itself.",
        )
    return found[0]
