"""Networks in fewer bits: of all ways that this processor has, the fastest whose outputs are near enough."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import openvino
from openvino.preprocess import PrePostProcessor

from s2s_live.engines.openvino_compiled import BF16, F32, I8, I8_BF16, Request, compile_model, supports
from s2s_live.engines.openvino_int8 import quantize
from s2s_live.engines.runtime import Floats, Leeway

log = logging.getLogger(__name__)

HELD_BACK = 4
"""Samples that are not calibrated with but compared and timed on."""
ROUNDS = 4
WORTHWHILE = 0.9
"""In fewer bits, a network must need less than this share of the time."""
ALIKE = 1.05
"""Ways whose times differ by less are as fast as each other."""


@dataclass
class _Way:
    """One way of computing a network."""

    kind: str
    compiled: Any
    nearness: float
    request: Request
    seconds: float = float("inf")


def fastest(model: Any, threads: int, leeway: Leeway) -> tuple[str, Any]:
    """Kind and compiled network. `model` has inputs and outputs in 32 bits."""
    samples = leeway.samples()
    held = samples[-HELD_BACK:]
    exact = _compiled(model, F32, threads, leeway)
    expected = [exact.request.run(item).copy() for item in held]
    ways = [exact]
    for kind, other in _others(model, samples, leeway):
        way = _compiled(other, kind, threads, leeway)
        pairs = zip(held, expected, strict=True)
        way.nearness = min(leeway.near(way.request.run(item), wanted) for item, wanted in pairs)
        if way.nearness >= leeway.least:
            ways.append(way)
        else:
            log.info("%s is not near enough: %s %.4g", kind, leeway.near.__name__, way.nearness)
    _time(ways, held)
    chosen = _choice(ways)
    return chosen.kind, chosen.compiled


def _compiled(model: Any, kind: str, threads: int, leeway: Leeway) -> _Way:
    made = compile_model(_fitted(model, kind, leeway), kind, threads)
    return _Way(kind, made, float("inf"), Request(made))


def _others(model: Any, samples: Sequence[Sequence[Floats]], leeway: Leeway) -> Iterator[tuple[str, Any]]:
    if supports(BF16):
        yield BF16, model
    if not leeway.whole_numbers:
        return
    try:
        small = quantize(model, samples[:-HELD_BACK])
    except RuntimeError as reason:
        log.info("nothing to compute in 8 bits: %s", reason)
        return
    yield I8, small
    if supports(I8_BF16):
        yield I8_BF16, small


def _fitted(model: Any, kind: str, leeway: Leeway) -> Any:
    """The model with levels as bytes; where it computes in 16 bits, with what rests given in as many."""
    if not leeway.levels and leeway.resting is None:
        return model
    steps = PrePostProcessor(model.clone())
    if leeway.levels:
        steps.output(0).tensor().set_element_type(openvino.Type.u8)
    if leeway.resting is not None and kind in {BF16, I8_BF16}:
        for index in range(leeway.resting, len(model.inputs)):
            steps.input(index).tensor().set_element_type(openvino.Type.bf16)
    return steps.build()


def _time(ways: Sequence[_Way], items: Sequence[Sequence[Floats]]) -> None:
    """Take the shortest of some runs of each, by turns: what they need undisturbed."""
    for item in [*items] * ROUNDS:
        for way in ways:
            begun = time.perf_counter()
            way.request.run(item)
            way.seconds = min(way.seconds, time.perf_counter() - begun)


def _choice(ways: Sequence[_Way]) -> _Way:
    """The fastest, or of those that hardly differ from it the nearest; where none is much faster than the
    exact one, which comes first, that."""
    log.info("a run takes %s", ", ".join(f"{1e3 * way.seconds:.1f} ms ({way.kind})" for way in ways))
    exact, *others = ways
    least = min((way.seconds for way in others), default=float("inf"))
    if not others or least > WORTHWHILE * exact.seconds:
        return exact
    return max((way for way in others if way.seconds <= ALIKE * least), key=lambda way: way.nearness)
