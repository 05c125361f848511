"""Link this checkout into the environment that runs this: the package, and the command `s2s-live`.

An editable install would do the same but for one thing: the build copies the models and resources, which must
be found in the checkout itself while it is worked on. setup.sh and setup.ps1 run this with the environment's
Python.
"""

from __future__ import annotations

import os
import shlex
import sys
import sysconfig
from pathlib import Path

START = "import sys; sys.argv[0] = 's2s-live'; from s2s_live.cli import main; sys.exit(main())"


def link(checkout: Path, packages: Path, scripts: Path, python: Path) -> Path:
    """Write the path file into `packages` and the command into `scripts`; returns the command's path."""
    (packages / "s2s_live_checkout.pth").write_text(f"{checkout}\n", encoding="utf-8")
    # -P: a folder named s2s_live where the user happens to stand is not imported.
    if os.name == "nt":
        command = scripts / "s2s-live.cmd"
        command.write_text(f'@"{python}" -P -c "{START}" %*\r\n', encoding="utf-8")
    else:
        command = scripts / "s2s-live"
        line = shlex.join([str(python), "-P", "-c", START])
        command.write_text(f'#!/bin/sh\nexec {line} "$@"\n', encoding="utf-8")
        command.chmod(0o755)
    return command


if __name__ == "__main__":
    link(
        Path(__file__).resolve().parents[1],
        Path(sysconfig.get_path("purelib")),
        Path(sysconfig.get_path("scripts")),
        Path(sys.executable),
    )
