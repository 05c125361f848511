"""Networks in fewer bits: of all ways that this processor has, the fastest whose outputs are near enough."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openvino
from openvino.preprocess import PrePostProcessor

from s2s_live.engines.network_cache import Tried
from s2s_live.engines.openvino_compiled import BF16, F32, I8, I8_BF16, SHORT, Request, compile_model, supports
from s2s_live.engines.openvino_int8 import quantize
from s2s_live.engines.runtime import Floats, Leeway
from s2s_live.engines.timing import HELD_BACK, Worthwhile, by_turns

log = logging.getLogger(__name__)

ROUNDS = 4
WORTHWHILE = Worthwhile(0.9, 1e-3)
"""What fewer bits must spare of the time: less is not worth being less near."""
ENOUGH, ENOUGH_S = 0.65, 0.012
"""Where 16 bits need less than this share of the time and so few seconds, 8 bits, which are less near, are
not even tried."""


@dataclass
class _Way:
    """One way of computing a network."""

    kind: str
    compiled: Any
    request: Request
    seconds: float = float("inf")
    nearness: float | None = None
    """By the leeway's measure; None for the exact one."""


def fastest(model: Any, exact: Any, threads: int, leeway: Leeway) -> tuple[str, Any, list[Tried]]:
    """Kind and compiled network of a model with inputs and outputs in 32 bits, and what was tried; `exact` is
    it compiled."""
    samples = leeway.samples()
    held = samples[-HELD_BACK:]
    ways = [_Way(F32, exact, Request(exact))]
    refused: list[_Way] = []
    expected = [ways[0].request.run(item).copy() for item in held]
    if leeway.levels:
        expected = [levels.astype(np.uint8) for levels in expected]
    for kind, other in _others(model, samples, threads, leeway):
        try:
            way = _compiled(other, kind, threads, leeway)
            near = [
                leeway.near(way.request.run(item), wanted)
                for item, wanted in zip(held, expected, strict=True)
            ]
        except Exception as error:  # noqa: BLE001  OpenVINO's own do not share a narrower class
            log.info("%s fails: %s", kind, error)
            continue
        way.nearness = min(near)
        if not all(one >= leeway.least for one in near):  # nor where one is no number
            log.info("%s is not near enough: %s %.4g", kind, leeway.near.__name__, way.nearness)
            refused.append(way)
            continue
        ways.append(way)
        _time(ways, held)
        if kind == BF16 and way.seconds < min(ENOUGH * ways[0].seconds, ENOUGH_S):
            break
    if len(ways) == 1:
        _time(ways, held)
    chosen = _choice(ways)
    tried = [Tried(way.kind, _ms(way), leeway.near.__name__, way.nearness) for way in [*ways, *refused]]
    if chosen is ways[0] and leeway.levels:
        chosen = _compiled(model, F32, threads, leeway)
    return chosen.kind, chosen.compiled, tried


def _ms(way: _Way) -> float | None:
    return round(1e3 * way.seconds, 2) if way.seconds < float("inf") else None


def _compiled(model: Any, kind: str, threads: int, leeway: Leeway) -> _Way:
    made = compile_model(_fitted(model, kind, leeway), kind, threads)
    return _Way(kind, made, Request(made))


def _others(
    model: Any, samples: Sequence[Sequence[Floats]], threads: int, leeway: Leeway
) -> Iterator[tuple[str, Any]]:
    if supports(BF16):
        yield BF16, model
    if leeway.whole_numbers and len(samples) > HELD_BACK:
        try:
            reduced = quantize(model, samples[:-HELD_BACK], gives_picture=leeway.picture, threads=threads)
        except Exception as reason:  # noqa: BLE001  as in `fastest`
            log.info("nothing to compute in 8 bits: %s", reason)
            return
        # Some processors that have 16 bits are slower at what is between convolutions in them than in 32.
        yield from ((kind, reduced) for kind in (I8_BF16, I8) if supports(kind))


def _fitted(model: Any, kind: str, leeway: Leeway) -> Any:
    """The model with levels as bytes; where it computes in 16 bits, with what rests given in as many."""
    if not leeway.levels and leeway.resting is None:
        return model
    steps = PrePostProcessor(model.clone())
    if leeway.levels:
        steps.output(0).tensor().set_element_type(openvino.Type.u8)
    if leeway.resting is not None and kind in SHORT:
        for index in range(leeway.resting, len(model.inputs)):
            steps.input(index).tensor().set_element_type(openvino.Type.bf16)
    return steps.build()


def _time(ways: Sequence[_Way], items: Sequence[Sequence[Floats]]) -> None:
    """Note the shortest run of each, all in the same rounds. RuntimeError where the exact one, which comes
    first, fails."""
    took = by_turns({way.kind: way.request.run for way in ways}, items, ROUNDS)
    if took[ways[0].kind] == float("inf"):
        raise RuntimeError("its runs fail")
    for way in ways:
        way.seconds = took[way.kind]


def _choice(ways: Sequence[_Way]) -> _Way:
    """The fastest; where it is not much faster than the exact one, which comes first, that."""
    log.info("a run takes %s", ", ".join(f"{1e3 * way.seconds:.1f} ms ({way.kind})" for way in ways))
    exact, *others = ways
    found = min(others, key=lambda way: way.seconds, default=exact)
    return found if WORTHWHILE.holds(found.seconds, exact.seconds) else exact
