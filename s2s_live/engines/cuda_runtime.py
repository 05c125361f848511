"""Networks on a CUDA device: in 16 bits where their outputs stay near enough, else in 32."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from s2s_live.engines.cuda_recording import Recording
from s2s_live.engines.runtime import TOLERANCE, Floats, Leeway, differs
from s2s_live.engines.timing import HELD_BACK, Worthwhile, by_turns

log = logging.getLogger(__name__)

F32, F16 = "f32", "f16"
ROUNDS = 5
WORTHWHILE = Worthwhile(0.9)
"""What 16 bits must spare of the time."""


class CudaRuntime:
    """See `Runtime`. `name` is `cuda-f16` or `cuda-f32`."""

    def __init__(
        self,
        network: nn.Module,
        example: Sequence[Floats],
        device: str = "cuda",
        *,
        threads: int = 1,
        leeway: Leeway | None = None,
    ) -> None:
        """Raises RuntimeError where the device errs or lacks memory."""
        self.threads_alone = threads
        torch.set_num_threads(threads)  # all cores are its default: a show may be going on
        _set_up()
        place = torch.device(device)
        with torch.inference_mode():
            expected = network(*(torch.from_numpy(item) for item in example)).numpy()
        plain = Recording(network, example, place, torch.float32)
        error = differs(plain.run(example), expected)
        if not error <= TOLERANCE:  # nor where it is no number
            raise RuntimeError(f"its output differs by {error:.2g}")
        bits, self._recording = F32, plain
        if leeway is not None:
            bits, self._recording = _faster(network, example, place, leeway)
        self.name = f"{place.type}-{bits}"

    def run(self, *inputs: Floats, alone: bool = False) -> NDArray[Any]:  # noqa: ARG002  (of the protocol)
        """See `Runtime`."""
        return self._recording.run(inputs)


def _set_up() -> None:
    """For the whole process, whose threads share it: the best algorithm for each shape, and 32 bits that are
    32 bits (TF32 has ten of precision)."""
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False


def _faster(
    network: nn.Module, example: Sequence[Floats], device: torch.device, leeway: Leeway
) -> tuple[str, Recording]:
    """The network in 16 bits where it is near enough to 32 and faster, in 32 elsewhere."""
    held = leeway.samples()[-HELD_BACK:]
    exact = Recording(network, example, device, torch.float32, leeway)
    expected = [exact.run(item).copy() for item in held]
    try:
        short = Recording(network, example, device, torch.float16, leeway)
        near = [leeway.near(short.run(item), one) for item, one in zip(held, expected, strict=True)]
    except RuntimeError as error:
        log.info("16 bits fail: %s", error)
        return F32, exact
    if not all(one >= leeway.least for one in near):  # nor where one is no number
        log.info("16 bits are not near enough: %s %.4g", leeway.near.__name__, min(near))
        return F32, exact
    took = by_turns({F32: exact.run, F16: short.run}, held, ROUNDS)
    if took[F32] == float("inf"):
        raise RuntimeError("its runs fail")
    log.info("a run takes %.2f ms in 32 bits, %.2f ms in 16", 1e3 * took[F32], 1e3 * took[F16])
    return (F16, short) if WORTHWHILE.holds(took[F16], took[F32]) else (F32, exact)
