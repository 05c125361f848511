"""Networks in OpenVINO: converted once, kept in the user's cache, checked against PyTorch.

In 32 bits, or in fewer where the caller gives leeway for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from s2s_live.engines.openvino_cache import cache_path, keep, load
from s2s_live.engines.openvino_compiled import KINDS, Request, options
from s2s_live.engines.runtime import Floats, Leeway
from s2s_live.engines.torch_loading import load_torch

if TYPE_CHECKING:
    from torch import nn


class OpenVinoRuntime:
    """A network compiled for the CPU, with an inference request of its own."""

    def __init__(
        self,
        network: Callable[[], nn.Module],
        example: Callable[[], Sequence[Floats]],
        *,
        threads: int = 1,
        cache: Path | None = None,
        leeway: Leeway | None = None,
    ) -> None:
        """As `open_runtime`; raises RuntimeError and others where OpenVINO fails or errs."""
        found = _cached(cache, threads) if cache is not None else None
        if found is None:
            # PyTorch comes with it, seconds that a start with a network that is kept does without.
            load_torch()
            from s2s_live.engines.openvino_convert import make

            name, compiled, tried = make(network(), example(), threads, leeway)
            found = name, compiled
            if cache is not None:
                keep(compiled, cache_path(cache, name), tried)
        self.name, compiled = found
        self._request = Request(compiled)

    def run(self, *inputs: Floats) -> NDArray[Any]:
        """See `Runtime`."""
        return self._request.run(inputs)


def _cached(cache: Path, threads: int) -> tuple[str, Any] | None:
    for name in KINDS:
        compiled = load(cache_path(cache, name), options(name, threads))
        if compiled is not None:
            return name, compiled
    return None
