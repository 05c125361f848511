"""Where published files are that models are imported from: a table that comes with the program."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from s2s_live.errors import ModelError

TABLE = Path(__file__).with_name("locations.toml")


@dataclass(frozen=True)
class Licence:
    """On which terms a file may be used."""

    name: str
    page: str
    """Address of its full text, or of who gives it."""
    summary: str


@dataclass(frozen=True)
class Location:
    """One published file."""

    name: str
    title: str
    file: str
    """What its authors call it."""
    page: str
    """Where its authors tell of it."""
    bring: str
    """What to look for on the page."""
    licence: Licence
    use: str
    """The option of `models import sound2scene` that takes it."""
    address: str | None = None
    """Of the file itself; None where only the page is known."""
    size: int | None = None
    """Bytes, where known."""
    sha256: str | None = None
    """Hexadecimal, where known."""
    unpack: bool = False
    """Whether it is an archive whose weights files are wanted."""


@lru_cache(maxsize=1)
def locations() -> Mapping[str, Location]:
    """The table, by name."""
    data = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    licences = {name: Licence(**entry) for name, entry in data["licences"].items()}
    return {
        name: Location(name=name, **{**entry, "licence": licences[entry["licence"]]})
        for name, entry in data["files"].items()
    }


def find_location(name: str) -> Location:
    """The entry of that name. Raises ModelError where there is none."""
    known = locations()
    if name not in known:
        raise ModelError(f"Nothing called {name!r} is known to download.", f"Known: {', '.join(known)}.")
    return known[name]
