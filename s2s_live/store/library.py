"""Which models there are: the bundled ones and the user's."""

from __future__ import annotations

import contextlib
import logging
import re
import shutil
import tempfile
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


def new_model(name: str, *, replace: bool = False) -> Path:
    """Folder for a new model of the user's, not made yet; `replace` allows one of the user's to be there.

    Raises ModelError for names that no folder can have on every system, and for names that are taken.
    """
    # Windows knows devices by these names, whatever follows the first dot.
    device = re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)", name.partition(".")[0], re.IGNORECASE)
    if device or not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", name):
        raise ModelError(
            f"A model cannot be called {name!r}.",
            "Use up to 64 letters, digits, dots, dashes and underscores.",
        )
    folder = user_models() / name
    if folder.exists() and not replace:
        raise ModelError(
            f"There is a model {name!r} already, {folder}.",
            f"Give another --name, or remove it first: s2s-live models remove {name}",
        )
    if any(path.name == name for path in list_models() if not _is_users(path)):
        raise ModelError(f"{name!r} is a model that comes with the program.", "Give another --name.")
    return folder


def users_model(name: str) -> Path:
    """The user's own model of that name, damaged or not.

    Raises ModelError where there is none, for bundled ones, and for paths and links that lead elsewhere.
    """
    own = [path.name for path in list_models() if _is_users(path)]
    if name not in own:
        if any(path.name == name for path in list_models()):
            raise ModelError(f"{name!r} comes with the program.", "Only models of your own can be removed.")
        raise ModelError(
            f"You have no model {name!r} of your own.", f"Your models: {', '.join(own) or 'none'}."
        )
    folder = user_models() / name
    if folder.is_symlink() or folder.resolve().parent != user_models().resolve():
        raise ModelError(f"{folder} is a link to another place.", "Remove the link itself by hand.")
    return folder


def remove_model(name: str) -> Path:
    """Delete the user's own model of that name; returns where it was. Raises ModelError as `users_model`."""
    folder = users_model(name)
    try:
        # Out of sight at once: half a model must never be listed, however deleting ends.
        aside = Path(tempfile.mkdtemp(prefix=f".{name}-removed-", dir=folder.parent))
        try:
            folder.rename(aside / name)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise ModelError(
            f"{folder} cannot be removed ({error}).", "Close what uses it; try again."
        ) from error
    return folder


def _is_users(path: Path) -> bool:
    return path.parent == user_models()


def _places() -> list[Path]:
    """Folders that exist, the user's first."""
    places = [user_models()]
    with contextlib.suppress(S2SError):  # without bundled models, those of the user still run
        places.append(bundled("models"))
    return [place for place in places if place.is_dir()]
