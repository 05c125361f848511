"""`s2s-live render`: the show of a sound file, offline."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from s2s_live.commands.mixing import add_mix_options, mix_gains
from s2s_live.errors import S2SError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from s2s_live.engines.base import Engine
    from s2s_live.record.offline import OfflineWriter


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("render", help="render a sound file to a video, offline")
    parser.add_argument("input", metavar="IN", type=Path, help="WAV, FLAC, OGG or MP3")
    parser.add_argument("output", metavar="OUT.mp4", type=Path, help="video to write")
    add_mix_options(parser, "FILE", "a second sound file to mix with it")
    parser.add_argument(
        "--model", default="world", metavar="NAME", help="model name or folder (default: world)"
    )
    parser.add_argument("--seed", type=int, default=0, help="another seed, another show (default: 0)")
    parser.add_argument("--size", type=int, default=1080, metavar="PIXELS", help="height (default: 1080)")
    parser.add_argument("--fps", type=int, default=30, help="frames per second (default: 30)")
    parser.add_argument("--without-sound", action="store_true", help="picture alone")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from s2s_live.audio.program_file import sound_seconds
    from s2s_live.engines.registry import open_engine
    from s2s_live.record.offline import OfflineWriter
    from s2s_live.store.library import find_model

    if options.beside is None and mix_gains(options):
        raise S2SError("There is no second sound to mix with.", "Name a file with --beside FILE.")
    files = [options.input] if options.beside is None else [options.input, Path(options.beside)]
    seconds = max(sound_seconds(path) for path in files)
    # Not on a GPU: what is fastest there is found anew each time, and the same sound gives the same picture.
    engine = open_engine(find_model(options.model), "cpu", fine=True)
    try:
        with OfflineWriter(options.output, options.size, options.fps, not options.without_sound) as writer:
            _render(engine, options, writer, seconds)
    finally:
        engine.close()
    return 0


def _render(engine: Engine, options: argparse.Namespace, writer: OfflineWriter, seconds: float) -> None:
    from tqdm import tqdm

    from s2s_live.live.offline import render
    from s2s_live.timeline import PROGRAM_RATE

    frames = round(seconds * options.fps)
    sound = _written(_program(options), writer, not options.without_sound)
    shown = render(engine, sound, seed=options.seed, fps=options.fps)
    with tqdm(total=frames, unit="frame", disable=options.quiet or None, desc=options.output.name) as bar:
        for position, picture in shown:
            if position >= seconds * PROGRAM_RATE:
                break  # the last hop was filled up with silence
            writer.write_frame(picture)
            bar.update()


def _program(options: argparse.Namespace) -> Iterator[NDArray[np.float32]]:
    """Blocks of the file, or of the two files mixed."""
    from s2s_live.audio.program_file import mixed_blocks, program_blocks

    if options.beside is None:
        return program_blocks(options.input)
    return mixed_blocks(options.input, Path(options.beside), **mix_gains(options))


def _written(
    blocks: Iterator[NDArray[np.float32]], writer: OfflineWriter, sound: bool
) -> Iterator[NDArray[np.float32]]:
    """The blocks, each written to the video as it is handed on."""
    for block in blocks:
        if sound:
            writer.write_sound(block)
        yield block
