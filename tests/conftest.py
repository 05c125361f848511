"""What all tests share."""

from __future__ import annotations

import os

# Before anything imports Qt: without a display QApplication would abort the whole process.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
