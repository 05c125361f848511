"""`s2s-live tune`: measure the ways of running a model on this machine, and keep the best."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from s2s_live.engines.openvino_cache import Kept

PARTS = {"hear": "hearing", "paint": "painting", "paint-fine": "painting twice the lines"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "tune",
        help="find the fastest way of running a model here",
        description="Compiles a model's networks in every way that this processor has, compares what they "
        "give with 32 bits, times them, and keeps the fastest that is near enough. The first start with a "
        "model does the same; run this if the machine was busy then. Leave it alone meanwhile.",
    )
    parser.add_argument(
        "--model", default="world", metavar="NAME", help="model name or folder (default: world)"
    )
    parser.add_argument("--fine", action="store_true", help="the networks that paint twice the lines too")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from s2s_live.store.folder import ModelFolder
    from s2s_live.store.library import find_model

    folder = ModelFolder.open(find_model(options.model))
    if not options.json:
        print("Measuring; leave the machine alone meanwhile.", file=sys.stderr)
    found = tune(folder.path, folder.hash, fine=options.fine)
    if options.json:
        rows = [asdict(network) for network in found]
        print(json.dumps({"model": {"name": folder.name, "hash": folder.hash}, "networks": rows}, indent=2))
        return 0
    for line in lines(found):
        print(line)
    return 0


def tune(model: Path, model_hash: str, *, fine: bool) -> list[Kept]:
    """Measure a model's networks anew, for as many threads as the app gives them.

    Raises ModelError where the model cannot be opened.
    """
    try:
        from s2s_live.engines.openvino_cache import forget, networks_of
    except ImportError:  # without OpenVINO there is one way
        return []
    from s2s_live.engines.registry import open_engine
    from s2s_live.engines.sound2scene.networks import cache_folder
    from s2s_live.live.threads import engine_threads, threads_alone

    forget(cache_folder(), model_hash)
    for lines_doubled in (False, True) if fine else (False,):
        open_engine(model, threads=engine_threads(), alone=threads_alone(), fine=lines_doubled).close()
    return networks_of(cache_folder(), model_hash)


def lines(found: Sequence[Kept]) -> Iterator[str]:
    """A table: each network, each way, the one that is kept marked with a star."""
    if not found:
        yield "PyTorch runs this model here: there is nothing to choose from."
    for network in found:
        part = network.part.rpartition("-")[0] if network.part.startswith("hear") else network.part
        yield f"{PARTS.get(part, part)}:"
        for way in network.tried:
            mark = "*" if way.kind == network.kind else " "
            took = f"{way.ms:8.2f} ms" if way.ms is not None else " not near enough"
            near = f"   {way.measure} {way.nearness:.4g}" if way.nearness is not None else ""
            yield f" {mark} {way.kind:<16}{took}{near}"
