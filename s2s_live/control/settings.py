"""Settings that outlive a run: one TOML file with a version, written whole or not at all.

A damaged file, or one of a newer version, is set aside under another name, never overwritten; unknown keys
are kept and warned about.
"""

from __future__ import annotations

import logging
import os
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs
import tomlkit
from tomlkit.exceptions import TOMLKitError

log = logging.getLogger(__name__)

VERSION = 1
FINE = {"on": True, "off": False}
"""What the setting `fine` says to `open_engine`; anything else is None, automatic."""
APP = "s2s-live"


def settings_path() -> Path:
    """Where the settings are; `S2S_LIVE_CONFIG` names another folder."""
    folder = os.environ.get("S2S_LIVE_CONFIG") or platformdirs.user_config_dir(APP, appauthor=False)
    return Path(folder) / "settings.toml"


@dataclass
class Settings:
    """What is remembered. Every field has a default that works."""

    source: str = "default"
    """Sound source as `s2s-live run --source` takes it."""
    beside: str = ""
    """A second one that is mixed with it, empty for none."""
    channel: int = -1
    """Input channel, -1 for the mix."""
    model: str = "world"
    fine: str = "auto"
    """Pictures of twice the lines, where the model has them: on, off, or auto, if the machine is fast."""
    controls: dict[str, float] = field(default_factory=dict)
    """Controls by name, where they differ from their defaults."""
    recording_folder: str = ""
    """Empty for the Videos folder."""
    recording_size: int = 1080
    recording_fps: int = 30
    recording_sound: bool = True
    recording_format: str = "mp4"
    ui: dict[str, Any] = field(default_factory=dict)
    """The windows' own: geometry, display, volume."""
    unknown: dict[str, Any] = field(default_factory=dict)
    """Keys of another version, kept as they were."""
    notes: list[str] = field(default_factory=list)
    """What the user should know about loading them."""

    @classmethod
    def load(cls, path: Path | None = None) -> Settings:
        """Read them; whatever is wrong with the file, settings come back, with a note."""
        path = path or settings_path()
        settings = cls()
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return settings
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            settings._set_aside(path, "damaged", f"The settings file cannot be read ({error}).")
            return settings
        version = data.pop("version", VERSION)
        if not isinstance(version, int) or version > VERSION:
            settings._set_aside(path, f"v{version}", "The settings are from a newer version of s2s-live.")
            return settings
        for key, value in data.items():
            settings._take(key, value)
        return settings

    def _take(self, key: str, value: Any) -> None:
        """Set one field if it exists and the value is of its kind."""
        known = self.__dict__.get(key) if key not in {"unknown", "notes"} else None
        if known is None:
            self.unknown[key] = value
            log.warning("unknown setting %r kept as it is", key)
        elif type(known) is not type(value):
            self.notes.append(f"The setting {key!r} has a wrong value and was put back to its default.")
        elif key == "controls":
            self.controls = {
                str(name): float(number)
                for name, number in value.items()
                if isinstance(number, int | float) and not isinstance(number, bool)
            }
        else:
            setattr(self, key, value)

    def _set_aside(self, path: Path, tag: str, why: str) -> None:
        """Rename the file so that saving cannot destroy it."""
        kept = path.with_name(f"{path.stem}.{tag}{path.suffix}")
        number = 1
        while kept.exists():
            number += 1
            kept = path.with_name(f"{path.stem}.{tag}-{number}{path.suffix}")
        try:
            path.rename(kept)
            self.notes.append(f"{why} It was kept as {kept.name} and defaults are used.")
        except OSError:
            self.notes.append(f"{why} Defaults are used.")
        log.warning("%s", self.notes[-1])

    def save(self, path: Path | None = None) -> None:
        """Write them through a temporary file, so that two instances or a crash never leave half a file.

        Raises:
            OSError: the folder cannot be written.
        """
        path = path or settings_path()
        path.parent.mkdir(parents=True, exist_ok=True)
        document = tomlkit.document()
        document.add("version", tomlkit.item(VERSION))
        tables: list[tuple[str, Any]] = []
        for key, value in {**self.unknown, **self._known()}.items():
            if isinstance(value, dict):
                tables.append((key, value))  # TOML wants plain keys before the first table
            else:
                document.add(key, tomlkit.item(value))
        for key, value in tables:
            document.add(key, tomlkit.item(value))
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".settings-", suffix=".toml")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(tomlkit.dumps(document))
            Path(name).replace(path)
        except (OSError, TOMLKitError):
            Path(name).unlink(missing_ok=True)
            raise

    def _known(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in {"unknown", "notes"}}
