"""The recipe `train sound2scene`, on the command line.

Nothing heavy is imported before it runs: the command line reads this module for its help.
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from s2s_live.errors import TrainingError
from s2s_live.logs import show_progress

if TYPE_CHECKING:
    import torch

    from s2s_live.training.sound2scene.trainer import Material, Recipe
    from s2s_live.training.team import Team

LOSSES = ("InfoNCE_with_L2", "InfoNCE_Loss", "L2_Loss", "L1_Loss")
PRECISIONS = ("fp32", "bf16", "fp16")
DESCRIPTION = """Train Sound2Scene's audio encoder to place a sound where the image encoder places the picture
that was seen with it. Defaults are the published ones: ResNet-18, InfoNCE on distances, Adam at 1e-3, 64
pairs a step, 100 epochs. A share of the recordings is held out; the encoder with the least mean loss on them
is `sound2scene.pth` in the run folder, as the official code saves it. On several GPUs or machines:
`torchrun --nproc-per-node N -m s2s_live train sound2scene ...`; the batch is shared among them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the recipe's options."""
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR",
        help="folder with images/NAME.jpg and audios/NAME.wav, or with tar shards of it",
    )  # fmt: skip
    parser.add_argument(
        "--image-encoder", type=Path, required=True, metavar="FILE",
        help="SwAV's ResNet-50 (swav_800ep_pretrain.pth.tar)",
    )  # fmt: skip
    parser.add_argument(
        "--run", "--run-folder", type=Path, default=Path("runs/sound2scene"), metavar="DIR",
        dest="run_folder",
        help="checkpoints and figures (default: runs/sound2scene); torchrun takes --run for its own",
    )  # fmt: skip
    held = parser.add_mutually_exclusive_group()
    held.add_argument(
        "--holdout", type=float, default=0.05, metavar="SHARE",
        help="share of the recordings held out, 0..0.5 (default: 0.05)",
    )  # fmt: skip
    held.add_argument("--validation", type=Path, metavar="DIR", help="pairs to validate on instead")
    parser.add_argument(
        "--frames", type=int, default=1, metavar="K", help="pictures of each sound to learn (default: 1)"
    )
    _add_settings(parser)
    parser.add_argument(
        "--checkpoint-steps", type=int, default=500, metavar="N", help="steps between checkpoints (500)"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="reading processes (default: 2)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda (default: auto)")
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default: 1)")
    parser.add_argument("--tensorboard", action="store_true", help="write for TensorBoard too")
    parser.set_defaults(run=run)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """What a run must keep to, once begun; but for the epochs."""
    parser.add_argument("--loss", choices=LOSSES, default=LOSSES[0], help=f"default: {LOSSES[0]}")
    parser.add_argument("--depth", type=int, choices=(18, 34, 50, 101, 152), default=18)
    parser.add_argument(
        "--pool", choices=("avg", "vlad"), default="avg",
        help="how the encoder pools over time: the mean, or NetVLAD, with --depth 18 or 34 (default: avg)",
    )  # fmt: skip
    parser.add_argument("--epochs", type=int, default=100, help="default: 100")
    parser.add_argument("--batch", type=int, default=64, metavar="PAIRS", help="of a step (default: 64)")
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate (default: 0.001)")
    parser.add_argument("--weight-decay", type=float, default=1e-5, help="default: 0.00001")
    parser.add_argument("--seed", type=int, default=1234)
    parser.add_argument(
        "--precision", choices=PRECISIONS, default=PRECISIONS[0], help="of the networks (default: fp32)"
    )


def run(options: argparse.Namespace) -> int:
    """Train; returns the exit status.

    Raises TrainingError where settings, pairs or checkpoints cannot be used, ModelError for the image
    encoder.
    """
    import torch

    from s2s_live.engines.sound2scene.image_encoder import load_swav
    from s2s_live.training.loop import claimed, pick_device
    from s2s_live.training.sound2scene.trainer import Trainer
    from s2s_live.training.team import Team, local_device

    check(options)
    show_progress("s2s_live.training")
    torch.set_num_threads(options.threads)
    device = local_device(pick_device(options.device))
    team, folder = Team.join(device), options.run_folder
    encoder, material = load_swav(options.image_encoder), open_material(options, team)
    with claimed(folder, "sound2scene") if team.leads else contextlib.nullcontext():
        trainer = Trainer(folder, material, encoder, recipe_of(options), device, team)
        _tell(trainer.material, device, team)
        trainer.train(options.tensorboard)
    return 0


def check(options: argparse.Namespace) -> None:
    """Raise TrainingError for numbers that cannot be."""
    for name in ("frames", "epochs", "batch", "checkpoint_steps", "threads"):
        if getattr(options, name) < 1:
            raise TrainingError(
                f"--{name.replace('_', '-')} must be 1 or more.", "Leave it out for the default."
            )
    if not 0.0 < options.holdout <= 0.5:
        raise TrainingError("--holdout must lie above 0 and be 0.5 at most.", "The default is 0.05.")
    if options.workers < 0 or options.rate <= 0.0 or options.weight_decay < 0.0:
        raise TrainingError(
            "--workers, --rate and --weight-decay cannot be negative, nor --rate 0.",
            "Leave them out for the defaults.",
        )


def recipe_of(options: argparse.Namespace) -> Recipe:
    """How to train, as the options say."""
    from s2s_live.engines.sound2scene.config import AudioEncoderConfig
    from s2s_live.training.sound2scene.trainer import Recipe

    return Recipe(
        epochs=options.epochs,
        batch=options.batch,
        rate=options.rate,
        weight_decay=options.weight_decay,
        seed=options.seed,
        loss=options.loss,
        encoder=AudioEncoderConfig(options.depth, 64, 2048, options.pool),
        precision=options.precision,
        checkpoint_steps=options.checkpoint_steps,
    )


def open_material(options: argparse.Namespace, team: Team) -> Material:
    """The pairs to train on and those to validate on. Raises TrainingError."""
    from s2s_live.training.sound2scene.items import Pairs
    from s2s_live.training.sound2scene.loading import split
    from s2s_live.training.sound2scene.pairing import first_frames
    from s2s_live.training.sound2scene.source import open_source
    from s2s_live.training.sound2scene.trainer import Material

    source = held_source = open_source(options.data)
    training = first_frames(source.pairs, options.frames)
    if options.validation is not None:
        held_source = open_source(options.validation)
        validation = first_frames(held_source.pairs, options.frames)
    else:
        training, validation = split(training, options.holdout)
    if options.batch < team.size:
        raise TrainingError(
            f"--batch {options.batch} is less than the {team.size} processes.",
            "The batch is shared among them: give a larger one, or start fewer.",
        )
    return Material(Pairs(source, training), Pairs(held_source, validation), options.workers)


def _tell(material: Material, device: torch.device, team: Team) -> None:
    import logging

    if team.leads:
        logging.getLogger(__name__).info(
            "%d pairs to learn, %d held out; on %s, %d processes",
            len(material.training),
            len(material.validation),
            device,
            team.size,
        )
