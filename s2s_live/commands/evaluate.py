"""`s2s-live eval`: how good a model is."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from s2s_live.engines.sound2scene.model import Sound2SceneModel
    from s2s_live.engines.sound2scene.world_encoder import WorldEncoder
    from s2s_live.evaluation.sound2scene.evaluating import Found
    from s2s_live.evaluation.world.retrieval import Query
    from s2s_live.store.folder import ModelFolder
    from s2s_live.training.recordings import Clip

SEED = 20_011
"""Of all that is drawn at random: the same model has the same figures."""
NO_RECORDINGS = "without --real DIR: real_window_top1, real_clip_top1, ece, retrieval_r1 and retrieval_r5"
NO_UPSCALER = "upscaler_psnr_gain: the model has no upscaler"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "eval",
        help="measure how well a model hears and paints",
        description="Measure a model on sounds and scenes that it was not trained on.",
    )
    systems = parser.add_subparsers(title="systems", metavar="SYSTEM", required=True)
    world = systems.add_parser(
        "world",
        help="the bundled world",
        description="Measures the model beside the renderer that it learnt from, and its ears on held-out "
        "recordings. Takes about half an hour on one thread, most of it for fid_ratio.",
    )
    world.add_argument(
        "--model", default="world", metavar="NAME", help="model name or folder (default: world)"
    )
    world.add_argument(
        "--run", type=Path, default=Path("runs/world"), metavar="DIR", dest="run_folder",
        help="run folder of its training: its folds are judged, or those that the model folder carries "
        "(default: runs/world)",
    )  # fmt: skip
    world.add_argument(
        "--real", type=Path, metavar="DIR", help="folder of real recordings (or a folder of such folders)"
    )
    world.add_argument("--fold", type=int, metavar="K", help="this fold alone (default: all trained ones)")
    world.add_argument("--quick", action="store_true", help="few samples: rough figures in a minute or two")
    world.add_argument("--json", action="store_true", help="print JSON alone")
    world.set_defaults(run=_run_world)
    _add_sound2scene(systems)


def _add_sound2scene(systems: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = systems.add_parser(
        "sound2scene",
        help="a Sound2Scene model on real clips",
        description="Paints a picture of each clip's sound and has it judged: by CLIP, whether it shows the "
        "clip's category (R@1, R@5); by an Inception network, how it compares with real frames (FID, IS). "
        "Writes report.json, report.md and sheet.jpg.",
    )
    parser.add_argument("--model", required=True, metavar="NAME", help="model name or folder")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="pairs or shards, with clips.csv beside them"
    )
    parser.add_argument("--split", help="judge this split of clips.csv alone, as test")
    parser.add_argument(
        "--clip", type=Path, metavar="FILE",
        help="OpenAI's weights of CLIP ViT-B/32 with open_clip's names; LAION's fit too, but score rightly "
        "with --clip-architecture ViT-B-32 alone",
    )  # fmt: skip
    parser.add_argument("--clip-architecture", metavar="NAME", help="open_clip's name of another CLIP")
    parser.add_argument(
        "--prompt", default="{}", help="how CLIP is told a category (default: {}, its name alone)"
    )
    parser.add_argument(
        "--inception", type=Path, metavar="FILE", help="weights of Inception v3 with torchvision's names"
    )
    parser.add_argument("--seed", type=int, default=1234, help="of the noise (default: 1234)")
    parser.add_argument(
        "--label", type=int, default=0, metavar="N",
        help="class to paint, for generators with classes (default: 0)",
    )  # fmt: skip
    parser.add_argument("--threads", type=int, default=1, help="processor threads (default: 1)")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/sound2scene-evaluation"), metavar="DIR",
        help="where the report goes (default: runs/sound2scene-evaluation)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.set_defaults(run=_run_sound2scene)


def _run_sound2scene(options: argparse.Namespace) -> int:
    from s2s_live.evaluation.sound2scene.report import lines, write

    figures, found = measure_sound2scene(options)
    write(options.out, figures, found)
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    for line in lines(figures, found):
        print(line)
    print(f"\nWritten to {options.out}.", file=sys.stderr)
    return 0


def measure_sound2scene(options: argparse.Namespace) -> tuple[dict[str, Any], Found]:
    """Every figure of a model on clips, and what they were made of.

    Raises ModelError for the model or a judge, TrainingError for the clips.
    """
    import torch

    from s2s_live.engines.sound2scene.model import load_model
    from s2s_live.evaluation.sound2scene.clip_judge import ARCHITECTURE, MISSING, ClipJudge, available
    from s2s_live.evaluation.sound2scene.evaluating import Judges, evaluate
    from s2s_live.evaluation.sound2scene.inception import load_inception
    from s2s_live.evaluation.sound2scene.material import Painter
    from s2s_live.store.folder import ModelFolder
    from s2s_live.store.library import find_model
    from s2s_live.training.sound2scene.labelled import LabelledPairs

    torch.set_num_threads(options.threads)
    folder = ModelFolder.open(find_model(options.model))
    notes, clip = [], None
    if options.clip is not None and not available():
        notes.append(MISSING)
    elif options.clip is not None:
        clip = ClipJudge(options.clip, options.clip_architecture or ARCHITECTURE, options.prompt)
    judges = Judges(load_inception(options.inception) if options.inception else None, clip)
    painter = Painter(load_model(folder), options.seed, options.label)
    figures, found = evaluate(painter, LabelledPairs(options.data, options.split), judges, notes)
    about = {"name": folder.name, "hash": folder.hash}
    given = {name: getattr(options, name) for name in ("seed", "label", "prompt")}
    return {"model": about, **given, **figures}, found


def _run_world(options: argparse.Namespace) -> int:
    from s2s_live.evaluation.world.report import lines

    if not options.json:
        print("Measuring; leave the machine alone meanwhile.", file=sys.stderr)
    figures = measure_world(options.model, options.run_folder, options.real, options.fold, options.quick)
    if options.json:
        print(json.dumps(figures, indent=2))
        return 0
    print(f"{figures['model']['name']} {figures['model']['hash']}, {figures['runtime']}\n")
    for line in lines(figures):
        print(line)
    return 0


def measure_world(model: str, run: Path, real: Path | None, fold: int | None, quick: bool) -> dict[str, Any]:
    """Every figure of a model of the world.

    Raises ModelError for the model, TrainingError for what its folds or the recordings lack.
    """
    import torch

    from s2s_live.bench.machine import describe
    from s2s_live.engines.registry import open_engine
    from s2s_live.engines.sound2scene.model import load_model
    from s2s_live.evaluation.world.material import open_world
    from s2s_live.evaluation.world.report import QUICK, Effort, evaluate
    from s2s_live.store.folder import ModelFolder
    from s2s_live.store.library import find_model
    from s2s_live.training.held_out import place_of_folds

    torch.set_num_threads(1)
    folder = ModelFolder.open(find_model(model))
    loaded = load_model(folder)
    upscaler = loaded.upscaler.float() if loaded.upscaler else None
    world = open_world(loaded, _image_encoder(folder), SEED)
    effort = QUICK if quick else Effort()
    folds = place_of_folds(run, folder.path)
    ears, queries = _ears(folds, real, fold, world.families, effort.queries, loaded)
    engine = open_engine(folder.path)
    try:
        spec = engine.spec
        about = {"name": spec.model, "hash": spec.model_hash}
        figures = {"machine": describe(), "model": about, "runtime": spec.runtime, "threads": spec.threads}
        figures |= ears
        figures |= evaluate(world, engine, upscaler, queries, effort)
    finally:
        engine.close()
    notes = [*([] if upscaler else [NO_UPSCALER]), *([] if real else [NO_RECORDINGS])]
    return {**figures, "quick": quick, "notes": notes}


def _image_encoder(folder: ModelFolder) -> WorldEncoder:
    from s2s_live.engines.sound2scene.description import can_see
    from s2s_live.engines.sound2scene.seeing import load_world_encoder
    from s2s_live.errors import ModelError

    if not can_see(folder):
        raise ModelError(
            f"The model {folder.name} has no image encoder, in whose space pictures are compared.",
            "Export it from a run folder in which `s2s-live train world --stage images` was run.",
        )
    return load_world_encoder(folder)


def _ears(
    place: Path, real: Path | None, fold: int | None, families: tuple[str, ...], most: int,
    model: Sound2SceneModel,
) -> tuple[dict[str, Any], list[Query] | None]:  # fmt: skip
    """Figures of the ears, and what they make of sounds that they never met, about `most` of a family."""
    names = ("real_window_top1", "real_clip_top1", "ece")
    if real is None:
        return {**dict.fromkeys(names), "folds": []}, None
    from s2s_live.training.audio_report import report
    from s2s_live.training.recordings import read_folders
    from s2s_live.training.world import recording_folders

    clips = read_folders(recording_folders(real)).clips
    _check_front_end(model)
    found = report(place, clips, fold)
    numbers = [row["fold"] for row in found["folds"]]
    figures = {**{name: found[name] for name in names}, "folds": found["folds"]}
    return figures, held_out(place, clips, numbers, families, most, model)


def _check_front_end(model: Sound2SceneModel) -> None:
    from s2s_live.errors import ModelError
    from s2s_live.features.log_mel import LogMelConfig

    if not isinstance(model.config.front_end, LogMelConfig):
        hint = "Choose one that `s2s-live train world` made, or leave out --real."
        raise ModelError("The model does not hear as the encoders do that were held out for it.", hint)


def held_out(
    place: Path, clips: Sequence[Clip], numbers: Sequence[int], families: tuple[str, ...], most: int,
    model: Sound2SceneModel,
) -> list[Query]:  # fmt: skip
    """About `most` sounds of each family, heard by encoders that were not trained on them.

    Recordings where these folds hold any back; of other families synthesised sounds, heard by the first
    fold's encoder. All as the model's front end hears them and its landmarks draw them.
    """
    from s2s_live.training.held_out import FOLDS
    from s2s_live.training.recordings import folds

    parted = folds(clips, FOLDS)
    real = {clip.family for clip, fold in zip(clips, parted, strict=True) if fold in numbers}
    each = -(-most // len(numbers))
    found: list[Query] = []
    for number in numbers:
        chosen: list[Clip] = []
        for family in families:
            mine = [c for c, fold in zip(clips, parted, strict=True) if fold == number and c.family == family]
            chosen += mine[:: max(-(-len(mine) // each), 1)]
            if family not in real and number == numbers[0]:
                chosen += _synthesised(family, most)
        found += _heard(place, number, chosen, model)
    return found


def _synthesised(family: str, count: int) -> list[Clip]:
    """Sounds of a family that were never trained on, from soft to loud."""
    from s2s_live.evaluation.world.retrieval import UNHEARD
    from s2s_live.training.recordings import Clip
    from s2s_live.world.sounds import synthesise

    return [
        Clip(
            Path(family), family, (family,), family, "", "", True, synthesise(family, level, UNHEARD + k, 3.0)
        )
        for k, level in enumerate((k + 1) / count for k in range(count))
    ]


def _heard(place: Path, number: int, clips: Sequence[Clip], model: Sound2SceneModel) -> list[Query]:
    """What a fold's encoder makes of each clip: the mean direction of the windows that sound.

    Under the gate the show paints the scene of silence, and so does a clip of it.
    """
    import torch
    from torch.nn import functional

    from s2s_live.evaluation.world.retrieval import Query
    from s2s_live.training.audio_eval import hear_clips
    from s2s_live.training.held_out import load_fold
    from s2s_live.world.families import family_index

    fold = load_fold(place, number)
    landmarks, windows = model.landmarks, hear_clips(fold.encoder, clips)
    latents, rest = windows.embeddings, fold.prototypes[family_index("silence")]
    if landmarks is not None:
        latents, rest = (torch.from_numpy(landmarks.draw(rows.numpy())) for rows in (latents, rest))
    found = []
    for index, clip in enumerate(clips):
        mine = latents[windows.clip == index]
        mean = mine.mean(0) if len(mine) else rest
        found.append(Query(clip.families, functional.normalize(mean, dim=0), not clip.made))
    return found
