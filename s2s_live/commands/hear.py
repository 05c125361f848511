"""`s2s-live hear`: what a model hears in sound files."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from s2s_live.errors import S2SError

if TYPE_CHECKING:
    from s2s_live.evaluation.hearing import HeardFile


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("hear", help="say what sound files sound like")
    parser.add_argument("files", nargs="+", metavar="FILE", type=Path, help="WAV, FLAC, OGG or MP3")
    parser.add_argument(
        "--model", default="world", metavar="NAME", help="model name or folder (default: world)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--embeddings", type=Path, metavar="OUT.npz", help="also save the embeddings")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from s2s_live.engines.registry import open_engine
    from s2s_live.evaluation.hearing import hear_file
    from s2s_live.store.library import find_model

    engine = open_engine(find_model(options.model))
    heard: list[HeardFile] = []
    failed = False
    try:
        for path in options.files:
            try:
                heard.append(hear_file(engine, path))
            except S2SError as error:
                failed = True
                print(f"s2s-live hear: {error}", file=sys.stderr)
    finally:
        engine.close()
    if options.embeddings:
        _save_embeddings(options.embeddings, heard)
    if options.json:
        print(json.dumps({"model": engine.spec.model, "files": [_row(item) for item in heard]}, indent=2))
    else:
        for item in heard:
            print(f"{item.file}: {item.family} {item.confidence:.0%}")
    return 1 if failed else 0


def _row(item: HeardFile) -> dict[str, object]:
    return {
        "file": item.file,
        "family": item.family,
        "confidence": item.confidence,
        "windows": [asdict(window) for window in item.windows],
    }


def _save_embeddings(path: Path, heard: list[HeardFile]) -> None:
    """`files` [N], `embeddings` [N, D], and for file i `windows_i` [windows, D]."""
    import numpy as np

    if not heard:
        return
    arrays: dict[str, Any] = {
        "files": np.array([item.file for item in heard]),
        "embeddings": np.stack([item.embedding for item in heard]),
    }
    arrays |= {f"windows_{index}": item.embeddings for index, item in enumerate(heard)}
    try:
        np.savez(path, **arrays)
    except OSError as error:
        raise S2SError(f"{path} cannot be written ({error}).", "Choose another place.") from error
