"""A virtual screen and programs on it."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Screen:
    """An X server without a screen, 1920x1080."""

    display: str

    @property
    def env(self):
        """What a program needs to open its window there."""
        return {**os.environ, "DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def screenshot(self, path: Path) -> Path:
        """Everything on the screen, as PNG."""
        subprocess.run(["import", "-window", "root", str(path)], env=self.env, check=True, timeout=30)
        return path

    def key(self, *keys: str) -> None:
        """Press keys in the active window."""
        subprocess.run(["xdotool", "key", "--delay", "50", *keys], env=self.env, check=True, timeout=30)

    def windows(self, name: str) -> list[str]:
        """Ids of visible windows whose title matches."""
        command = ["xdotool", "search", "--onlyvisible", "--name", name]
        found = subprocess.run(command, env=self.env, capture_output=True, text=True, timeout=30, check=False)
        return found.stdout.split()


@pytest.fixture(scope="session")
def screen():
    missing = [name for name in ("Xvfb", "xdotool", "import") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"the virtual screen needs {', '.join(missing)}")
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    try:
        with os.fdopen(read) as numbers:
            yield Screen(f":{numbers.readline().strip()}")
    finally:
        server.terminate()
        server.wait(10)
