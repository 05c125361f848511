"""s2s-live: live sound becomes a changing, generated scene."""

import os
import sys
from typing import Any, cast

# Merely importing OpenVINO tells its makers so and keeps a file in the home folder, unless its telemetry
# package is absent; then it does without. So it looks absent before anything here can load OpenVINO.
cast("dict[str, Any]", sys.modules).setdefault("openvino_telemetry", None)
# ONNX Runtime tells its makers too, unless it is told not to before it is imported.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
