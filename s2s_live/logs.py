"""The log file: where it is, and setting it up once per process."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs

MOST_BYTES = 2_000_000
KEPT_FILES = 3
FORMAT = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"


def log_path() -> Path:
    """The log file of this process; `S2S_LIVE_LOGS` names another folder."""
    folder = os.environ.get("S2S_LIVE_LOGS") or platformdirs.user_log_dir("s2s-live", appauthor=False)
    return Path(folder) / "s2s-live.log"


def show_progress(name: str) -> None:
    """Show what the loggers under `name` say of their progress on standard error, with the time of day.

    Where everything is shown already (`set_up_logging(verbose=True)`) nothing is shown twice.
    """
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    consoles = [handler for handler in logging.getLogger().handlers if type(handler) is logging.StreamHandler]
    if any(handler.level <= logging.INFO for handler in consoles):
        return
    for handler in consoles:
        handler.addFilter(lambda record: not record.name.startswith(name))
    console = logging.StreamHandler(sys.stderr)
    console.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    logger.addHandler(console)


def set_up_logging(verbose: bool = False) -> None:
    """Log to the file, errors to standard error too (everything when `verbose`).

    A log file that cannot be written is said once on standard error; the show goes on.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.DEBUG if verbose else logging.ERROR)
    console.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    root.addHandler(console)
    path = log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Appending with a short line per record keeps two instances' lines whole; each rotates by itself.
        file = RotatingFileHandler(path, maxBytes=MOST_BYTES, backupCount=KEPT_FILES, encoding="utf-8")
    except OSError as error:
        root.error("no log file: %s", error)
        return
    file.setFormatter(logging.Formatter(FORMAT))
    root.addHandler(file)
    with contextlib.suppress(ValueError):  # other threads may already run with their own filters
        logging.captureWarnings(True)
