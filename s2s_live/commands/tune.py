"""`s2s-live tune`: measure the ways of running a model on this machine, and keep the best."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from s2s_live.engines.base import EngineSpec
    from s2s_live.engines.network_cache import Kept
    from s2s_live.errors import S2SError

PARTS = {"hear": "hearing", "paint": "painting", "paint-fine": "painting twice the lines"}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "tune",
        help="find the fastest way of running a model here",
        description="Compiles a model's networks in every way that this processor has (by OpenVINO, and by "
        "ONNX Runtime where it is installed), compares what they give with 32 bits, times them beside "
        "PyTorch, and keeps the fastest that is near enough. The first start with a model does the same; run "
        "this if the machine was busy then. Leave it alone meanwhile.",
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

    Those that were kept before stay until all are measured. Raises ModelError where the model cannot be
    opened, S2SError where the networks cannot be kept.
    """
    from s2s_live.engines.network_cache import networks_of
    from s2s_live.engines.registry import open_engine
    from s2s_live.engines.sound2scene.networks import cache_folder
    from s2s_live.live.threads import engine_threads, threads_alone

    with _fresh(cache_folder()) as fresh:
        for doubled in (False, True) if fine else (False,):
            engine = open_engine(
                model, threads=engine_threads(), alone=threads_alone(), fine=doubled, cache=fresh
            )
            engine.close()
            found = networks_of(fresh, model_hash)
            if not _has(found, engine.spec):
                raise _unkept(cache_folder())
    return found


@contextmanager
def _fresh(cache: Path) -> Iterator[Path]:
    """An empty folder for networks, which go over to `cache` at the end, but not after an error.

    Raises S2SError where `cache` cannot be written.
    """
    from s2s_live.engines.network_cache import take_over

    try:
        cache.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix="tune-", dir=cache))
    except OSError as error:
        raise _unkept(cache, error) from error
    try:
        yield fresh
        try:
            take_over(fresh, cache)
        except OSError as error:
            raise _unkept(cache, error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _has(found: Sequence[Kept], spec: EngineSpec) -> bool:
    """Whether the networks of an engine that was opened are there, but for those that OpenVINO does not run.

    Writing them may fail unseen: a show can do without.
    """
    paint = "paint" if spec.picture_size == spec.picture_sizes[0] else "paint-fine"
    opened = {("hear", spec.runtime_hearing), (paint, spec.runtime)}
    missing = opened - {(_kind_of(network.part), network.kind) for network in found}
    return not any(kind.startswith("openvino-") for _, kind in missing)


def _unkept(cache: Path, error: OSError | None = None) -> S2SError:
    from s2s_live.errors import S2SError

    why = f": {error.strerror or error}" if error is not None else ""
    return S2SError(
        f"The measured networks cannot be kept in {cache}{why}.",
        "Free space on its disk or make the folder writable, then run `s2s-live tune` again.",
    )


def _kind_of(part: str) -> str:
    """A part without the size of its window: one of `PARTS`."""
    return part.rpartition("-")[0] if part.startswith("hear") else part


def lines(found: Sequence[Kept]) -> Iterator[str]:
    """A table: each network, each way, the one that is kept marked with a star."""
    if not found:
        yield "A GPU runs this model here, or OpenVINO cannot (the log says why): there is nothing to keep."
    for network in found:
        part = _kind_of(network.part)
        yield f"{PARTS.get(part, part)}:"
        for way in network.tried:
            mark = "*" if way.kind == network.kind else " "
            took = f"{way.ms:8.2f} ms" if way.ms is not None else " not near enough"
            near = f"   {way.measure} {way.nearness:.4g}" if way.nearness is not None else ""
            yield f" {mark} {way.kind:<16}{took}{near}"
