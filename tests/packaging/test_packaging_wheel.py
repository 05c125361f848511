"""A wheel, built and installed elsewhere, brings its models and resources and hears a file with them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


def run(*command: str, cwd: Path, **env: str) -> str:
    """Standard output of a program that must end well."""
    result = subprocess.run(
        command, cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, timeout=240, check=False
    )
    assert result.returncode == 0, f"{command}\n{result.stdout[-2000:]}\n{result.stderr[-4000:]}"
    return result.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder the wheel was unpacked into: built without a network, from this checkout."""
    dist = tmp_path_factory.mktemp("dist")
    target = tmp_path_factory.mktemp("elsewhere") / "site"
    python = sys.executable
    run(python, "-m", "build", "--no-isolation", "--wheel", "--outdir", str(dist), str(ROOT), cwd=dist)
    (wheel,) = dist.glob("s2s_live-*.whl")
    options = ("--no-deps", "--no-index", "--quiet", "--target", str(target))
    run(python, "-m", "pip", "install", *options, str(wheel), cwd=dist)
    return target


def python(installed: Path, code: str) -> str:
    """Run code against the installed package from a folder that has nothing to do with it."""
    return run(sys.executable, "-c", code, cwd=installed.parent, PYTHONPATH=str(installed)).strip()


def test_the_installed_package_is_the_one_in_use(installed: Path) -> None:
    assert Path(python(installed, "import s2s_live; print(s2s_live.__file__)")).is_relative_to(installed)


def test_bundled_files_are_found(installed: Path) -> None:
    for kind in ("models", "resources"):
        folder = Path(python(installed, f"from s2s_live.store import bundled; print(bundled({kind!r}))"))
        assert folder.is_relative_to(installed)
        here = {path.relative_to(ROOT / kind) for path in (ROOT / kind).rglob("*") if path.is_file()}
        there = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
        assert there == here


def test_the_bundled_model_is_whole(installed: Path) -> None:
    code = "from s2s_live.cli import main; raise SystemExit(main(['models', 'verify', '--json']))"
    rows = json.loads(python(installed, code))
    assert rows
    assert all(row["ok"] for row in rows)


def test_a_file_is_heard(installed: Path) -> None:
    sound = installed.parent / "noise.wav"
    noise = np.random.default_rng(1).normal(0.0, 0.1, 48000 * 3).astype(np.float32)
    soundfile.write(sound, noise, 48000)
    code = (
        "import sys; from s2s_live.cli import main; raise SystemExit(main(['hear', 'noise.wav', '--json']))"
    )
    heard = json.loads(python(installed, code))
    assert heard["model"]
    (file,) = heard["files"]
    assert file["family"]
    assert 0.0 <= file["confidence"] <= 1.0
    assert file["windows"]
