"""Where files are that come with the program, and where the user's models lie."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

import platformdirs

import s2s_live
from s2s_live.errors import S2SError

Kind = Literal["models", "resources"]


def bundled(kind: Kind) -> Path:
    """Folder of bundled models or resources: in a frozen app, an installed wheel or a checkout.

    Raises S2SError when the program came without it.
    """
    package = Path(s2s_live.__file__).parent
    candidates = [package / "_bundled" / kind, package.parent / kind]
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        candidates.insert(0, Path(frozen) / "s2s_live" / "_bundled" / kind)
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise S2SError(
        f"The folder {kind} that belongs to the program is missing (looked at {candidates[0]}).",
        "Install s2s-live again, or run it from a complete checkout.",
    )


def user_models() -> Path:
    """Folder for the user's own model folders; it may not exist yet."""
    return platformdirs.user_data_path("s2s-live", appauthor=False) / "models"


def user_downloads() -> Path:
    """Folder for files that were fetched for importing; it may not exist yet."""
    return platformdirs.user_data_path("s2s-live", appauthor=False) / "downloads"


def user_memory() -> Path:
    """Folder for the pins of every model, which may not exist yet; `S2S_LIVE_MEMORY` names another."""
    named = os.environ.get("S2S_LIVE_MEMORY")
    return Path(named) if named else platformdirs.user_data_path("s2s-live", appauthor=False) / "memory"
