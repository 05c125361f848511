"""The held-out figures of the audio stage as a table: every fold that was trained, and their mean.

`python -m s2s_live.training.audio_report RUN --real DIR...` writes it as JSON to the standard output.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from s2s_live.engines.sound2scene.config import AudioEncoderConfig
from s2s_live.engines.sound2scene.presets import BUNDLED_AUDIO_ENCODER
from s2s_live.errors import S2SError, TrainingError
from s2s_live.training.audio_eval import hear_clips, score
from s2s_live.training.held_out import FOLDS, load_fold, trained_folds
from s2s_live.training.recordings import Clip, folds, read_folders

_FIGURES = ("real_window_top1", "real_clip_top1", "ece", "family_mean_window_top1")


def score_fold(
    run: Path,
    clips: Sequence[Clip],
    fold: int,
    config: AudioEncoderConfig = BUNDLED_AUDIO_ENCODER,
) -> dict[str, Any]:
    """Scores of the encoder that was trained without this fold, on this fold.

    Raises TrainingError where there is none.
    """
    found = load_fold(run, fold, config)
    held = [clip for clip, of in zip(clips, folds(clips, FOLDS), strict=True) if of == fold]
    result = score(hear_clips(found.encoder, held), found.prototypes, found.temperature)
    return {"fold": fold, **result.to_json()}


def report(
    run: Path,
    clips: Sequence[Clip],
    only: int | None = None,
    config: AudioEncoderConfig = BUNDLED_AUDIO_ENCODER,
) -> dict[str, Any]:
    """One fold, or all that were trained: `{real_window_top1, real_clip_top1, ece, folds}`, means.

    Raises TrainingError where no fold was trained.
    """
    numbers = trained_folds(run) if only is None else [only]
    if not numbers:
        raise TrainingError(
            f"No fold was trained in {run}.", "Run `s2s-live train world --stage audio --holdout 0`."
        )
    rows = [score_fold(run, clips, number, config) for number in numbers]
    means = {name: round(sum(row[name] for row in rows) / len(rows), 4) for name in _FIGURES}
    return {**means, "folds": rows}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the table of a run as JSON. Returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="audio_report", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--real", type=Path, nargs="+", required=True, metavar="DIR")
    parser.add_argument("--fold", type=int, choices=range(FOLDS), help="this fold alone (default: all)")
    options = parser.parse_args(arguments)
    try:
        found = report(options.run, read_folders(options.real).clips, options.fold)
    except S2SError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    json.dump(found, sys.stdout, indent=1)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
