"""`s2s-live bench`: figures of the running app on this machine."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

DEFAULT_SECONDS = 215.0


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "bench",
        help="measure this machine: frame rates, latencies, memory",
        description="Opens the app, plays a script of sounds, measures. Leave the machine alone meanwhile.",
    )
    parser.add_argument(
        "--model", default="world", metavar="NAME", help="model name or folder (default: world)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        default=DEFAULT_SECONDS,
        metavar="N",
        help="length of the phase at default settings (default: 215; memory slope: 730)",
    )
    parser.add_argument("--device", metavar="NAME", help="listen to a device instead of the script")
    parser.add_argument(
        "--compare", action="store_true",
        help="instead: Sound2Scene's official networks, as published against as they run here (no window)",
    )  # fmt: skip
    parser.add_argument(
        "--judder", action="store_true",
        help="instead: how evenly the scene moves where painting is slow, with pictures in between and "
        "without (no window, under a minute)",
    )  # fmt: skip
    parser.add_argument(
        "--trace", type=Path, metavar="FILE",
        help="write when each stage of each frame ran to FILE, for chrome://tracing or Perfetto",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    _check_trace(options)
    figures = _figures(options)
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    for key, value in figures.items():
        print(f"{key:<22} {json.dumps(value)}")
    return 0


def _check_trace(options: argparse.Namespace) -> None:
    """Before minutes of measuring. Raises S2SError."""
    from s2s_live.errors import S2SError
    from s2s_live.tracing import check_trace

    if options.trace and (options.compare or options.judder):
        hint = "Leave out --trace, or --compare and --judder."
        raise S2SError("A trace is of the running app, which neither --compare nor --judder opens.", hint)
    if options.compare and options.judder:
        raise S2SError("--compare and --judder measure different things.", "Ask for one at a time.")
    if options.trace:
        check_trace(options.trace)


def _figures(options: argparse.Namespace) -> dict[str, object]:
    if options.compare:
        return _compare()
    if options.judder:
        from s2s_live.bench.judder import measure_judder

        return measure_judder(options.model)
    return _measure(options)


def _compare() -> dict[str, object]:
    from s2s_live.bench.compare import run_comparison
    from s2s_live.bench.gpu import gpu_figures
    from s2s_live.live.threads import usable_cores

    threads = min(2, usable_cores())
    return {**run_comparison(threads), "gpu": gpu_figures(threads)}


def _measure(options: argparse.Namespace) -> dict[str, object]:
    from s2s_live.bench.report import run_benchmark

    if not options.json:
        minutes = (options.seconds + 120) / 60
        print(f"Measuring for about {minutes:.0f} minutes; leave the window open.", file=sys.stderr)
    return run_benchmark(options.model, options.seconds, options.device, options.trace)
