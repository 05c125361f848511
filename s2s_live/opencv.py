"""OpenCV as a quiet guest: `from s2s_live.opencv import cv2`.

It works on the thread that asks, leaving the other cores to the networks. And its wheel for Linux points
Qt at plug-ins of its own, of another Qt than ours: what the environment said before is put back.
"""

from __future__ import annotations

import os

_QT = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")
_before = {name: os.environ.get(name) for name in _QT}

import cv2 as cv2  # noqa: E402 - after the look at the environment

for _name, _value in _before.items():
    if _value is None:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value

cv2.setNumThreads(1)
