"""What `run` and `render` take about a second sound."""

from __future__ import annotations

import argparse

LOWEST_DB, HIGHEST_DB = -60.0, 12.0


def decibels(text: str) -> float:
    """A gain of one sound in a mix: -60 (silent) to 12 dB."""
    value = float(text)
    if not LOWEST_DB <= value <= HIGHEST_DB:
        raise argparse.ArgumentTypeError(f"must be from {LOWEST_DB:.0f} to {HIGHEST_DB:.0f} dB")
    return value


def add_mix_options(parser: argparse.ArgumentParser, what: str, words: str) -> None:
    """Add `--beside`, called `what` and explained by `words`, and the gains of both sounds."""
    parser.add_argument("--beside", metavar=what, help=words)
    parser.add_argument(
        "--beside-gain", type=decibels, metavar="DB", help="its gain in the mix, -60 (silent) to 12"
    )
    parser.add_argument(
        "--first-gain", type=decibels, metavar="DB", help="gain of the first sound in the mix"
    )


def mix_gains(options: argparse.Namespace) -> dict[str, float]:
    """The gains that were given, by the names of their controls."""
    given = {"first_db": options.first_gain, "second_db": options.beside_gain}
    return {name: gain for name, gain in given.items() if gain is not None}
