"""The child's side of `child.ask`: answers go to standard output, one JSON object a line."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import sys
import time
from dataclasses import asdict
from typing import Any

from s2s_live.errors import AudioError

LISTEN_S = 0.7
DISTRIBUTIONS = {"cv2": "opencv-python", "PySide6.QtWidgets": "PySide6-Essentials"}


def answer(**facts: Any) -> None:
    """Write one answer now: whatever happens next, this much is known."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def libraries(names: list[str]) -> None:
    """Import each and tell its version, or why not."""
    for name in names:
        answer(trying=name)
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:  # OSError: a shared library behind it is missing
            answer(library=name, problem=f"{type(error).__name__}: {error}")
            continue
        answer(library=name, version=_version(name))


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(DISTRIBUTIONS.get(name, name))
    except importlib.metadata.PackageNotFoundError:
        return str(getattr(sys.modules[name], "__version__", "unknown"))


def processors(_: list[str]) -> None:
    """What torch and OpenVINO can compute on."""
    import torch

    answer(
        threads=torch.get_num_threads(),
        cpu=torch.backends.cpu.get_cpu_capability(),
        cuda=[torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        mps=torch.backends.mps.is_available(),
    )
    from s2s_live.engines.openvino_core import CORE

    answer(
        # torch takes bfloat16 on processors that only imitate it; OpenVINO names what the processor has.
        bf16="BF16" in CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES"),
        openvino={name: str(CORE.get_property(name, "FULL_DEVICE_NAME")) for name in CORE.available_devices},
    )


def screens(_: list[str]) -> None:
    """Start Qt as the app does and tell the screens. Qt ends the whole process where it finds none."""
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication(sys.argv[:1])
    answer(
        platform=application.platformName(),
        screens=[
            {
                "name": screen.name(),
                "width": screen.size().width(),
                "height": screen.size().height(),
                "scale": screen.devicePixelRatio(),
                "hz": screen.refreshRate(),
            }
            for screen in application.screens()
        ],
    )


def sound(_: list[str]) -> None:
    """The devices, and what the default input sends in its first half second."""
    import sounddevice

    answer(portaudio=sounddevice.get_portaudio_version()[1])
    from s2s_live.audio.devices import list_inputs, list_outputs

    inputs = list_inputs()
    answer(
        inputs=[asdict(device) for device in inputs], outputs=[asdict(device) for device in list_outputs()]
    )
    if inputs:
        answer(**_listen())


def _listen() -> dict[str, Any]:
    """Open the default input for a moment."""
    from s2s_live.audio.sources import open_source

    source = open_source("default")
    if source is None:
        return {}
    try:
        source.start()
    except AudioError as error:
        return {"problem": error.message, "hint": error.hint}
    try:
        time.sleep(LISTEN_S)
        written = source.ring.written
        block = source.ring.read(source.ring.oldest(), written)
        peak = float(abs(block).max()) if len(block) else 0.0
        return {"rate": source.sample_rate, "channels": source.channels, "samples": written, "peak": peak}
    finally:
        source.stop()


QUESTIONS = {"sound": sound, "libraries": libraries, "processors": processors, "screens": screens}

if __name__ == "__main__":
    # No question may wait for a graphics card that is asleep, nor leave a report on the screen.
    os.environ.setdefault("CUDA_MODULE_LOADING", "LAZY")
    QUESTIONS[sys.argv[1]](sys.argv[2:])
