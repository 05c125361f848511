"""Every figure of a model on clips, as one JSON-ready table."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from s2s_live.engines.sound2scene.image_input import visual
from s2s_live.errors import TrainingError
from s2s_live.evaluation.sound2scene.clip_judge import ClipJudge
from s2s_live.evaluation.sound2scene.inception import InceptionJudge
from s2s_live.evaluation.sound2scene.material import Clips, Floats, Painter
from s2s_live.evaluation.sound2scene.measures import SPLITS, hits_at, inception_score, softmax
from s2s_live.evaluation.world.frechet import frechet_distance

log = logging.getLogger(__name__)

BATCH = 8
SHOWN = 32
"""Clips on the sheet."""
NO_CLIP = "R@1 and R@5 were not asked for: give --clip FILE."
NO_INCEPTION = "FID and IS were not asked for: give --inception FILE."


@dataclass(frozen=True)
class Judges:
    """Who judges; without one its figures are missing."""

    inception: InceptionJudge | None = None
    clip: ClipJudge | None = None


@dataclass
class Found:
    """What the judges said, row by row of the clips that could be used."""

    labels: list[int] = field(default_factory=list)
    similarity: list[NDArray[Any]] = field(default_factory=list)
    made: list[NDArray[Any]] = field(default_factory=list)
    real: list[NDArray[Any]] = field(default_factory=list)
    logits: list[NDArray[Any]] = field(default_factory=list)
    shown: list[tuple[str, Tensor, Tensor]] = field(default_factory=list)
    """Category, real and made picture `[3, S, S]` in -1..1, of the first of each category."""
    problems: list[tuple[str, str]] = field(default_factory=list)


def evaluate(
    painter: Painter, clips: Clips, judges: Judges, notes: Sequence[str] = ()
) -> tuple[dict[str, Any], Found]:
    """The figures, and what they were made of.

    `r1` and `r5`: shares of clips whose category is the most, or one of the five most, similar to the picture
    by CLIP. `fid`: Frechet distance of Inception's features to those of the real frames. `is`: mean and
    deviation of the inception score. By category also `feature_gap`, the distance of the mean features.
    Raises TrainingError where no clip can be used.
    """
    names = sorted(set(clips.labels))
    texts = judges.clip.categories(names) if judges.clip else None
    found = Found()
    for numbers, heard in _batches(clips, found):
        made = painter.paint([samples for samples, _ in heard])
        real = torch.stack([visual(picture) for _, picture in heard])
        labels = [clips.labels[number] for number in numbers]
        _show(found, labels, real, made)
        found.labels += [names.index(label) for label in labels]
        _judge(found, judges, texts, made, real)
    if not found.labels:
        raise TrainingError("Not one clip can be used.", _first(found.problems))
    more = [*notes, *_lacking(found, judges, notes)]
    return {**_figures(found, names), "notes": more, "problems": found.problems}, found


def _batches(clips: Clips, found: Found) -> Iterator[tuple[list[int], list[tuple[Floats, Image.Image]]]]:
    numbers: list[int] = []
    heard: list[tuple[Floats, Image.Image]] = []
    for number in tqdm(range(len(clips.names)), desc="clips", unit="clip"):
        try:
            heard.append(clips.read(number))
        except ValueError as error:
            log.warning("%s %s; left out", clips.names[number], error)
            found.problems.append((clips.names[number], str(error)))
            continue
        numbers.append(number)
        if len(heard) == BATCH:
            yield numbers, heard
            numbers, heard = [], []
    if heard:
        yield numbers, heard


def _first(problems: Sequence[tuple[str, str]]) -> str:
    return f"The first, {problems[0][0]}, {problems[0][1]}." if problems else "There are none."


def _show(found: Found, labels: Sequence[str], real: Tensor, made: Tensor) -> None:
    for label, seen, painted in zip(labels, real, made, strict=True):
        if len(found.shown) < SHOWN and all(label != other for other, _, _ in found.shown):
            found.shown.append((label, seen, painted))


@torch.no_grad()
def _judge(found: Found, judges: Judges, texts: Tensor | None, made: Tensor, real: Tensor) -> None:
    if judges.clip is not None and texts is not None:
        found.similarity.append((judges.clip.pictures(made) @ texts.T).double().numpy())
    if judges.inception is not None:
        features, logits = judges.inception(made)
        found.made.append(features.double().numpy())
        found.logits.append(logits.double().numpy())
        found.real.append(judges.inception(real)[0].double().numpy())


def _lacking(found: Found, judges: Judges, notes: Sequence[str]) -> Iterator[str]:
    if judges.clip is None and not any("R@1" in note for note in notes):
        yield NO_CLIP
    if judges.inception is None:
        yield NO_INCEPTION
    elif len(found.labels) < SPLITS:
        yield f"IS needs {SPLITS} clips or more, FID two: these are {len(found.labels)}."


def _figures(found: Found, names: Sequence[str]) -> dict[str, Any]:
    labels = np.array(found.labels, np.int64)
    figures: dict[str, Any] = {"clips": len(labels), "r1": None, "r5": None, "fid": None, "is": None}
    rows: dict[str, dict[str, Any]] = defaultdict(dict)
    for number, count in sorted(Counter(found.labels).items()):
        rows[names[number]]["clips"] = count
    if found.similarity:
        similarity = np.concatenate(found.similarity)
        for key, k in (("r1", 1), ("r5", 5)):
            hits = hits_at(similarity, labels, k)
            figures[key] = float(hits.mean())
            for number in set(found.labels):
                rows[names[number]][key] = float(hits[labels == number].mean())
    if found.made:
        made, real = np.concatenate(found.made), np.concatenate(found.real)
        figures["fid"] = frechet_distance(made, real) if len(made) > 1 else None
        if len(made) >= SPLITS:
            mean, deviation = inception_score(softmax(np.concatenate(found.logits)))
            figures["is"] = {"mean": mean, "deviation": deviation}
        for number in set(found.labels):
            gap = made[labels == number].mean(0) - real[labels == number].mean(0)
            rows[names[number]]["feature_gap"] = float(np.linalg.norm(gap))
    return {**figures, "categories": dict(rows)}
