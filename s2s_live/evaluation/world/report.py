"""All figures of how a model of the world paints, as one JSON-ready table, and that table for reading."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import soxr
import torch
from torch import Tensor

from s2s_live.engines.base import Engine
from s2s_live.engines.sound2scene.upscaler import Upscaler
from s2s_live.evaluation.world.frechet import frechet_ratio
from s2s_live.evaluation.world.material import World
from s2s_live.evaluation.world.motion import temporal
from s2s_live.evaluation.world.pictures import detail, variation
from s2s_live.evaluation.world.retrieval import Query, follows_loudness, make_gallery, retrieval
from s2s_live.evaluation.world.upscaling import upscaling
from s2s_live.world.sounds import SAMPLE_RATE
from s2s_live.world.sounds_dsp import Floats

log = logging.getLogger(__name__)

TARGETS: Mapping[str, str] = {
    "real_window_top1": "0.75 or more",
    "real_clip_top1": "0.85 or more",
    "ece": "0.10 or less",
    "retrieval_r1": "0.80 or more",
    "retrieval_r5": "0.95 or more",
    "intensity_spearman.least": "0.8 or more",
    "z_effect": "0.5 or more",
    "diversity": "0.7 or more",
    "detail_ratio.least": "0.6 or more",
    "detail_ratio.greatest": "1.5 or less",
    "upscaler_psnr_gain": "1.5 dB or more",
    "upscaler.detail_ratio.least": "0.6 or more",
    "fid_ratio": "reported only",
    "temporal.mean_change": "0.5 to 6",
    "temporal.worst_over_mean": "4 or less",
    "temporal.luminance_change_percent": "1 or less",
    "temporal.warped_over_unwarped": "0.7 or less",
    "paint_ms.p95": "15 or less",
}
"""What the bundled model is meant to reach."""


@dataclass(frozen=True)
class Effort:
    """How many samples the figures are taken over."""

    variations: int = 8
    """Pictures of each family that differ in z alone."""
    details: int = 8
    """Scenes of each family whose fine energy is taken."""
    gallery: int = 50
    """Renders of each family."""
    queries: int = 12
    """Sounds of each family to find in the gallery, or so."""
    loudness: int = 30
    """Sounds of each family from soft to loud."""
    frechet: int = 5000
    """Pictures of each kind for the Frechet distance."""
    settle_s: float = 2.0
    """Length of a show before its frames count."""
    show_s: float = 4.0


QUICK = Effort(
    variations=2, details=1, gallery=3, queries=2, loudness=3, frechet=24, settle_s=1.5, show_s=0.2
)
"""Says whether everything runs, little about the model."""


def evaluate(
    world: World, engine: Engine, upscaler: Upscaler | None, queries: Sequence[Query] | None, effort: Effort
) -> dict[str, Any]:
    """Every figure but those of the ears.

    Args:
        world: the model's generator beside the renderer.
        engine: the same model, opened as the app does, on one thread.
        upscaler: the model's, if it has one.
        queries: sounds that were never trained on; None where there are none, and no `retrieval`.
        effort: how many samples.
    """
    log.info("retrieval among %d renders", effort.gallery * len(world.families))
    gallery = make_gallery(world, effort.gallery)
    figures = _found(retrieval(world, gallery, queries) if queries else None)
    log.info("intensities")
    orders = follows_loudness(world, gallery, lambda sound: hear(engine, sound), effort.loudness)
    figures["intensity_spearman"] = {"least": min(orders.values(), default=None), **orders}
    log.info("what z does, and detail")
    figures["z_effect"], figures["diversity"] = variation(world, effort.variations)
    details = detail(world, effort.details)
    ends = {"least": min(details.values()), "greatest": max(details.values())}
    figures["detail_ratio"] = {**ends, "families": details}
    figures |= _upscaling(world, upscaler, effort.details)
    log.info("motion")
    figures["temporal"], figures["paint_ms"] = temporal(
        engine, world.families, effort.settle_s, effort.show_s
    )
    log.info("Frechet distance of %d pictures", effort.frechet)
    figures["fid_ratio"] = frechet_ratio(world, effort.frechet)
    figures["fid_pictures"] = effort.frechet
    return {key: rounded(value) for key, value in figures.items()}


def _upscaling(world: World, upscaler: Upscaler | None, count: int) -> dict[str, Any]:
    if upscaler is None:
        return {"upscaler_psnr_gain": None, "upscaler": None}
    log.info("pictures of twice the lines")
    found = upscaling(world, upscaler, count)
    return {"upscaler_psnr_gain": found.pop("psnr_gain"), "upscaler": found}


def _found(rows: Mapping[str, Mapping[str, float | bool]] | None) -> dict[str, Any]:
    """Shares over all queries, and by family."""
    if rows is None:
        return {"retrieval_r1": None, "retrieval_r5": None, "retrieval_families": None}
    total = sum(row["queries"] for row in rows.values())
    shares = {
        f"retrieval_{name}": sum(row[name] * row["queries"] for row in rows.values()) / total
        for name in ("r1", "r5")
    }
    return {**shares, "retrieval_families": dict(rows)}


def hear(engine: Engine, sound: Floats) -> Tensor:
    """The embedding of a sound at 16 kHz as an engine hears it at its end, `[D]`."""
    front_end = engine.front_end()
    rate = front_end.sample_rate
    front_end.push(sound if rate == SAMPLE_RATE else soxr.resample(sound, SAMPLE_RATE, rate))
    window = front_end.listen({})
    return torch.from_numpy((engine.silence() if window is None else engine.hear(window)).latent)


def rounded(value: Any) -> Any:
    """Numbers, in tables too, to four decimals."""
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures for reading: each with its target; then what there is of every fold and family."""
    yield f"{'figure':<36}{'found':>10}   target"
    for key, target in TARGETS.items():
        yield f"{key:<36}{_text(_at(figures, key)):>10}   {target}"
    yield from _folds(figures["folds"])
    yield from _families(figures)
    for note in figures["notes"]:
        yield f"Note: {note}"


def _at(figures: Mapping[str, Any], key: str) -> Any:
    """The figure under a dotted key; None where a table on the way is none."""
    found: Any = figures
    for name in key.split("."):
        found = None if found is None else found[name]
    return found


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _folds(folds: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not folds:
        return
    yield ""
    yield f"{'fold':<10}{'windows':>10}{'clips':>8}{'window top-1':>14}{'clip top-1':>12}{'ece':>8}"
    for row in folds:
        counts = f"{row['fold']:<10}{row['windows']:>10}{row['clips']:>8}"
        shares = f"{row['real_window_top1']:>14.3f}{row['real_clip_top1']:>12.3f}{row['ece']:>8.3f}"
        yield counts + shares


def _families(figures: Mapping[str, Any]) -> Iterator[str]:
    found = figures["retrieval_families"] or {}
    yield ""
    heads = f"{'r1':>7}{'r5':>7}{'detail':>8}{'change':>8}{'worst':>7}{'lum %':>7}{'warped':>8}"
    yield f"{'family':<16}{heads}  sound"
    for family, moving in figures["temporal"]["families"].items():
        query = found.get(family, {})
        shares = f"{_text(query.get('r1')):>7}{_text(query.get('r5')):>7}"
        detail_ = f"{_text(figures['detail_ratio']['families'][family]):>8}"
        change = f"{moving['mean_change']:>8.2f}{moving['worst_over_mean']:>7.2f}"
        light = f"{moving['luminance_change_percent']:>7.2f}{moving['warped_over_unwarped']:>8.2f}"
        sound = "steady" if moving["steady"] else "has beats"
        exempt = "" if moving["flow_counts"] else ", flow not counted"
        yield f"{family:<16}{shares}{detail_}{change}{light}  {sound}{exempt}"
