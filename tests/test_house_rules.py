"""Rules of the house that no linter knows: sizes, what tracked files may name, what importing may cost."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILE_LINES = 400
FUNCTION_LINES = 40

# Exceptions, "path" or "path:function" to its present length. These lists may only shrink.
LONG_FILES: dict[str, int] = {}
LONG_FUNCTIONS: dict[str, int] = {}

HEAVY = (
    "torch", "torchvision", "torchaudio", "openvino", "onnx", "onnxruntime", "av", "sounddevice", "cv2",
    "PySide6", "pyqtgraph",
)  # fmt: skip

# Written in pieces, so that this file does not break its own rule.
HOSTS = (
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "deb" + ".debian",
    "download.pytorch" + ".org",
    "npm" + "js.org",
)
PLACES = re.compile(r"(?<![\w.-])/(?:work|farm|root|opt/(?:pypi|wheels))/|\.\./shared|bash" + "_jobs")


def tracked() -> list[Path]:
    """Every tracked file, or all of the source tree where there is no checkout or no git."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        listing = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode()
        return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]
    places = ("s2s_live", "tests", "packaging")
    found = (path for place in places for path in (ROOT / place).rglob("*"))
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]


def python_files() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py"]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def text_of(path: Path) -> str | None:
    """The file as text, or None if it is none."""
    data = path.read_bytes()
    if b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def functions(path: Path) -> list[tuple[str, int]]:
    """(path:name, lines) of every function; decorators do not count."""
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return [
        (f"{relative(path)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def compare(found: dict[str, int], allowed: dict[str, int], limit: int) -> list[str]:
    """Complaints about what is too long, and about exceptions that have become too wide."""
    new = [f"{name}: {lines} lines, at most {limit}" for name, lines in found.items() if name not in allowed]
    stale = [
        f"{name}: the exception says {lines}, now {found.get(name, 0)}; shorten or drop it"
        for name, lines in allowed.items()
        if found.get(name, 0) != lines
    ]
    return new + stale


def test_files_are_short() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    long = {name: lines for name, lines in lengths.items() if lines > FILE_LINES}
    assert compare(long, LONG_FILES, FILE_LINES) == []


def test_functions_are_short() -> None:
    lengths = [entry for path in python_files() for entry in functions(path)]
    long = {name: lines for name, lines in lengths if lines > FUNCTION_LINES}
    assert compare(long, LONG_FUNCTIONS, FUNCTION_LINES) == []


def test_no_registry_and_no_place_of_one_machine_is_named() -> None:
    complaints = []
    for path in tracked():
        text = text_of(path)
        # The place of reference implementations beside the checkout is known to CI alone.
        if text is None or relative(path).startswith(".ci/"):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if any(host in line for host in HOSTS) or PLACES.search(line):
                complaints.append(f"{relative(path)}:{number}: {line.strip()[:100]}")
    assert complaints == []


def unsafe(node: ast.AST) -> bool:
    """Whether this runs code from outside, or may run what a file holds."""
    if isinstance(node, ast.ImportFrom) and [alias.name for alias in node.names] == ["UnpicklingError"]:
        return False  # torch raises it for a file it refuses
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        return any(name.split(".")[0] in {"pickle", "dill", "shelve", "marshal"} for name in names)
    if not isinstance(node, ast.Call):
        return False
    call, given = ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}
    if call == "torch.load":
        return given.get("weights_only") != "True"
    return call in {"eval", "exec"} or given.get("allow_pickle") == "True"


def test_nothing_loaded_may_run_code() -> None:
    complaints = [
        f"{relative(path)}:{getattr(node, 'lineno', 0)}"
        for path in (ROOT / "s2s_live").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if unsafe(node)
    ]
    assert complaints == []


@pytest.mark.parametrize(
    "code",
    [
        "eval('1')",
        "import pickle",
        "torch.load(path)",
        "torch.load(path, weights_only=False)",
        "np.load(p, allow_pickle=True)",
    ],
)
def test_unsafe_code_is_seen(code: str) -> None:
    assert any(unsafe(node) for node in ast.walk(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    [
        "app.exec()",
        "model.eval()",
        "torch.load(path, weights_only=True)",
        "np.load(path)",
        "from pickle import UnpicklingError",
    ],
)
def test_safe_code_is_let_be(code: str) -> None:
    assert not any(unsafe(node) for node in ast.walk(ast.parse(code)))


@pytest.mark.parametrize("module", ["s2s_live", "s2s_live.cli"])
def test_importing_is_cheap(module: str) -> None:
    """`--help` answers at once, and a missing PortAudio breaks nothing."""
    if not (ROOT / (module.replace(".", "/") + ".py")).exists() and module != "s2s_live":
        pytest.skip(f"{module} is not there")
    code = f"import sys, {module}; print(*(name for name in {HEAVY!r} if name in sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.split() == []


def test_packages_import_nothing_heavy() -> None:
    """A room's `__init__` stays light, so that using one part of it does not load all of it."""
    complaints = []
    for path in (ROOT / "s2s_live").rglob("__init__.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            complaints += [
                f"{relative(path)} imports {name}" for name in names if name.split(".")[0] in HEAVY
            ]
    assert complaints == []
