"""`s2s-live run`: the show, in its window or without one."""

from __future__ import annotations

import argparse
from pathlib import Path

from s2s_live.commands.mixing import add_mix_options, mix_gains


def positive(text: str) -> float:
    """A positive number of seconds."""
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return value


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "run",
        help="open the app (default)",
        description="Open the app. What is not given is as it was left the last time.",
    )
    parser.add_argument(
        "--source",
        metavar="SOURCE",
        help="default, a device of `s2s-live devices`, file:PATH, test or none",
    )
    parser.add_argument(
        "--device", metavar="NAME", help="input device by name or id: short for --source NAME"
    )
    add_mix_options(parser, "INPUT", "a second sound to mix with it: a file, or as for --source")
    parser.add_argument("--model", metavar="NAME", help="model name or folder")
    parser.add_argument(
        "--fullscreen", type=int, metavar="N", help="open the output on display N (1 is the first)"
    )
    parser.add_argument(
        "--record", type=Path, metavar="FILE", help="record to FILE.mp4, or pictures to a folder"
    )
    parser.add_argument("--headless", action="store_true", help="no window: hear, paint and record")
    parser.add_argument("--seconds", type=positive, metavar="N", help="end after N seconds")
    parser.add_argument("--seed", type=int, help="seed of the show")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from s2s_live.audio.sources import source_text
    from s2s_live.ui.options import AppOptions

    wishes = AppOptions(
        source=options.device or options.source,
        beside=None if options.beside is None else source_text(options.beside),
        gains=mix_gains(options),
        model=options.model,
        fullscreen=options.fullscreen,
        record=options.record,
        seconds=options.seconds,
        seed=options.seed,
    )
    if options.headless:
        from s2s_live.commands.headless import run_headless

        return run_headless(wishes)
    from s2s_live.ui.app import run_app

    return run_app(wishes)
