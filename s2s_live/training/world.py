"""The recipe `train world`: image encoder, generator, audio encoder, and the model folder made of them.

Nothing heavy is imported before a stage runs: the command line reads this module for its help.
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from s2s_live.errors import TrainingError
from s2s_live.logs import show_progress

if TYPE_CHECKING:
    import torch

    from s2s_live.training.team import Team

STAGES = ("images", "generator", "narrow", "upscaler", "audio", "changes", "export")
ATTENTION = "attention"
"""A stage that is not among all: it leaves numbers to read."""
MINUTES = {"images": 36.0, "generator": 120.0, "narrow": 50.0, "upscaler": 15.0, "audio": 25.0,
           "changes": 45.0}  # fmt: skip
"""Default budgets."""
SHARPNESS = 10.0
"""Of the landmarks that what is heard is drawn to, see `engines.sound2scene.landmarks`."""
DESCRIPTION = """Train the bundled world. Stages: images (an image encoder learns the painted world without
labels), generator (learns to paint it from embedding, z and noise fields), narrow
(makes a generator of less than half the work from that one), upscaler (learns to draw twice the
lines), audio (places sounds where their pictures lie), changes (learns to hear another sound begin), export
(writes the model folder from what the run folder holds). Apart from all: attention (prints by which numbers
shows best decide that a sound is over)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the recipe's options."""
    choices = (*STAGES, ATTENTION, "all")
    parser.add_argument("--stage", choices=choices, default="all", help="default: all, in order")
    parser.add_argument(
        "--budget",
        type=float,
        metavar="MINUTES",
        help="training time of the stage over all its starts; of --stage all, shared among its stages",
    )
    parser.add_argument(
        "--real", type=Path, metavar="DIR", help="folder of real recordings (or a folder of such folders)"
    )
    parser.add_argument(
        "--run", "--run-folder", type=Path, default=Path("runs/world"), metavar="DIR", dest="run_folder",
        help="checkpoints and sample sheets (default: runs/world); torchrun takes --run for its own",
    )  # fmt: skip
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("models/world"),
        metavar="DIR",
        help="model folder to write; stage attention: to read",
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda (default: auto)")
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default: 1)")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument(
        "--holdout", type=int, metavar="K", help="audio stage: keep fold K of the recordings back"
    )
    parser.add_argument(
        "--adversary", type=float, metavar="SHARE",
        help="generator and narrow stages: part of the budget, 0..1, after which an adversary sharpens the "
        "pictures (default: 0.6 with CUDA; without, never: it takes more than a processor has)",
    )  # fmt: skip
    _add_landmarks(parser)
    parser.set_defaults(run=run)


def _add_landmarks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--landmarks", type=float, metavar="SHARPNESS", default=SHARPNESS,
        help="export stage: have shows draw what is heard to where pictures lie. Loudness is followed "
        "better; the sharper, the more a sound between two families wavers (default: %(default)g; 0: not)",
    )  # fmt: skip


def minutes_of(stage: str, options: argparse.Namespace) -> float:
    """The stage's share of the budget."""
    if options.budget is None:
        return MINUTES[stage]
    if options.stage == "all":
        return float(options.budget) * MINUTES[stage] / sum(MINUTES.values())
    return float(options.budget)


def recording_folders(folder: Path | None) -> list[Path]:
    """The folder itself where it holds a `clips.csv`, else those in it that do.

    Raises TrainingError where there is none.
    """
    if folder is None:
        return []
    found = (
        [folder]
        if (folder / "clips.csv").exists()
        else [p.parent for p in sorted(folder.glob("*/clips.csv"))]
    )
    if not found:
        hint = "Give a folder with sound files and a clips.csv, or a folder of such folders."
        raise TrainingError(f"There are no recordings in {folder}.", hint)
    return found


def run(options: argparse.Namespace) -> int:
    """Train; returns the exit status.

    Raises TrainingError where material or checkpoints cannot be used.
    """
    import torch

    show_progress("s2s_live.training")
    torch.set_num_threads(options.threads)
    if options.stage == ATTENTION:
        return _run_attention(options)
    for stage in STAGES if options.stage == "all" else (options.stage,):
        _run_stage(stage, options)
    return 0


def _run_attention(options: argparse.Namespace) -> int:
    from s2s_live.training.attention import fit_attention
    from s2s_live.training.recordings import read_folders

    clips = read_folders(recording_folders(options.real)).clips
    fit_attention(options.out, clips, options.seed)
    return 0


def _run_stage(stage: str, options: argparse.Namespace) -> None:
    from s2s_live.training.loop import claimed, pick_device
    from s2s_live.training.team import Team, local_device

    folder, device = options.run_folder, local_device(pick_device(options.device))
    team = Team.join(device)
    with claimed(folder, _claim(stage, options)) if team.leads else nullcontext():
        _train(stage, options, team, device)


def _claim(stage: str, options: argparse.Namespace) -> str:
    """What a stage writes: folds of recordings are trained apart."""
    return stage if stage != "audio" or options.holdout is None else f"audio_fold{options.holdout}"


def _train(stage: str, options: argparse.Namespace, team: Team, device: torch.device) -> None:
    folder = options.run_folder
    if stage in {"generator", "audio"}:
        from s2s_live.training.images import begin_with

        if team.leads:
            begin_with(folder, options.out)
        team.wait()
    if stage == "images":
        from s2s_live.training.images import train_images

        train_images(folder, minutes_of(stage, options), device, options.seed, team)
    elif stage == "generator":
        from s2s_live.training.generator import GeneratorStage, Recipe

        minutes, recipe = minutes_of(stage, options), Recipe(adversary_from=_adversary(options, device))
        GeneratorStage(folder, minutes, device, recipe, options.seed, team=team).train()
    elif stage == "narrow":
        from s2s_live.training.narrow import RECIPE, train_narrow

        recipe = replace(RECIPE, adversary_from=_adversary(options, device))
        train_narrow(folder, minutes_of(stage, options), device, options.seed, team, recipe)
    elif stage == "upscaler":
        from s2s_live.training.upscaler import train_upscaler

        train_upscaler(folder, minutes_of(stage, options), device, options.seed, team)
    elif stage == "audio":
        _run_audio(folder, options, team, device)
    elif stage == "changes":
        from s2s_live.training.change_detector import train_detector
        from s2s_live.training.recordings import read_folders

        clips = read_folders(recording_folders(options.real)).clips
        train_detector(folder, clips, minutes_of(stage, options), device, options.seed, team)
    elif team.leads:
        from s2s_live.training.export import export

        export(folder, options.out, recording_folders(options.real), options.landmarks)


def _adversary(options: argparse.Namespace, device: torch.device) -> float:
    """The share of a generator's budget from which an adversary joins."""
    if options.adversary is not None:
        return float(options.adversary)
    return 0.6 if device.type == "cuda" else 1.0


def _run_audio(folder: Path, options: argparse.Namespace, team: Team, device: torch.device) -> None:
    from s2s_live.training.audio import AudioSettings, train_audio
    from s2s_live.training.audio_bank import load_bank
    from s2s_live.training.recordings import read_folders
    from s2s_live.world.families import FAMILY_IDS

    clips = read_folders(recording_folders(options.real)).clips
    settings = AudioSettings(60.0 * minutes_of("audio", options), fold=options.holdout, seed=options.seed)
    train_audio(folder, load_bank(folder / "bank.npz", len(FAMILY_IDS)), clips, settings, None, team, device)
