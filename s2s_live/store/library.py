"""Which models there are: the bundled ones and the user's."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from s2s_live.errors import ModelError, S2SError
from s2s_live.store.manifest import FILE_NAME
from s2s_live.store.places import bundled, user_models

log = logging.getLogger(__name__)


def list_models() -> list[Path]:
    """Model folders by name, damaged ones too; a user's own comes before a bundled one of the same name."""
    found: dict[str, Path] = {}
    for place in _places():
        try:
            models = [path for path in place.iterdir() if (path / FILE_NAME).is_file()]
        except OSError as error:
            log.warning("the models in %s cannot be listed (%s)", place, error)
            continue
        for path in models:
            if not path.name.startswith("."):
                found.setdefault(path.name, path)
    return [found[name] for name in sorted(found)]


def find_model(name_or_path: str | Path) -> Path:
    """Folder of a model given by its name in the library or by its path.

    Raises ModelError when there is none.
    """
    path = Path(name_or_path).expanduser()
    if path.name == FILE_NAME:
        path = path.parent
    if (path / FILE_NAME).is_file():
        return path
    models = list_models()
    for model in models:
        if model.name == str(name_or_path):
            return model
    if path.is_dir():
        raise ModelError(
            f"{path} is no model folder: it has no {FILE_NAME}.", "Choose a folder that holds one."
        )
    names = ", ".join(model.name for model in models) or "none"
    raise ModelError(f"There is no model {str(name_or_path)!r}.", f"Models that can be run: {names}.")


def _places() -> list[Path]:
    """Folders that exist, the user's first."""
    places = [user_models()]
    with contextlib.suppress(S2SError):  # without bundled models, those of the user still run
        places.append(bundled("models"))
    return [place for place in places if place.is_dir()]
