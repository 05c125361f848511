"""On Windows torch's libraries must be loaded before Qt's; elsewhere the window comes first.

PyTorch 2.9 and newer, imported after a QApplication exists, fails on Windows with `WinError 1114` or `126` in
`c10.dll`: Qt has by then loaded other builds of the runtime libraries that torch's initialisation needs.
Loading torch first costs a second or two before the window shows, so only Windows pays it.
`run_app` calls `load_torch_first` before anything imports PySide6.
"""

from __future__ import annotations

import importlib
import sys


def torch_goes_first(platform: str = sys.platform) -> bool:
    """Whether torch must be imported before Qt on this system."""
    return platform == "win32"


def load_torch_first(platform: str = sys.platform) -> bool:
    """Import torch where it must come before Qt. Returns whether it did."""
    if not torch_goes_first(platform):
        return False
    importlib.import_module("torch")
    return True
