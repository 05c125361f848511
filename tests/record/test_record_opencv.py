from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import os
import s2s_live.record.colour, cv2
print(cv2.getNumThreads(), os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH"), os.environ.get("QT_QPA_FONTDIR"))
"""


def test_opencv_scales_on_one_thread_and_leaves_qt_alone():
    clean = {name: value for name, value in os.environ.items() if not name.startswith("QT_QPA")}
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        env=clean | {"PYTHONPATH": ".", "QT_QPA_FONTDIR": "/mine"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", "None", "/mine"]
