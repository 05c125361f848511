"""Importing PyTorch in the middle of a show, without stopping the picture.

Python holds its lock while the system loads an extension's libraries, a third of a second for PyTorch's. A C
function called through ctypes runs without the lock: libraries that were opened that way before are there
when the import asks for them, and what is left holds the lock for a tenth of a second or so.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.util
import logging
import os
import sys
from pathlib import Path

log = logging.getLogger(__name__)

FIRST = "libtorch_global_deps.so"
"""What PyTorch itself opens for all to see, before anything else."""
LIBRARIES = ("libc10.so", "libtorch_cpu.so", "libtorch_cuda.so", "libtorch.so", "libtorch_python.so")
"""In the order in which they need one another; builds without CUDA lack one."""


def load_torch() -> None:
    """Import PyTorch, best from a thread beside those that hear and paint. Quick where it is there."""
    if "torch" in sys.modules:
        return
    collects = gc.isenabled()
    gc.disable()
    try:
        _load()
    finally:
        if collects:
            gc.enable()
    # A full collection holds up all threads while it looks at every object: PyTorch's stay anyway.
    gc.freeze()


def _load() -> None:
    if sys.platform.startswith("linux"):
        try:
            open_libraries()
        except (OSError, AttributeError, ValueError) as error:  # the import then does all by itself
            log.info("PyTorch's libraries were not opened beforehand (%s)", error)
    importlib.import_module("torch")


def open_libraries() -> None:
    """Open what PyTorch is made of, without Python's lock. Raises OSError where one cannot be opened."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return
    open_library = ctypes.CDLL(None).dlopen
    open_library.restype, open_library.argtypes = ctypes.c_void_p, [ctypes.c_char_p, ctypes.c_int]
    folder = Path(found.origin).parent / "lib"
    for name in (FIRST, *LIBRARIES):
        if (path := folder / name).exists():
            visible = os.RTLD_GLOBAL if name == FIRST else os.RTLD_LOCAL
            if not open_library(os.fsencode(path), os.RTLD_LAZY | visible):
                raise OSError(f"{path} cannot be opened")
