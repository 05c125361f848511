"""`s2s-live train`: make the weights of a bundled model."""

from __future__ import annotations

import argparse

from s2s_live.training import world


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "train",
        help="train a bundled model",
        description="Train a model from the painted and synthesised world. A run may be stopped at any "
        "moment; started again it goes on from its last checkpoint.",
    )
    recipes = parser.add_subparsers(title="recipes", metavar="RECIPE", required=True)
    world.add_arguments(recipes.add_parser("world", help="the bundled world", description=world.DESCRIPTION))
