"""A network recorded on a CUDA device and replayed: a frame is one call, whatever the network's layers."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from s2s_live.engines.runtime import Floats, Leeway

log = logging.getLogger(__name__)

WARM_UPS = 3
"""Runs before the recording: the first ones look for algorithms and make room."""
_ONE_AT_A_TIME = threading.Lock()
"""PyTorch records one graph at a time, and what begins a recording may not happen during another."""


class Recording:
    """A copy of a network in some precision, its inputs and its output in places that stay.

    It has a stream of its own: hearing and painting each wait for their own work alone. On other devices than
    CUDA, which have no graphs, the network is run as it is; so it is where recording fails.
    """

    def __init__(
        self,
        network: nn.Module,
        example: Sequence[Floats],
        device: torch.device,
        dtype: torch.dtype,
        leeway: Leeway | None = None,
    ) -> None:
        """`leeway` tells which inputs rest, and whether the output is wanted as bytes."""
        on_cuda = device.type == "cuda"
        made = copy.deepcopy(network).to(device, dtype)
        self._network = made.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._dtype = dtype
        self._levels = leeway is not None and leeway.levels
        resting = len(example) if leeway is None or leeway.resting is None else leeway.resting
        self._inputs = [_Input(item, device, rests=k >= resting) for k, item in enumerate(example)]
        self._stream = _stream(device) if on_cuda else None
        self._graph: Any = None
        if self._stream is not None:
            # On which the network is sent over.
            self._stream.wait_stream(torch.cuda.current_stream(device))
        with torch.inference_mode(), torch.cuda.stream(self._stream):
            for place, item in zip(self._inputs, example, strict=True):
                place.put(item)
            for _ in range(WARM_UPS if on_cuda else 1):
                self._output = self._compute()
        if on_cuda:
            self._record(device)
        self._host = torch.empty(self._output.shape, dtype=self._output.dtype, pin_memory=on_cuda)

    def run(self, inputs: Sequence[Floats]) -> NDArray[Any]:
        """The output, valid until the next call."""
        with torch.inference_mode(), torch.cuda.stream(self._stream):
            for place, item in zip(self._inputs, inputs, strict=True):
                place.put(item)
            if self._graph is None:
                self._output = self._compute()
            else:
                self._graph.replay()
            self._host.copy_(self._output, non_blocking=True)
        if self._stream is not None:
            self._stream.synchronize()
        return self._host.numpy()

    def _compute(self) -> Tensor:
        found: Tensor = self._network(*(place.there.to(self._dtype) for place in self._inputs))
        return found.to(torch.uint8) if self._levels else found.float()

    def _record(self, device: torch.device) -> None:
        graph = torch.cuda.CUDAGraph()
        before = torch.cuda.current_stream(device)
        try:
            # Other threads may be running networks meanwhile: what they call does not concern the recording.
            recording = torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local")
            with _ONE_AT_A_TIME, torch.inference_mode(), recording:
                self._output = self._compute()
        except RuntimeError as error:
            log.warning("the network cannot be recorded, and runs layer by layer (%s)", error)
            torch.cuda.set_stream(before)  # a recording that fails leaves its own
            self._stream = _stream(device)
            with torch.inference_mode(), torch.cuda.stream(self._stream):
                self._output = self._compute()
            return
        self._graph = graph


def _stream(device: torch.device) -> torch.cuda.Stream:
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


class _Input:
    """Where an input lies on the device, and the page-locked memory on its way there."""

    def __init__(self, item: Floats, device: torch.device, *, rests: bool) -> None:
        self._rests = rests
        self._held: Floats | None = None
        self.there = torch.empty(item.shape, dtype=torch.float32, device=device)
        self._page = torch.empty(item.shape, dtype=torch.float32, pin_memory=device.type == "cuda")
        self._view: Floats = self._page.numpy()

    def put(self, item: Floats) -> None:
        """Send it over on the current stream, unless it is one that rests and is there."""
        if self._rests and item is self._held:
            return
        if item.shape != self._view.shape:
            raise ValueError(f"an input of {self._view.shape} is wanted, not one of {item.shape}")
        np.copyto(self._view, item)
        self.there.copy_(self._page, non_blocking=True)
        self._held = item if self._rests else None
