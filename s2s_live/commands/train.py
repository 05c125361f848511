"""`s2s-live train`: make the weights of a model."""

from __future__ import annotations

import argparse

from s2s_live.training import world
from s2s_live.training.sound2scene import recipe as sound2scene


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "train",
        help="train a model",
        description="Train the bundled model from the painted and synthesised world, or another system from "
        "material of yours. A run may be stopped at any moment; started again it goes on from its last "
        "checkpoint.",
    )
    recipes = parser.add_subparsers(title="recipes", metavar="RECIPE", required=True)
    world.add_arguments(recipes.add_parser("world", help="the bundled world", description=world.DESCRIPTION))
    sound2scene.add_arguments(
        recipes.add_parser(
            "sound2scene",
            help="the published Sound2Scene, from pairs of pictures and sounds",
            description=sound2scene.DESCRIPTION,
        )
    )
