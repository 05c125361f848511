"""Networks in OpenVINO: converted once, kept in the user's cache, checked against PyTorch.

In 32 bits, or in fewer where the caller gives leeway for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from s2s_live.engines.network_cache import Tried
from s2s_live.engines.openvino_cache import cache_path, keep, load
from s2s_live.engines.openvino_compiled import KINDS, Request, on_threads, options
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
        alone: int = 0,
        cache: Path | None = None,
        leeway: Leeway | None = None,
    ) -> None:
        """As `open_runtime`; raises RuntimeError and others where OpenVINO fails or errs."""
        self.tried: list[Tried] = []
        """What was measured; nothing where the network was kept or there is no leeway."""
        found = _cached(cache, threads, alone) if cache is not None else None
        if found is None:
            # PyTorch comes with it, seconds that a start with a network that is kept does without.
            load_torch()
            from s2s_live.engines.openvino_convert import make

            name, compiled, self.tried = make(network(), example(), threads, leeway)
            if cache is not None:
                keep(compiled, cache_path(cache, name), self.tried)
            found = name, compiled, on_threads(compiled, name, alone) if alone > threads else None
        self.name, beside, more = found
        self._beside = self._alone = Request(beside)
        self.threads_alone = threads
        if more is not None:
            self._alone, self.threads_alone = Request(more), alone

    def place(self, cache: Path) -> Path:
        """Where it is kept."""
        return cache_path(cache, self.name)

    def run(self, *inputs: Floats, alone: bool = False) -> NDArray[Any]:
        """See `Runtime`."""
        return (self._alone if alone else self._beside).run(inputs)


def _cached(cache: Path, threads: int, alone: int) -> tuple[str, Any, Any] | None:
    """Name and network on `threads`, and on `alone` threads where that are more and it can be had."""
    for name in KINDS:
        path = cache_path(cache, name)
        compiled = load(path, options(name, threads))
        if compiled is not None:
            return name, compiled, load(path, options(name, alone)) if alone > threads else None
    return None
