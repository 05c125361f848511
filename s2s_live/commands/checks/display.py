"""Can a window open, and on which screens?"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from s2s_live.commands.checks.child import ask
from s2s_live.commands.checks.finding import Finding, fail, ok, warn

NO_DISPLAY = "Start it from a desktop session. `run --headless`, `render` and `hear` need no screen."
LIBRARIES = (
    "Run packaging/run.sh again, or install them by hand (Debian and Ubuntu: libxcb-cursor0 libxcb-icccm4 "
    "libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxkbcommon-x11-0 libegl1 libgl1)."
)


def check_display() -> list[Finding]:
    """The session, the screens as Qt sees them, and what Qt lacks where it cannot start."""
    findings = []
    if sys.platform.startswith("linux"):
        findings.append(_session())
        missing = missing_libraries()
        if missing:
            findings.append(warn("display", "X11 plugin", f"lacks {', '.join(missing)}", LIBRARIES))
        if findings[0].state != "ok":
            return findings  # Qt would end the process that asks
    findings.append(_screens())
    return findings


def _session() -> Finding:
    """What the desktop session says of itself."""
    kind = os.environ.get("XDG_SESSION_TYPE", "unknown")
    named = [f"{key}={os.environ[key]}" for key in ("DISPLAY", "WAYLAND_DISPLAY") if os.environ.get(key)]
    forced = os.environ.get("QT_QPA_PLATFORM", "")
    text = ", ".join([f"session type {kind}", *named, *([f"QT_QPA_PLATFORM={forced}"] if forced else [])])
    if named or forced:
        return ok("display", "session", text)
    return warn("display", "session", f"{text}: no display", NO_DISPLAY)


def _screens() -> Finding:
    """Start Qt in a child process and list its screens."""
    answers, death = ask("screens", patience_s=30.0)
    if not answers:
        return fail("display", "screens", f"Qt does not start ({death})", LIBRARIES)
    facts = answers[-1]
    screens = [
        f"{one['name'] or 'screen'} {one['width']}x{one['height']} {one['hz']:.0f} Hz, scale {one['scale']:g}"
        for one in facts["screens"]
    ]
    text = f"{facts['platform']}: {'; '.join(screens) or 'no screen'}"
    if facts["platform"] in {"offscreen", "minimal"}:
        return warn("display", "screens", text, "Unset QT_QPA_PLATFORM to see the window.")
    return ok("display", "screens", text)


def missing_libraries() -> list[str]:
    """Shared libraries that Qt's X11 plugin needs and the system does not have. Linux only.

    Qt itself blames xcb-cursor0 whichever of them is missing.
    """
    spec = importlib.util.find_spec("PySide6")
    ldd = shutil.which("ldd")
    if ldd is None or spec is None or not spec.submodule_search_locations:
        return []
    plugin = Path(spec.submodule_search_locations[0]) / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    if not plugin.exists():
        return []
    listing = subprocess.run([ldd, str(plugin)], capture_output=True, text=True, check=False).stdout
    return sorted({line.split()[0] for line in listing.splitlines() if "not found" in line})
