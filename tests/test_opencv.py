from __future__ import annotations

import os
import subprocess
import sys

import pytest

TWEEN = "import s2s_live.live.tween"
LOG_PSD = """
from s2s_live.features.log_psd import LogPsd, LogPsdConfig
LogPsd(LogPsdConfig(8)).listen({})
"""
DOUBLED = """
import numpy as np
from s2s_live.ui.upscale import doubled
doubled(np.zeros((8, 8, 3), np.uint8))
"""
SAY = """
import os, cv2
print(cv2.getNumThreads(), os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH"), os.environ.get("QT_QPA_FONTDIR"))
"""


@pytest.mark.parametrize(
    "use",
    ["import s2s_live.record.colour", TWEEN, LOG_PSD, DOUBLED, "import s2s_live.evaluation.world.motion"],
    ids=["recording", "between key frames", "features", "enlarging", "measuring"],
)
def test_opencv_works_on_one_thread_and_leaves_qt_alone(use):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("QT_QPA")}
    done = subprocess.run(
        [sys.executable, "-c", use + SAY],
        env=clean | {"PYTHONPATH": ".", "QT_QPA_FONTDIR": "/mine"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["1", "None", "/mine"]
