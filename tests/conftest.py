"""What all tests share."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from s2s_live.engines.sound2scene.model import Sound2SceneModel

# Before anything imports Qt: without a display QApplication would abort the whole process.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Before anything imports ONNX Runtime, as the package sets it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

VIRTUAL_MIC = Path(__file__).parent / "virtual" / "virtual_mic.sh"
NEEDED = ("pulseaudio", "pactl", "paplay", "parec", "sox")


@pytest.fixture(autouse=True)
def processor_alone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Engines run on the processor, on machines with a GPU too, but in tests that are marked `gpu`."""
    if request.node.get_closest_marker("gpu") is None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
        # CUDA may have looked at the devices already.
        monkeypatch.setattr("s2s_live.engines.devices.driver_devices", lambda: 0)


@dataclass(frozen=True)
class VirtualMic:
    """A private sound server with two microphones, `vmic1` and `vmic2`.

    `env` is what a process needs to hear them; `os.environ` has it during the test. PortAudio reads it when
    it initialises: in this process, let `portaudio(fresh=True)` do so before looking for devices.
    """

    folder: Path
    env: dict[str, str]

    def run(self, *arguments: str | Path) -> str:
        """One command of virtual_mic.sh."""
        done = subprocess.run(
            ["bash", str(VIRTUAL_MIC), *map(str, arguments)],
            env={**os.environ, "VMIC_DIR": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"virtual_mic.sh {arguments}: {done.stderr or done.stdout}")
        return done.stdout

    def play(self, path: Path, mic: int = 1, wait: bool = True) -> None:
        """Play a sound file (WAV, FLAC, OGG) into a microphone."""
        self.run("play", path, str(mic), *([] if wait else ["--bg"]))

    def unplug(self, which: int | str = 1) -> None:
        """Take a microphone away: 1, 2 or "all"."""
        self.run("unplug", str(which))

    def replug(self, which: int | str = 1) -> None:
        """Put it back."""
        self.run("replug", str(which))

    def default(self, mic: int) -> None:
        """Make it the default microphone."""
        self.run("default", str(mic))


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model that hears and paints. Nobody writes to it."""
    from s2s_live.engines.sound2scene.tiny import write_tiny_model

    return write_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def seeing_network(tiny_folder: Path) -> Sound2SceneModel:
    """The same, and an image encoder: it can look at pictures too."""
    import torch

    from s2s_live.engines.sound2scene.model import load_model
    from s2s_live.engines.sound2scene.world_encoder import WorldEncoder
    from s2s_live.store.folder import ModelFolder

    model = load_model(ModelFolder.open(tiny_folder))
    torch.manual_seed(5)
    encoder = WorldEncoder(model.config.generator.feature_size).eval()
    return replace(model, image_encoder=encoder)


@pytest.fixture(scope="session")
def seeing_folder(seeing_network: Sound2SceneModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder. Nobody writes to it."""
    from s2s_live.engines.sound2scene.model import write_model

    folder = tmp_path_factory.mktemp("models") / "seeing"
    return write_model(folder, seeing_network, name="seeing", licence="MIT", trained={}).path


@pytest.fixture
def virtual_mic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualMic]:
    """A virtual microphone of this test's own, in `os.environ` too while the test runs."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        pytest.skip(f"the virtual sound card needs {', '.join(missing)}")
    mic = VirtualMic(tmp_path_factory.mktemp("vmic"), {})
    mic.run("start")
    try:
        for line in mic.run("env").removeprefix("export ").split():
            name, _, value = line.partition("=")
            mic.env[name] = value.strip("'")
        with pytest.MonkeyPatch.context() as patch:
            for name, value in mic.env.items():
                patch.setenv(name, value)
            yield mic
    finally:
        mic.run("stop")
