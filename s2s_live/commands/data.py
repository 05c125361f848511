"""`s2s-live data`: make and measure the material that systems are trained from."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from s2s_live.training.sound2scene.collections_of_videos import Listed

_RESUMES = "Started again it goes on where it ended. What cannot be used is named in OUT/report.json."


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "data",
        help="make material to train from",
        description="Cut videos into pairs of pictures and sounds, pack such pairs, or measure reading them.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _add_vggsound(actions)
    _add_vegas(actions)
    _add_shards(actions)
    _add_measure(actions)


def _add_vggsound(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "vggsound",
        help="pairs from VGGSound's videos",
        description="Cut VGGSound's videos into OUT/images/NAME.jpg and OUT/audios/NAME.wav (16 kHz, mono), "
        f"and list them with their labels in OUT/clips.csv. {_RESUMES}",
    )
    parser.add_argument(
        "--csv", type=Path, required=True, metavar="FILE", help="vggsound.csv: id, start, label, split"
    )
    _add_cutting(parser)
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="cut these labels alone: one on each line"
    )
    parser.add_argument("--split", help="cut this split alone: train or test")
    parser.set_defaults(run=_vggsound)


def _add_vegas(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "vegas",
        help="pairs from VEGAS' videos",
        description="Cut VEGAS' videos, one folder for each class, into OUT/images and OUT/audios, and list "
        f"them with their classes in OUT/clips.csv. {_RESUMES}",
    )
    _add_cutting(parser)
    parser.set_defaults(run=_vegas)


def _add_cutting(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--videos", type=Path, required=True, metavar="DIR", help="where the videos are")
    parser.add_argument(
        "--moments", type=Path, metavar="FILE",
        help="top1_boxes_top10_moments.json: the best frames of each clip (default: that in the middle)",
    )  # fmt: skip
    parser.add_argument("--frames", type=int, default=1, metavar="K", help="best frames to cut (default: 1)")
    parser.add_argument(
        "--offset", type=int, default=1, metavar="N", help="number of the frame at time 0 (default: 1)"
    )
    parser.add_argument(
        "--side", type=int, default=256, metavar="PIXELS",
        help="shorter side of a picture at most; 0 leaves it as it is (default: 256)",
    )  # fmt: skip
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes (default: 2)")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write")


def _add_shards(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "shards",
        help="pack pairs into tar files",
        description="Pack a folder of pairs into tar files as webdataset lays them out: training then opens "
        "a few hundred files instead of hundreds of thousands. Started again it keeps whole ones.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder with images and audios")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder to write")
    parser.add_argument(
        "--per-shard", type=int, default=1000, metavar="N", help="sounds in each tar file (default: 1000)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.set_defaults(run=_shards)


def _add_measure(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = actions.add_parser(
        "measure",
        help="how fast pairs are read",
        description="Read pairs as training does, from file to spectrogram and to the image encoder's input.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of pairs or of shards")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="reading processes (default: 2)")
    parser.add_argument("--seconds", type=float, default=30.0, help="default: 30")
    parser.add_argument("--device", default="cpu", help="auto, cpu, cuda (default: cpu)")
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.set_defaults(run=_measure)


def _vggsound(options: argparse.Namespace) -> int:
    from s2s_live.errors import TrainingError
    from s2s_live.training.sound2scene.collections_of_videos import vggsound

    listed = vggsound(options.csv, options.videos, options.moments, options.frames)
    if options.labels is not None:
        try:
            wanted = {line.strip() for line in options.labels.read_text(encoding="utf-8").splitlines()}
        except (OSError, UnicodeDecodeError) as error:
            raise TrainingError(
                f"{options.labels} cannot be read ({error}).",
                "It is a text file: one label on each line.",
            ) from error
        listed = [clip for clip in listed if clip.label in wanted]
    if options.split is not None:
        listed = [clip for clip in listed if clip.split == options.split]
    return _cut(options, listed)


def _vegas(options: argparse.Namespace) -> int:
    from s2s_live.training.sound2scene.collections_of_videos import vegas

    return _cut(options, vegas(options.videos, options.moments, options.frames))


def _cut(options: argparse.Namespace, listed: list[Listed]) -> int:
    """Cut the clips; 1 where not one is there in the end."""
    import hashlib

    from s2s_live.errors import TrainingError
    from s2s_live.training.sound2scene.extraction import REPORT, Plan, begin, extract_all

    if options.frames < 1 or options.workers < 1 or options.side < 0:
        raise TrainingError(
            "--frames and --workers must be 1 or more, --side 0 or more.", "Leave them out for the defaults."
        )
    moments = hashlib.sha256(options.moments.read_bytes()).hexdigest()[:16] if options.moments else ""
    frames = options.frames if moments else 1
    plan = Plan(options.out, options.side, options.offset, frames, moments)
    begin(plan, [(clip.task.name, clip.label, clip.split) for clip in listed])
    report = extract_all([clip.task for clip in listed], plan, options.workers)
    _tell(options, report.to_json(), [*_counts(report.counts), f"Details: {options.out / REPORT}"])
    return 0 if report.counts["written"] + report.counts["already"] else 1


def _counts(counts: dict[str, int]) -> list[str]:
    return [f"{name}: {number}" for name, number in counts.items() if number]


def _shards(options: argparse.Namespace) -> int:
    import shutil
    from dataclasses import asdict

    from s2s_live.errors import TrainingError
    from s2s_live.training.sound2scene.shards import pack
    from s2s_live.training.sound2scene.source import FolderSource

    if options.per_shard < 1:
        raise TrainingError("--per-shard must be 1 or more.", "The default is 1000.")
    source = FolderSource(options.folder)
    packed = pack(
        source.pairs, lambda file, audio: source.read(file, audio=audio), options.out, options.per_shard
    )
    labels = options.folder / "clips.csv"
    if labels.is_file():
        shutil.copyfile(labels, options.out / labels.name)
    lines = [f"{packed.pairs} pairs in {packed.shards} shards, {packed.kept} of them kept"]
    _tell(options, asdict(packed), [*lines, *(f"{file}: {reason}" for file, reason in packed.problems)])
    return 0


def _measure(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    import torch

    from s2s_live.errors import TrainingError
    from s2s_live.training.loop import pick_device
    from s2s_live.training.sound2scene.measure import measure

    if options.workers < 0 or options.seconds <= 0:
        raise TrainingError(
            "--workers cannot be negative, and --seconds must be more than 0.", "The defaults are 2 and 30."
        )
    torch.set_num_threads(1)
    speed = measure(options.folder, options.workers, options.seconds, pick_device(options.device))
    line = f"{speed.pairs_per_s:.0f} pairs a second: {speed.pairs} in {speed.seconds:.1f} s"
    more = f"{line}, {speed.workers} reading processes, {speed.left_out} left out"
    _tell(options, asdict(speed), [more, f"{speed.processor_ms:.1f} ms of one processor's time for a pair"])
    return 0


def _tell(options: argparse.Namespace, table: dict[str, Any], lines: list[str]) -> None:
    if options.json:
        json.dump(table, sys.stdout, indent=2)
        print()
        return
    for line in lines:
        print(line)
