"""The narrow stage: of the trained generator one that paints nearly the same with less than half the work.

With fewer channels and fitted anew (`narrowing`), a generator is some decibels behind, on held-out scenes.
They come back as they were learnt at first: nearly all in a tenth of that time, enough fine detail in a third
of it. Leaving out noise that is hardly read, and templates that others can be mixed to, costs little.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from s2s_live.engines.sound2scene.config import GeneratorConfig
from s2s_live.engines.sound2scene.generator import Generator
from s2s_live.engines.sound2scene.presets import BUNDLED_FIELDS, BUNDLED_GENERATOR
from s2s_live.errors import TrainingError
from s2s_live.training.generator import GeneratorStage, Origin, Phase, Recipe, checkpoint
from s2s_live.training.growing import fields_of, load_growing
from s2s_live.training.images import Bank
from s2s_live.training.loop import load_checkpoint
from s2s_live.training.narrowing import Batch, narrowed
from s2s_live.training.painting import Studio
from s2s_live.training.team import Team
from s2s_live.world.channels import FieldConfig
from s2s_live.world.families import FAMILIES

log = logging.getLogger(__name__)

NAME = "narrow"
RECIPE = Recipe(phases=(Phase(0.0, 64, 8, 6), Phase(1.0, 256, 8, 6)), rate=1e-3)
"""The whole pictures from the first step on; small ones are learnt beside them."""
NARROWED = "its channels, the fields and templates it takes, how it reads them, and its last convolution"
EACH = 8
"""Scenes of every family that layers are fitted on."""
_SEED = 7


def train_narrow(
    run: Path, minutes: float, device: torch.device, seed: int = 3, team: Team | None = None,
    recipe: Recipe = RECIPE, config: GeneratorConfig = BUNDLED_GENERATOR,
    fields: FieldConfig = BUNDLED_FIELDS,
) -> None:  # fmt: skip
    """Narrow the generator that the stage before left in `run` to `config`, which takes `fields`, and train
    it for `minutes`, over every start.

    Raises TrainingError where there is none.
    """
    state = load_checkpoint(checkpoint(run))
    if state is None:
        raise TrainingError(f"There is no generator in {run}.", "Run the stage 'generator' first.")
    _check(state, config, fields)
    wide, theirs = load_growing(state).plain(state["size"]), fields_of(state)

    def begin() -> Generator:
        log.info("narrow: fitting the layers anew")
        return narrowed(wide, config, scenes(run, config, theirs), fields.indices_in(theirs))

    origin = Origin(NAME, begin, float(state["used_s"]))
    GeneratorStage(run, minutes, device, recipe, seed, config, team, origin, fields).train()


def _check(state: Mapping[str, Any], config: GeneratorConfig, fields: FieldConfig) -> None:
    wide = GeneratorConfig.from_json(state["config"])
    if state["size"] != wide.resolution:
        hint = "Let the stage 'generator' go on first, with a larger --budget where it is spent."
        raise TrainingError(f"The generator paints {state['size']} pixels only so far.", hint)
    theirs = fields_of(state)
    if _but_narrower(wide, config) != config or not _takes(wide, theirs) or not _takes(config, fields):
        hint = "Train the stage 'generator' anew, in another run folder."
        raise TrainingError(f"The generator differs from the narrow one in more than {NARROWED}.", hint)
    if fields.missing_in(theirs):
        hint = "Train the stage 'generator' anew, in another run folder."
        raise TrainingError("The generator does not take all fields that the narrow one would.", hint)


def _takes(config: GeneratorConfig, fields: FieldConfig) -> bool:
    """Whether those are the fields of a generator of `config`."""
    mine = config.fields
    return mine is not None and (*mine.planes, mine.fine) == fields.counts


def _but_narrower(wide: GeneratorConfig, config: GeneratorConfig) -> GeneratorConfig:
    """`wide` with what narrowing changes as `config` has it."""
    mine = config.fields
    fields = wide.fields and mine and replace(
        wide.fields, planes=mine.planes, kernels=tuple(map(min, wide.fields.kernels, mine.kernels)),
        templates=min(wide.fields.templates, mine.templates) or wide.fields.templates,
    )  # fmt: skip
    return replace(
        wide, in_channels=config.in_channels, out_channels=config.out_channels, fields=fields,
        final_kernel=config.final_kernel,
    )  # fmt: skip


def scenes(run: Path, config: GeneratorConfig, fields: FieldConfig) -> list[Batch]:
    """Scenes of every family for a generator of `config`, with these fields."""
    studio = Studio(Bank.load(run / "bank.npz"), fields, config.z_size, torch.device("cpu"), _SEED)
    lots = (studio.paint([family], EACH) for family in range(len(FAMILIES)))
    return [
        Batch(lot.z, lot.condition, [f.float() for f in lot.fields if f.shape[-1] <= config.resolution])
        for lot in lots
    ]
