"""pyqtgraph, imported without the CUDA bindings that it looks for.

At its import pyqtgraph takes `cuda.bindings` where it finds them, for an OpenGL widget that we do not use. On
Linux they come with torch, and importing them takes as long as all the rest of pyqtgraph. Not to be imported
while another thread may be importing torch.
"""

from __future__ import annotations

import sys

_NAME = "cuda"

_hidden = _NAME not in sys.modules
if _hidden:
    sys.modules[_NAME] = None  # type: ignore[assignment]  # makes `import cuda` raise ImportError
try:
    import pyqtgraph
finally:
    if _hidden:
        del sys.modules[_NAME]

__all__ = ["pyqtgraph"]
