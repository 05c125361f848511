"""The bundled model, the places the app writes to, and the encoders behind recordings."""

from __future__ import annotations

import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

import platformdirs

from s2s_live.commands.checks.finding import Finding, fail, ok, warn
from s2s_live.control.settings import VERSION, settings_path
from s2s_live.errors import ModelError
from s2s_live.logs import log_path
from s2s_live.store.places import user_memory

LITTLE_BYTES = 2_000_000_000
"""About half an hour of recording; below it the space left is worth a warning."""


def check_files() -> list[Finding]:
    """Models, encoders, log file, settings and space."""
    settings, values = check_settings(settings_path())
    return [
        *check_models(),
        check_encoders(),
        check_writable("log file", log_path()),
        settings,
        check_writable("memory", user_memory()),
        check_space(Path(values.get("recording_folder") or f"{platformdirs.user_videos_dir()}/s2s-live")),
    ]


def check_models() -> list[Finding]:
    """Every model folder against the checksums of its manifest."""
    from s2s_live.store.folder import ModelFolder
    from s2s_live.store.library import list_models

    findings = []
    for path in list_models():
        try:
            folder = ModelFolder.open(path)
            folder.verify()
        except ModelError as error:
            findings.append(fail("files", f"model {path.name}", error.message, error.hint))
        else:
            findings.append(ok("files", f"model {path.name}", f"{folder.engine}, whole, in {path}"))
    if not findings:
        fix = "Get the whole checkout or package again: the folder models/ belongs to it."
        findings.append(fail("files", "models", "none found", fix))
    return findings


def check_encoders() -> Finding:
    """What a recording is made with."""
    try:
        from s2s_live.record.codecs import encoders
    except ImportError as error:
        return warn("files", "encoders", str(error), "Nothing can be recorded until PyAV loads.")
    found = encoders()
    text = ", ".join(name for name in (found["video"], found["sound"]) if name) or "none"
    return Finding("files", "encoders", "warn" if found["message"] else "ok", text, found["message"])


def check_settings(path: Path) -> tuple[Finding, dict[str, Any]]:
    """Whether the settings can be read, and what is in them; a damaged file is left as it is."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return check_writable("settings", path), {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        fix = "The app sets it aside and starts with defaults; nothing need be done."
        return warn("files", "settings", f"{path} cannot be read ({error})", fix), {}
    version = values.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        fix = "Update s2s-live, or let it start with defaults: it keeps the file under another name."
        return warn("files", "settings", f"{path} is of version {version}", fix), {}
    return check_writable("settings", path), values


def check_space(folder: Path) -> Finding:
    """Room for recordings."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    text = f"{free / 1e9:.1f} GB free in {folder}"
    if free < LITTLE_BYTES:
        return warn("files", "recordings", text, "Make room, or choose another folder for recordings.")
    return ok("files", "recordings", text)


def check_writable(name: str, path: Path) -> Finding:
    """Whether `path` can be written; nothing is made to find out."""
    there = next(place for place in (path, *path.parents) if place.exists())
    if os.access(there, os.W_OK):
        return ok("files", name, str(path))
    return warn("files", name, f"{path} cannot be written", f"Make {there} writable for this user.")
