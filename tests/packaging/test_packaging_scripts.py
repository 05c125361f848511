"""The set-up scripts: they parse, find what is missing, and do nothing the second time."""

from __future__ import annotations

import os
import runpy
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="no bash on this system")
needs_dpkg = pytest.mark.skipif(
    shutil.which("dpkg-query") is None, reason="no Debian packages on this system"
)


def bash(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run bash code with the set-up functions at hand."""
    return subprocess.run(
        ["bash", "-c", f'. "{PACKAGING}/setup.sh"\n{code}'],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_bash
@pytest.mark.parametrize("name", ["packaging/setup.sh", "packaging/run.sh", "packaging/test.sh", ".ci/run"])
def test_script_parses(name: str) -> None:
    result = subprocess.run(["bash", "-n", str(ROOT / name)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@needs_bash
@needs_dpkg
def test_missing_packages_are_named() -> None:
    result = bash("missing_deb dpkg no-such-package bash no-such-either")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == ["no-such-package", "no-such-either"]


@needs_bash
@needs_dpkg
def test_renamed_packages_count_as_installed(tmp_path: Path) -> None:
    """Ubuntu 24.04 calls some libraries ...t64."""
    fake = tmp_path / "dpkg-query"
    fake.write_text("#!/bin/sh\nprintf 'installed libglib2.0-0t64\\ninstalled libgl1\\n'\n")
    fake.chmod(0o755)
    result = bash("missing_deb libglib2.0-0 libgl1 libegl1", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert result.stdout.split() == ["libegl1"]


@needs_bash
@needs_dpkg
def test_without_root_the_command_to_type_is_printed() -> None:
    result = bash("as_root() { return 1; }\ninstall_deb no-such-package\necho went on")
    assert "apt-get update && apt-get install --no-install-recommends no-such-package" in result.stderr
    assert result.stdout.strip() == "went on"


@needs_bash
def test_settings_of_pip_reach_uv() -> None:
    code = r"""
PY() { :; }
PIP_CONFIG="global.extra-index-url='\nfile:///a/simple\nfile:///b/simple'
:env:.find-links='/wheels'
global.index-url='https://mirror.example/simple'"
echo "$(pip_setting index-url)|$(pip_setting extra-index-url)|$(pip_setting find-links)|$(pip_setting proxy)"
"""
    result = bash(code)
    assert result.stdout.strip() == "https://mirror.example/simple|file:///a/simple file:///b/simple|/wheels|"


@needs_bash
def test_what_uv_was_told_itself_is_kept() -> None:
    result = bash(
        "forward UV_FIND_LINKS /from-pip; forward UV_INDEX ''; echo \"$UV_FIND_LINKS|${UV_INDEX:-}\"",
        UV_FIND_LINKS="/from-user",
        UV_INDEX="",
    )
    assert result.stdout.strip() == "/from-user|"


@needs_bash
def test_the_second_time_does_nothing(tmp_path: Path) -> None:
    """With the stamp in place neither pip nor uv is called; the tests' packages hold the app's. Whoever wants
    to run the app, not its tests, has the machine measured."""
    code = f"""
ROOT={tmp_path}; PY={tmp_path}/.venv/bin/python; mkdir -p {tmp_path}/.venv/bin
cp -r packaging {tmp_path}/; cd {tmp_path}; printf '#!/bin/sh\n' >"$PY"; chmod +x "$PY"
printf '#!/bin/sh\necho "$@" >>{tmp_path}/asked\n' >.venv/bin/s2s-live; chmod +x .venv/bin/s2s-live
make_environment() {{ echo made; }}; install_packages() {{ echo "${{1##*/}}"; }}
for kind in run run test test run; do set_up_python $kind; echo $kind; done
echo more >>packaging/requirements.txt
for kind in run test; do set_up_python $kind; echo $kind; done
"""
    result = bash(code)
    assert result.returncode == 0, result.stderr
    app, tests = "requirements.txt", "test-requirements.txt"
    assert result.stdout.split() == [
        *(app, "run", "run", tests, "test", "test", "run"),
        *(app, "run", tests, "test"),
    ]
    assert (tmp_path / "asked").read_text().splitlines() == ["tune", "tune"]


@needs_bash
def test_where_measuring_fails_set_up_goes_on(tmp_path: Path) -> None:
    result = bash(f"ROOT={tmp_path}; find_fastest; echo went on")
    assert result.stdout.strip() == "went on"
    assert "the first start will try again" in result.stderr


@pytest.mark.skipif(os.name == "nt", reason="writes a shell script")
def test_linked_command_starts_from_anywhere(tmp_path: Path) -> None:
    """The path file and the command lead to the checkout, whatever the folder the user stands in holds."""
    packages, scripts, elsewhere = tmp_path / "site", tmp_path / "a bin", tmp_path / "s2s_live"
    for folder in (packages, scripts, elsewhere):
        folder.mkdir()
    checkout = tmp_path / "checkout"
    (checkout / "s2s_live").mkdir(parents=True)
    (checkout / "s2s_live" / "__init__.py").write_text("")
    (checkout / "s2s_live" / "cli.py").write_text(
        "import sys\ndef main():\n    print(*sys.argv)\n    return 3\n"
    )
    link = runpy.run_path(str(PACKAGING / "link.py"))["link"]
    command = link(checkout, packages, scripts, Path(sys.executable))
    assert command.stat().st_mode & stat.S_IXUSR
    assert (packages / "s2s_live_checkout.pth").read_text().strip() == str(checkout)
    result = subprocess.run(
        [str(command), "one", "two words"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 3, result.stderr
    assert result.stdout.strip() == "s2s-live one two words"


def test_lock_has_hashes_and_no_addresses() -> None:
    for name in ("requirements.txt", "test-requirements.txt", "uv.txt"):
        text = (PACKAGING / name).read_text(encoding="utf-8")
        pins = [line for line in text.splitlines() if line and line[0] not in " #"]
        assert pins
        assert all("==" in pin and pin.endswith("\\") for pin in pins), f"{name}: a package without hashes"
        assert "://" not in text


def test_tests_run_with_the_packages_of_the_app() -> None:
    """Whatever version the app is given is the one that was tested."""
    app, tests = (
        {line.split(" \\")[0] for line in (PACKAGING / name).read_text().splitlines() if "==" in line}
        for name in ("requirements.txt", "test-requirements.txt")
    )
    assert app < tests
