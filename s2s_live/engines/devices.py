"""What networks can run on here, found out without importing PyTorch, which takes seconds."""

from __future__ import annotations

import ctypes
import importlib.util
import logging
import sys
from pathlib import Path

from s2s_live.engines.torch_loading import load_torch

log = logging.getLogger(__name__)

AUTO = "auto"
_DRIVER = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_LIBRARIES = ("libtorch_cuda.so", "torch_cuda.dll")
"""Of builds of PyTorch with CUDA."""


def resolved(device: str) -> str:
    """`device`, or for `auto` a CUDA device where PyTorch can use one, and the processor elsewhere."""
    if device != AUTO:
        return device
    if not (driver_devices() and _is_built_for_cuda()):
        return "cpu"
    load_torch()
    import torch

    if torch.cuda.is_available():
        return "cuda"
    log.warning("PyTorch cannot use the GPU, perhaps for an old driver: the processor runs networks")
    return "cpu"


def driver_devices() -> int:
    """How many devices NVIDIA's driver lets this process have (CUDA_VISIBLE_DEVICES hides some)."""
    count = ctypes.c_int()
    try:
        driver = ctypes.CDLL(_DRIVER)
        if driver.cuInit(0) or driver.cuDeviceGetCount(ctypes.byref(count)):
            return 0
    except (OSError, AttributeError):
        return 0
    return count.value


def _is_built_for_cuda() -> bool:
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return False
    folder = Path(found.origin).parent / "lib"
    return any((folder / name).exists() for name in _LIBRARIES)
